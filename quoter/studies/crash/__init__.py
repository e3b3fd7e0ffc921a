"""Study `crash`: what does each protection save in a crash like that of 10 October 2025?

Only `studies.catalogue` imports it; it imports `studies.common` and `pricing`. Read `market.py`
(the crash) first, then `quoter.py` (the makers).
"""
