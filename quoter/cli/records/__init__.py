"""Commands that read what runs left on disk: how are ledger, recordings and reports shown?

Imported by `cli.main` only, inside its commands. Read `replay.py` first.
"""
