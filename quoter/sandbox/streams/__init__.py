"""Websocket streams: sockets, public market data and private account events.

Imported by `api` (the websocket API carries the user stream) and the modules directly in `sandbox`.
Read `sockets.py` first, then `market_streams.py`.
"""
