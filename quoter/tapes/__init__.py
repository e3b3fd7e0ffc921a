"""Recorded market data: which files can be read, and how do their rows reach a simulated venue?

`sandbox`, `backtest`, `studies` and `cli` import it. One file a format; all yield the rows of
`messages.py`. Read that first, then `binance_raw.py`.
"""
