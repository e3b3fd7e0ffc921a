"""Study `as-tables`: do we reproduce tables 1-3 of Avellaneda & Stoikov 2008?

Only `studies.catalogue` imports it; it imports `studies.common` and `pricing`. Read `paper.py` (the
paper's market, exact and simulated) first, then `study.py` (checks and report).
"""
