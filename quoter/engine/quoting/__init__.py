"""Which quote do we want? Feeds the estimators and computes the quote when an input changes.

The formulas are in `pricing`. `commands`, `components.py` and `replay` import it. Read `quoting.py`
and `estimators.py` first.
"""
