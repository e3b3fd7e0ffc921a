"""Simulated exchange: what would a venue do with these orders in this market?

Matching, accounts, a stochastic or recorded market and scripted flow; pure and deterministic, with
time passed in. It imports the domain only. The sandbox serves it over HTTP and WebSocket; the
backtest, the tapes, the studies, `app`, `cli` and tests use it directly.
Read first: `exchange.py`, then `market.py`.
"""
