"""What may leave this machine: which requests, to which hosts, how often, and by which code?

Imported by `binance`, `ccxt`, `answers` and `factory`; of `venues` it imports `profiles`, `ports`
and the modules below these. Every HTTP request passes `gate.py` right before its write;
`request_verification.py` compares each serialised create with the approved order.
Read first: `gate.py`, `request_verification.py`.
"""
