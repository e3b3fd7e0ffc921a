"""Replay of recordings: does this code decide as the run did, and what would other settings quote?

The events of a run are given to a fresh engine, on any machine. `app` and `cli` may import the
package. Read first: `replay.py`, then `what_if.py`.
"""
