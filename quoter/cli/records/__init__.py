"""Commands about what runs left on disk: ledger, recordings and reports.

Imported by `cli.main` only, inside its commands. Read `replay.py` first.
"""
