"""Question: do the estimates hold on recorded markets?

Plays tapes through the daemon's own engine in virtual time, without orders, and prints a table of
figures with what each must be: `python -m quoter.studies.tapes FOLDER`. It may be imported by
tests only. Read first: player.py, figures.py.
"""
