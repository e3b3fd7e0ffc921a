"""Is the engine within its limits? Activity over time, losses, and headroom for more orders.

Limits that judge one order alone are in `risk/order_rules.py`. Imported by `placing` and
`commands`. Read `activity_limits.py` and `losses.py` first.
"""
