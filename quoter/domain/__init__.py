"""The vocabulary of quoter: what an event, a command, an order and a step are.

It contains values, and pure functions of numbers and text. Every package may import it; it imports
no other package of quoter.

Read `events.py` (what happened) and `step.py` (what the engine answered) first.
"""
