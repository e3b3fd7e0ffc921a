"""A side that is being run over is taken out of the market for a few seconds."""

from collections import deque
from math import inf

from quoter.domain.market import Side
from quoter.pricing.checks import CLOCK_BACK_S_MAX, finite, not_negative

BURST_FILLS = 4
BURST_S = 1.0
PULL_S = 5.0
PULL_S_MAX = 10.0  # even if takers go on: waiting longer costs more in clustered, idle flow
PASSED_HALVES = 2.0  # a print this many half-spreads past our price ran us over
CALM = 0.5  # the flow signal against a side must be below this before it comes back


class _Side:
    """One side's last fills and its pull."""

    def __init__(self) -> None:
        self.fills: deque[float] = deque(maxlen=BURST_FILLS)
        self.pulled_s = -inf  # since when; -inf: it is not

    def pull(self, t_s: float) -> None:
        self.pulled_s = max(self.pulled_s, t_s)


class SidePull:
    """Pulls a side for 5 s after four own fills within a second, or a sweep far past our price.

    It comes back once the flow against it is calm, after ten at the latest. O(1).
    """

    def __init__(self) -> None:
        self._sides = {side: _Side() for side in Side}

    def on_fill(self, t_s: float, side: Side) -> None:
        """Take a fill of ours at `t_s` seconds; BUY is our bid."""
        fills = self._sides[side].fills
        if fills and finite("t_s", t_s) < fills[-1] - CLOCK_BACK_S_MAX:
            fills.clear()
        fills.append(finite("t_s", t_s))
        if len(fills) == BURST_FILLS and t_s - fills[0] <= BURST_S:
            self._sides[side].pull(t_s)

    def on_print(self, t_s: float, side: Side, passed: float, half: float) -> None:
        """Take a public trade that went `passed` (price) beyond our order on `side`.

        half: our half-spread, price, >= 0. A sweep's farthest print is the one that tells.
        """
        finite("t_s", t_s)
        if finite("passed", passed) > PASSED_HALVES * not_negative("half", half):
            self._sides[side].pull(t_s)

    def is_pulled(self, t_s: float, side: Side, x: float) -> bool:
        """Is this side off at `t_s`? x: the flow's `signal`, > 0 while takers buy."""
        state = self._sides[side]
        against = -side.sign * finite("x", x)
        since_s = finite("t_s", t_s) - state.pulled_s
        if since_s == inf:
            return False
        is_over = since_s < -CLOCK_BACK_S_MAX or since_s >= PULL_S_MAX
        if is_over or (since_s >= PULL_S and against < CALM):
            state.pulled_s = -inf
            return False
        return True
