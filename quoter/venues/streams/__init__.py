"""Long-lived connections: how is a websocket kept alive, replaced, and found stale or silent?

Imported by `binance` and `ccxt`; contains no code for one venue and imports no other sub-package of
`venues`. Its parts are used by the native feed (`reconnecting.py`) and by the ccxt streams
(back-off, stalls, latency, trading status). Read first: `reconnecting.py`, `stall_detector.py`.
"""
