"""Experiments on the model market: many paths at once with numpy, tables and pictures out.

Needs the extra `simulate` (numpy, matplotlib). Nothing here runs in the daemon.
"""
