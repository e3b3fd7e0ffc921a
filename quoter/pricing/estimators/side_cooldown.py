"""Side cooldown: a side is not quoted for some seconds after a burst of fills on it.

Rules: deploy/docs/strategy.md, "Side cooldown".
"""

from collections import deque
from math import inf

from quoter.domain.market import Side
from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, positive

BURST_FILLS = 4
BURST_S = 1.0
COOLDOWN_S = 5.0
# Longest cooldown in multiples of the usual one, even if flow against the side goes on: waiting
# longer costs more in clustered but uninformed flow.
COOLDOWNS_MAX = 2.0
CALM = 0.5  # the flow signal against a side must be below this before the side is quoted again


class _Side:
    """Last fills of one side, and the start of its cooldown."""

    def __init__(self) -> None:
        self.fills: deque[float] = deque(maxlen=BURST_FILLS)
        self.started_s = -inf  # start of the cooldown; -inf: none

    def start(self, t_s: float) -> None:
        self.started_s = max(self.started_s, t_s)


class SideCooldown:
    """Cooldown of a side (5 s) after four of our fills on it within a second. O(1).

    After that time it ends once the flow against the side is calm, at the latest after twice that
    time. Only own fills start a cooldown. In the study `toxic`, starting one after every public
    trade far beyond our price costs 12 % of the profit in benign flow, where such trades are
    frequent.
    """

    def __init__(self, *, side_cooldown_s: float = COOLDOWN_S) -> None:
        """side_cooldown_s seconds, > 0."""
        self._cooldown_s = positive("side_cooldown_s", side_cooldown_s)
        self._sides = {side: _Side() for side in Side}

    def set_cooldown(self, side_cooldown_s: float) -> None:
        """Change the length, seconds, > 0; it applies to a cooldown that is under way as well."""
        self._cooldown_s = positive("side_cooldown_s", side_cooldown_s)

    def on_fill(self, t_s: float, side: Side) -> None:
        """Record a fill of ours at `t_s` seconds; BUY is our bid."""
        fills = self._sides[side].fills
        if fills and finite("t_s", t_s) < fills[-1] - CLOCK_BACK_S_MAX:
            fills.clear()
        fills.append(finite("t_s", t_s))
        if len(fills) == BURST_FILLS and t_s - fills[0] <= BURST_S:
            self._sides[side].start(t_s)

    def update(self, t_s: float, x: float) -> None:
        """End the cooldowns that are over at `t_s`; x: the flow's `signal`, > 0: takers buy."""
        finite("t_s", t_s)
        finite("x", x)
        for side, state in self._sides.items():
            since_s = t_s - state.started_s
            is_over = since_s < -CLOCK_BACK_S_MAX or since_s >= COOLDOWNS_MAX * self._cooldown_s
            is_calm = -side.sign * x < CALM
            if is_over or (since_s >= self._cooldown_s and is_calm):
                state.started_s = -inf

    @property
    def sides(self) -> tuple[Side, ...]:
        """Our sides in cooldown, as of the last update or fill."""
        return tuple(side for side, state in self._sides.items() if state.started_s > -inf)
