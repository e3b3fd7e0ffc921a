"""What may leave this machine: which requests, to which hosts, how often, and by which code?

Imported by `binance`, `ccxt`, `answers` and `factory`; of `venues` it imports `profiles`, `ports`
and the modules below these. Every HTTP request of ccxt passes `gate.py` right before its write;
`request_verification.py` compares each serialised create with the approved order. The native feed
of Binance makes its public requests without the gate, and without a key.
Read first: `gate.py`, `request_verification.py`.
"""
