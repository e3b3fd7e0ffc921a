"""A simulated Binance spot exchange on real sockets, with an exact record of all that happened.

How does a client behave against an exchange that can fail on demand? `app`, `cli` and tests import
it; the layers inside are in the contract "layers of sandbox" in pyproject.toml. It uses the
matching engine of `quoter.sim` and shares no decision code with the daemon.
Read first: `server.py`, then `exchange/venue.py`.
"""
