"""A side that is being run over is taken out of the market for a few seconds."""

from collections import deque
from math import inf

from quoter.domain.market import Side
from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, positive

BURST_FILLS = 4
BURST_S = 1.0
COOLDOWN_S = 5.0
COOLDOWNS_MAX = (
    2.0  # times that, even if takers go on: waiting longer costs more in idle, clustered flow
)
CALM = 0.5  # the flow signal against a side must be below this before it comes back


class _Side:
    """One side's last fills and its pull."""

    def __init__(self) -> None:
        self.fills: deque[float] = deque(maxlen=BURST_FILLS)
        self.pulled_s = -inf  # since when; -inf: it is not

    def pull(self, t_s: float) -> None:
        self.pulled_s = max(self.pulled_s, t_s)


class SideCooldown:
    """Pulls a side for 5 s after four own fills of it within a second.

    It comes back once the flow against it is calm, after ten at the latest. O(1). Prints far past
    our price are no reason: in the study `toxic` that costs 12 % of the profit in calm flow.
    """

    def __init__(self, *, side_cooldown_s: float = COOLDOWN_S) -> None:
        """side_cooldown_s seconds, > 0."""
        self._pull_s = positive("side_cooldown_s", side_cooldown_s)
        self._sides = {side: _Side() for side in Side}

    def set_cooldown(self, side_cooldown_s: float) -> None:
        """Change the length of a pull, seconds, > 0; a side that rests now goes by it too."""
        self._pull_s = positive("side_cooldown_s", side_cooldown_s)

    def on_fill(self, t_s: float, side: Side) -> None:
        """Take a fill of ours at `t_s` seconds; BUY is our bid."""
        fills = self._sides[side].fills
        if fills and finite("t_s", t_s) < fills[-1] - CLOCK_BACK_S_MAX:
            fills.clear()
        fills.append(finite("t_s", t_s))
        if len(fills) == BURST_FILLS and t_s - fills[0] <= BURST_S:
            self._sides[side].pull(t_s)

    def is_cooling_down(self, t_s: float, side: Side, x: float) -> bool:
        """Is this side off at `t_s`? x: the flow's `signal`, > 0 while takers buy."""
        state = self._sides[side]
        against = -side.sign * finite("x", x)
        since_s = finite("t_s", t_s) - state.pulled_s
        if since_s == inf:
            return False
        is_over = since_s < -CLOCK_BACK_S_MAX or since_s >= COOLDOWNS_MAX * self._pull_s
        if is_over or (since_s >= self._pull_s and against < CALM):
            state.pulled_s = -inf
            return False
        return True
