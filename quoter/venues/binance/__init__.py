"""Binance spot's native public feed: how do its messages become a gapless order book?

Imported by `factory` and, for constants, by `ccxt`; imports `streams` and the shared modules of
`venues`, never `ccxt`. Orders and the private stream of Binance are in `ccxt/`.
Read first: `feed.py`, `depth_sync.py`.
"""
