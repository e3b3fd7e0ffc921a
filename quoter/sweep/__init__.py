"""Which settings would have traded best on these tapes, and is the difference significant?

A sweep is a grid of cells: settings, tape, fill model and seed. Each cell is a separate backtest
(`quoter/backtest/`), in any process and on any machine. Only `cli` may import the package. Read
first: cell.py, running.py.
"""
