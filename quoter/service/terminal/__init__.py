"""What does the terminal show of a running daemon?

Draws snapshots of the engine and decides nothing; only `app` imports it.
Read first: `live_screen.py` (the whole screen), `order_book_table.py` (the order book).
"""
