"""What would the daemon earn on the live market if a simulated venue filled its orders?

Paper trading: the public feed of a venue moves a simulated market, which fills the daemon's orders.
It may import `backtest` and what `backtest` may import; only `app` imports it. Read `venue.py` (the
simulated venue in real time) and `gateway.py` (the daemon's access to it) first.
"""
