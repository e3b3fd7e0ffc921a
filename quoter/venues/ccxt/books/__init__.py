"""Is ccxt's copy of a venue's order book the venue's book? Mixins before ccxt's class of a venue.

May import `venues.profiles` and `ccxt.types`; imported by `ccxt.client`. Read `sequence.py` first.
"""
