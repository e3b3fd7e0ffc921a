"""What does a person see of a running daemon in the terminal?

Draws snapshots of the engine and decides nothing; only `app` imports it.
Read first: `live_screen.py` (the whole screen), `order_book_table.py` (the order book).
"""
