"""How does the engine carry out operator commands and changes of the live parameters?

`components.py` and `replay` import it; it may import the engine's other sub-packages, but not the
engine itself and its snapshot. Commands arrive as events, the answer leaves as `Step.outcome`.
Read first: `controls` (which component does what), `rearming` (what must hold before a re-arm).
"""
