"""Is the engine within its limits? Activity over time, losses, and headroom for more orders.

Limits that judge one order alone are in `risk/order_rules.py`. `placing`, `commands` and
`components.py` import it. Read `activity_limits.py` and `losses.py` first.
"""
