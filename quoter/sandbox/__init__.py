"""A simulated Binance spot exchange on real sockets, with an exact record of all that happened.

It answers: how does a client behave against an exchange that can fail on demand? `app`, `cli` and
tests import it; inside, see the contract "layers of sandbox" in pyproject.toml. It uses the
matching engine of `quoter.sim` and shares no decision code with the daemon. Read `server.py` first,
then `exchange/venue.py`.
"""
