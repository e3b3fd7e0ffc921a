"""Decides what to do after each event: orders, cancels, requests, halts.

Pure: no clock, no I/O, no randomness. It may import `pricing`, `risk`, `state` and `domain`. The
service, the backtest, the replay and the studies pass events to it. `app` builds its configuration;
`recording` writes that into a file. Read `engine.py` (one event in, one step out) and
`components.py` (how the parts are connected) first.
"""
