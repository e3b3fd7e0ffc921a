"""Report of a recorded run: its figures, tables and pictures as HTML, JSON and CSV.

The question it answers: what did this run earn, with what, and what went wrong? `app` and `cli` may
import it. It replays the recording with the live engine and reads what the engine counts; it
computes no profit of its own. Read first: `run_report.py`, then `page.py`.
"""
