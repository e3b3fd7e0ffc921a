"""Side cooldown: a side is not quoted for some seconds after a burst of fills on it.

A burst is more takers within a second than chance explains at the currently expected rate. Rules
and formulas: deploy/docs/strategy.md, "Side cooldown".
"""

from math import exp, inf, sqrt

from quoter.domain.market import Side
from quoter.domain.poisson import burst_limit
from quoter.pricing.estimators.taker_orders import ORDER_S
from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, not_negative, positive

BURST_S = 1.0
# Allowed false alarms per side: three an hour, which keep it off for 0.4 % of the time.
ALARMS_PER_S = 1.0 / 1200.0
# Lowest expected rate that is used, takers/s. Up to a rate of 0.25, four takers are a burst.
RATE_MIN = 0.15
# Time constant of the other side's fill rate, seconds. Busier uninformed flow fills both sides, so
# this rate shows it before the intensity estimate follows.
RECENT_S = 10.0
# Adverse move of the mid since the side's first fill within BURST_S, in standard deviations of one
# second. From there on takers are treated as informed, and the expected rate as RATE_MIN.
ADVERSE_SD = 3.0
ORDERS_MAX = 256  # filled orders of a side within BURST_S; beyond it the oldest is dropped
COOLDOWN_S = 5.0
# Longest cooldown in multiples of the usual one, even if the flow against the side goes on. A
# longer one costs profit where uninformed flow comes in clusters.
COOLDOWNS_MAX = 2.0
CALM = 0.5  # the flow signal against a side must be below this before the side is quoted again


def burst_takers(rate: float) -> int:
    """Return how many takers within BURST_S are a burst. rate: expected takers/s, >= 0."""
    return burst_limit(max(rate, RATE_MIN), BURST_S, ALARMS_PER_S)


class _Side:
    """Recent takers who filled orders of one side, and the start of its cooldown."""

    def __init__(self) -> None:
        # Orders filled within BURST_S, oldest first. Per order: time of its last fill, whether its
        # first fill began a new taker, and the mid at its first fill.
        self._filled: dict[str, tuple[float, bool, float | None]] = {}
        self.started_s = -inf  # start of the cooldown; -inf: none
        self._recent, self._t_s = 0.0, -inf

    def add(self, t_s: float, order: str, mid: float | None) -> int:
        """Add a fill of an order; return the number of takers in the last BURST_S."""
        self._advance(t_s)
        newest_s, _, _ = next(reversed(self._filled.values()), (-inf, False, None))
        is_same_taker = t_s - newest_s <= ORDER_S
        known = self._filled.pop(order, None)
        is_taker = known[1] if known is not None else not is_same_taker
        self._filled[order] = t_s, is_taker, mid if known is None else known[2]
        if known is None and is_taker:
            self._recent += 1.0
        if len(self._filled) > ORDERS_MAX:
            del self._filled[next(iter(self._filled))]
        return sum(is_first for _, is_first, _ in self._filled.values())

    def move(self, mid: float | None) -> float:
        """Move of the mid since the oldest order filled within BURST_S, price; 0 if not known."""
        before = next((mid for _, _, mid in self._filled.values()), None)
        return mid - before if mid is not None and before is not None else 0.0

    def recent_rate(self, t_s: float) -> float:
        """Takers per second, averaged over the time outside cooldowns."""
        passed_s = max(0.0, t_s - self._t_s) if self.started_s == -inf else 0.0
        return self._recent * exp(-passed_s / RECENT_S) / RECENT_S

    def surely_at_least(self, t_s: float) -> float:
        """The recent rate minus one standard deviation, takers per second, >= 0."""
        rate = self.recent_rate(t_s)
        return max(0.0, rate - sqrt(rate / (2.0 * RECENT_S)))

    def start(self, t_s: float) -> None:
        self.started_s = max(self.started_s, t_s)

    def end(self, t_s: float) -> None:
        self._advance(t_s)
        self.started_s = -inf

    def _advance(self, t_s: float) -> None:
        """Advance the time. If the clock was set back, drop all earlier fills."""
        self._recent = self.recent_rate(t_s) * RECENT_S
        if t_s < self._t_s - CLOCK_BACK_S_MAX:
            self._filled.clear()
            self._recent = 0.0
        while self._filled:
            order, (filled_s, _, _) = next(iter(self._filled.items()))
            if t_s - filled_s <= BURST_S:
                break
            del self._filled[order]
        self._t_s = t_s


class SideCooldown:
    """Cooldown of a side (5 s) after a burst of our fills on it. O(1) on average.

    While the flow is against the side it lasts longer, at most twice as long. Only own fills start
    a cooldown. In the study `toxic`, starting one after every public trade far beyond our price
    costs 12 % of the profit in benign flow, where such trades are frequent.
    """

    def __init__(self, *, side_cooldown_s: float = COOLDOWN_S) -> None:
        """Cool a side down for `side_cooldown_s` seconds, > 0. Raises InvalidInput."""
        self._cooldown_s = positive("side_cooldown_s", side_cooldown_s)
        self._sides = {side: _Side() for side in Side}

    def set_cooldown(self, side_cooldown_s: float) -> None:
        """Change the length, seconds, > 0; it also applies to a cooldown that is running."""
        self._cooldown_s = positive("side_cooldown_s", side_cooldown_s)

    def on_fill(
        self,
        t_s: float,
        side: Side,
        order: str,
        rate: float,
        *,
        mid: float | None = None,
        sigma: float = 0.0,
    ) -> None:
        """Record a fill of ours at `t_s` seconds; BUY is our bid.

        order: id of the filled order. Not counted are further fills of the same order within a
        second, and fills of other orders at the same moment, because one taker fills them together.
        rate: expected takers/s of this side. mid: just before the fill. sigma: price/sqrt(s), 0 if
        not known.
        """
        state = self._sides[side]
        takers = state.add(finite("t_s", t_s), order, mid)
        recent = self._sides[side.opposite].surely_at_least(t_s)
        usual = max(recent, not_negative("rate", rate))
        lost = -side.sign * state.move(mid)
        is_informed = 0.0 < ADVERSE_SD * sigma * sqrt(BURST_S) <= lost
        if takers >= burst_takers(0.0 if is_informed else usual):
            state.start(t_s)

    def update(self, t_s: float, x: float) -> None:
        """End the cooldowns that are over at `t_s`; x: the flow's `signal`, > 0: takers buy."""
        finite("t_s", t_s)
        finite("x", x)
        for side, state in self._sides.items():
            since_s = t_s - state.started_s
            is_over = since_s < -CLOCK_BACK_S_MAX or since_s >= COOLDOWNS_MAX * self._cooldown_s
            is_calm = -side.sign * x < CALM
            if state.started_s > -inf and (is_over or (since_s >= self._cooldown_s and is_calm)):
                state.end(t_s)

    @property
    def sides(self) -> tuple[Side, ...]:
        """Our sides in cooldown, as of the last update or fill."""
        return tuple(side for side, state in self._sides.items() if state.started_s > -inf)
