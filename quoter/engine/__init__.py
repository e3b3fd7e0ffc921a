"""Decides what to do after each event: orders, cancels, requests, halts.

Pure: no clock, no I/O, no randomness. It may import `pricing`, `risk`, `state` and `domain`; the
service, the backtest and the replay drive it. Read `engine.py` (one event in, one step out) and
`components.py` (how the parts are connected) first.
"""
