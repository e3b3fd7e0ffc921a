"""Is the activity of the last seconds and minutes normal? One monitor per module.

A monitor counts and reports; the engine decides what follows (`engine/limits`, `engine/quoting`,
`engine/placing`). Read `message_rate.py` and `market_regime.py` first.
"""
