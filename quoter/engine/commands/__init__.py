"""How does the engine carry out operator commands and changes of the live parameters?

`components.py` and `replay` import it. It may import the other sub-packages of the engine, but not
`engine.py` and the snapshot. Commands arrive as events; the answer is `Step.outcome`. Read first:
`controls` (which component does what), `rearming` (what must hold before a re-arm).
"""
