"""Binance's wire format: parameters, signatures, filters, error codes and JSON payloads.

Pure functions and values without state; every other folder of the sandbox may import it. Read
`payloads.py` and `parameters.py` first.
"""
