"""Quote: which orders do model, costs, inventory and shape parameters lead to, and why?

Pure functions from `PricingInputs` and `QuoteShape` to `TwoSidedQuote`, plus their explanation.
They import the domain, `pricing.models` and `pricing.costs`, not the estimators. Read `terms.py`
first, then `two_sided.py`.
"""
