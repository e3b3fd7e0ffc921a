"""How do the orders at the venue become the wanted quote?

Requoting, sizing, order rules, back-off after rejects; also flattening and the end of all orders at
a stop. `components.py` and `commands` import it. Read `placing.py` and `requote.py` first.
"""
