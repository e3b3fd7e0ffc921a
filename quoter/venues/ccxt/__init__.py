"""Any venue through ccxt.pro: orders, private stream, account reports, generic market feed.

Imported by `factory`, and by `app` and `cli` for the gateway class and the dead man's switch;
imports all other sub-packages of `venues`. Besides the integrity check in `egress`, only it imports
ccxt.
Read first: `gateway.py` (what can be done), `guarded_exchange.py` (what is changed in ccxt).
"""
