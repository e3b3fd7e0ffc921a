"""Binance's wire format: parameters, signatures, filters, error codes and JSON payloads.

Pure functions and values without state; all of the sandbox may import it, and `quoter sandbox`
reads a public key with it. Read `payloads.py` and `parameters.py` first.
"""
