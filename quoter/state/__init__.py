"""What do we have? Book, open orders, inventory and the split of the profit, rebuilt from events.

Pure data structures without decisions; imports only `domain`. The engine, the ledger, `service`,
`app`, `replay` and `studies` import it. Read `open_orders.py` and `book.py` first.
"""
