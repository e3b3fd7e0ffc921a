"""Composition root: how is a daemon built from its settings, and in which order does it start?

It names the concrete classes of a daemon. It may import every package except `cli` and `sweep`.
Only those two import it.
Read first: `daemon.py` (the start), `composition.py` (which part gets which).
"""
