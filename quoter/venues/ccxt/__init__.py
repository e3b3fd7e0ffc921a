"""Any venue through ccxt.pro: orders, private stream, account reports, generic market feed.

Imported by `factory` only; imports all other rooms of `venues`. It is the only code of quoter that
imports ccxt, besides the integrity check in `egress`, which hashes it.
Read first: `gateway.py` (what can be done), `guarded_exchange.py` (what is changed in ccxt).
"""
