"""What do we have? Book, open orders, inventory and the split of the profit, rebuilt from events.

Pure data structures without decisions; imports only `domain`; the engine, the service and the
ledger use it. Read `open_orders.py` and `book.py` first.
"""
