"""What happened to our orders? Applies order events to open orders, inventory and profit.

It imports `state` and the halt causes, and knows nothing of quoting or placing. Read `lifecycle.py`
(events of known orders) and `unmatched_fills.py` (fills of orders not known yet) first.
"""
