"""Study `slicing`: is buying in slices cheaper than at once, for either sign of the skew?

Only `studies.catalogue` imports it; it imports `studies.common` only. Read `market.py` (makers and
purchases) first, then `study.py`.
"""
