"""Study `toxic`: what do the protections against informed takers earn, and what do they cost?

Only `studies.catalogue` imports it; it imports `studies.common` and `pricing`. Read `market.py`
(bursts of takers) first, then `quoter.py` (the makers).
"""
