"""Binance spot's native public feed: how do its messages become a gapless order book?

Imported by `factory`, `answers` and `ccxt`, and for `depth_sync` by `backtest` and `studies`;
imports `streams`, `egress` and `profiles`, never `ccxt`. Orders and the private stream of Binance
are in `ccxt/`.
Read first: `feed.py`, `depth_sync.py`.
"""
