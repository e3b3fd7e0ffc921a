"""Common parts of the studies: batches of paths, exact Markov chains, quotes for arrays, reports.

Every study imports it, and `sweep` its pictures and tables; it imports `domain`, `pricing` and
`sim.messages`, never a study. Read `quotes.py` (`quote_terms` for arrays) first, then `report.py`.
"""
