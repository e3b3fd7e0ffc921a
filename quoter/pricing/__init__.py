"""Pricing: how far from fair value do we quote, and how is each number estimated?

Pure functions and streaming estimators over floats: no I/O, no clock, no orders. It imports
`quoter.domain` only; engine, studies, app, cli and service may import it. Read `quote/terms.py`
first, then `quote/normalisation.py`; every formula is in deploy/docs/strategy.md.
"""
