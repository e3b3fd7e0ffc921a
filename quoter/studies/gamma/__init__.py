"""Study `gamma`: does one QUOTER_GAMMA mean the same inventory on four different markets?

Only `studies.catalogue` imports it; it imports `studies.common`, `pricing` and `sim.messages`. Read
`market.py` (the markets and their chains) first, then `study.py`.
"""
