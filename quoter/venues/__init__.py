"""How quoter talks to an exchange: market data in, orders out, account reports.

`service`, `app` and `cli` use it through `ports.py`; it imports `domain` only. `factory.py` builds
a feed and a gateway for a configured venue. Sub-packages: `binance/` (native feed), `ccxt/` (every
venue: orders, private stream, generic feed), `egress/` (what may be sent), `streams/` (websockets).
Read first: `ports.py`, `profiles/profile.py`. What is known of each venue: `deploy/docs/venues.md`.
"""
