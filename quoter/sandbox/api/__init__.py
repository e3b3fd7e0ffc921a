"""Requests over HTTP and websocket: the operations, their checks, execution and answers.

Imported by `server` only. Read `pipeline.py` (the steps of every request) and `operations.py` (the
table of all operations) first.
"""
