"""What must survive a crash? Fills, orders that may be live, runs and epochs, in one SQLite file.

One thread writes, any number of readers read. Knows the domain and `state.inventory`; may be
imported by `service`, `app` and `cli`, and only this package imports sqlite3. Read first:
`ledger.py` (what is written, and what is waited for) and `schema.py` (the tables).
"""
