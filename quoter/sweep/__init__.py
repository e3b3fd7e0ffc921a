"""Question: which settings would have traded best on these tapes, and is the difference real?

A sweep is a grid of cells: settings, tape, fill model and seed. Each cell is a backtest of its own
(`quoter/backtest/`), on any process or machine. It may be imported by `cli` only.
Read first: cell.py, running.py.
"""
