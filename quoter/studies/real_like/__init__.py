"""Question: does the real-like market have the stylised facts of recorded markets?

`python -m quoter.studies.real_like FOLDER` prints the facts of every tape beside those of the
generated market, and can fit the market's parameters. It may be imported by tests only. Read first:
facts.py, observed.py.
"""
