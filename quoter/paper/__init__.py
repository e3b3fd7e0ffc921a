"""What would the daemon earn on the live market if its orders met a simulated venue?

Paper trading: the public feed of a venue moves a simulated market, and the daemon's orders are
filled there. May import `backtest` and what is below it; imported by `app` only. Read `venue.py`
(the simulated venue in real time) and `gateway.py` (the daemon's access to it) first.
"""
