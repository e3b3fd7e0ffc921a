"""The vocabulary of quoter: what an event, a command, an order and a step are.

Values, and pure functions of numbers and text. Every package may import it; it imports none of
them.
Read `events.py` (what happened) and `step.py` (what the engine answered) first.
"""
