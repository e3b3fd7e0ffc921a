"""Replay of recordings: the events of a run through a fresh engine, on any machine.

The question it answers: does this code decide what the run decided, and what would other settings
have quoted? `app` and `cli` may import it. Read first: `replay.py`, then `what_if.py`.
"""
