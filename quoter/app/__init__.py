"""Composition root: how is a daemon built from its settings, and in which order does it start?

The only package that knows every concrete class; may import every package but `cli`, which alone
imports it.
Read first: `daemon.py` (the start), `composition.py` (which part gets which).
"""
