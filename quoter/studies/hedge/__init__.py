"""Study `hedge`: when does hedging inventory on a second venue pay? Not a part of the daemon.

Only `studies.catalogue` imports it; it imports `studies.common` only. Read `market.py` (the hedged
maker) first, then `study.py`.
"""
