"""What must be proven about a venue, a market and a key before the first quote?

Imported by `gateway` only; imports the modules of `ccxt` that send requests and parse answers, not
those of the running private stream. Read first: `startup.py` (the checks in their order).
"""
