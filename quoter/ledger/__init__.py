"""What must survive a crash? Fills, orders that may be live, runs and epochs, in one SQLite file.

One thread writes, any number of readers read. It imports the domain and `state.inventory`;
`service`, `app` and `cli` may import it. Only this package imports sqlite3. Read first: `ledger.py`
(what is written, and which writes are awaited) and `schema.py` (the tables).
"""
