"""What happened to our orders? Applies order events to open orders, inventory and profit.

It imports `domain`, `state` and the halt causes, but nothing of quoting or placing. `placing`,
`reconciliation` and `components.py` import it. Read `lifecycle.py` (events of known orders) and
`unmatched_fills.py` (fills of unknown orders) first.
"""
