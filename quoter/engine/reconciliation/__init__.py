"""Do our books agree with the venue? Reports, order queries, foreign and duplicate activity.

A difference is never corrected silently: it raises a halt cause. `commands` and `components.py`
import it. Read `reconcile.py` and `order_queries.py` first.
"""
