"""How would the engine have traded? It runs with a simulated venue in virtual time.

Messages between the two have a latency. No event loop, socket or wall clock is involved, so that
two runs with the same seed are equal. `app` and `cli` run it on tapes; tests also use it with a
random market and with injected faults. Read `simulated_gateway.py` first, then `seam.py`.
"""
