"""What may leave this machine: which requests, to which hosts, how often, and by which code?

Imported by `ccxt`, `factory` and tests; imports no other sub-package of `venues`, only the modules
below them (`profiles`, `ports`, `config`). Every HTTP request passes `gate.py` right before its
write; `request_verification.py` compares each serialised create with the approved order.
Read first: `gate.py`, `request_verification.py`.
"""
