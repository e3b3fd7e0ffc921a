"""Report of a recorded run: what did it earn, with what, and what went wrong?

`app` and `cli` may import it. It replays the recording with the live engine and uses the counts of
the engine; it does not compute profit itself. The result is HTML, JSON and CSV. Read first:
`run_report.py`, then `page.py`.
"""
