"""How does quoter talk to an exchange: market data in, orders out, account reports?

It imports `domain` only. `app` and `cli` build a feed and a gateway with `factory.py`; `service`
uses them through `ports.py`. `backtest` and `studies` use the synchronisation of Binance's book;
`sandbox` uses the helper that waits for tasks. Sub-packages: `binance/` (native feed), `ccxt/`
(every venue: orders, private stream, generic feed), `egress/` (what may be sent), `profiles/`
(differences between venues), `streams/` (websockets).
Read first: `ports.py`, `profiles/profile.py`. What is known of each venue: `deploy/docs/venues.md`.
"""
