"""Engine and simulated venue together in virtual time: how would it have traded?

Messages between the two take a latency; no event loop, socket or wall clock is involved, so that
two runs with the same seed are equal. `app` and `cli` run it on tapes; tests also use it with a
random market and with injected faults. Read `simulated_gateway.py` first, then `seam.py`.
"""
