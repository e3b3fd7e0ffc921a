"""Study `widening`: which side should move outward as inventory grows, and by how much?

Only `studies.catalogue` imports it; it imports `studies.common` and `pricing`. Read `policies.py`
(the compared quotes) first, then `study.py`.
"""
