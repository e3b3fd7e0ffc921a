"""Recordings of runs: what exactly happened in a run?

A recording has the events that entered the engine and its decisions, on disk. `service`, `app`,
`replay`, `tapes` and `cli` may import the package. Read first: `codec.py` (what is written), then
`recorder.py` (how it is written).
"""
