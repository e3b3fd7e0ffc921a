"""How is a long-lived connection kept alive, replaced, and found stale or silent?

Imported by `binance` and `ccxt`; contains no code for one venue and imports no other sub-package of
`venues`. The native feed uses `reconnecting.py`; the ccxt streams use `backoff.py`,
`stall_detector.py`, `silent_stream.py` and `book_comparison.py`; both feeds use the monitors of
latency and trading status.
Read first: `reconnecting.py`, `stall_detector.py`.
"""
