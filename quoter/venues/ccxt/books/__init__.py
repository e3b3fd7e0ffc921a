"""Is ccxt's copy of an order book the same as the venue's? Mixins that check it.

May import `venues.profiles` and `ccxt.types`; imported by `ccxt.client`. Read `sequence.py` first.
"""
