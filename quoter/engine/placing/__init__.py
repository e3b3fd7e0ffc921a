"""How do the orders at the venue become the wanted quote?

The package has requoting, sizing, order rules and back-off after rejects; also flattening, the
trial order and the end of all orders at a stop. `components.py`, `commands` and `app` import it.
Read `placing.py` and `requote.py` first.
"""
