"""Estimators: which market parameters follow from trades, mids and our own fills?

Each class takes events in order, updates in O(1) and keeps bounded memory. They import the domain,
`pricing.costs` and `pricing.validation` only; models and quote never import them. Read
`volatility.py` first, then `intensity.py`.
"""
