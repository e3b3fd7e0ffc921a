"""What may leave this machine: which requests, to which hosts, how often, and by which code?

Imported by `binance`, `ccxt`, `answers` and `factory`. Of `venues` it imports `profiles`, `ports`
and the modules below these. Every HTTP request of ccxt passes `gate.py` right before its write;
`request_verification.py` compares each serialised create with the approved order. Binance's native
feed sends public requests without a key, and not through the gate.
Read first: `gate.py`, `request_verification.py`.
"""
