"""Recorded market data: which files can be read, and how do their rows reach a simulated venue?

`sandbox`, `backtest`, `studies` and `cli` import it. There is one module per format; each yields
the rows of `messages.py`. Read that first, then `binance_raw.py`.
"""
