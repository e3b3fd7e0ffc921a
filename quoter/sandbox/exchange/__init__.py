"""State of the exchange: accounts, clock, faults, rate limits, history and the log of requests.

Imported by `streams`, `api` and the modules directly in `sandbox`. Read `venue.py` and `faults.py`
first.
"""
