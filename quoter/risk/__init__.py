"""May this order be sent, and may we trade at all?

The order rules judge one order, the monitors watch activity over time, the kill switch derives the
trading state from the halt causes. Pure; imports only `domain`; the engine, `app`, `service`,
`telemetry` and `studies` import it. Read `order_rules.py` and `kill_switch.py` first.
"""
