"""Recordings of runs: what entered the engine, and what it decided, on disk.

The question it answers: what exactly happened in this run? `service`, `app`, `replay`, `tapes` and
`cli` may import it. Read first: `codec.py` (what is written), then `recorder.py` (how it is
written).
"""
