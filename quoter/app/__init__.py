"""Composition root: how is a daemon built from its settings, and in which order does it start?

It names the concrete classes of a daemon. It may import every package but `cli` and `sweep`, which
alone import it.
Read first: `daemon.py` (the start), `composition.py` (which part gets which).
"""
