"""Studies: do the formulas of deploy/docs/strategy.md do what the page says?

Experiments on model markets, many paths at once with numpy; output is tables and pictures. Needs
the extra `simulate` (numpy, matplotlib); nothing here runs in the daemon. Only `cli` imports it,
and `sweep` the pictures and tables of `common`. All but `tapes/` import no more than `domain`,
`pricing` and `sim.messages`. Read `catalogue.py` first, then `common/quotes.py`.
"""
