"""Flow alpha: the move of fair value predicted from the signed flow of takers.

The signed flow of the last seconds is divided by its own standard deviation. A regression through
the origin with a prior learns how far the mid moves afterwards. Where flow predicts nothing, the
learned coefficient goes to zero.

Trades are first grouped into taker orders. One order that fills many resting orders prints many
trades, and would otherwise look like many takers.

Formulas: deploy/docs/strategy.md, "Flow alpha".
"""

from collections import deque
from math import copysign, exp, inf, log, nan, sqrt
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.pricing.estimators.taker_orders import TakerOrders
from quoter.pricing.validation import (
    CLOCK_BACK_S_MAX,
    SIZE_MAX,
    finite,
    not_negative,
    positive,
    trade_size,
)

LN2 = log(2.0)
FLOW_HALF_LIFE_S = 5.0
SIZE_WEIGHT = 0.01  # weight of a new order in the mean size, after the first hundred orders
SIZE_CAP = 3.0  # cap of an order's size, in mean sizes: near the 95th percentile
SD_MIN = 0.5  # smallest standard deviation that flow is divided by
SD_HALF_LIFE_S = 1800.0
SD_PRIOR_SAMPLES = 60.0  # weight of the prior "standard deviation is one": a minute of samples
SIGNAL_MIN, SIGNAL_MAX = 1.0, 5.0  # standard deviations; smaller flow is treated as noise
SAMPLE_S = 1.0
HORIZON_S = 5.0
BETA_HALF_LIFE_S = 1800.0
RIDGE = 600.0  # weight of the prior of beta, as a sum of squared signals
BETA_PRIOR_HALF_SPREADS = 0.5 / 3.0  # at a signal of 3, half a half-spread
ALPHA_HALF_SPREADS_MAX = 2.0
PENDING_MAX = int(HORIZON_S / SAMPLE_S) + 2


def elapsed(last_s: float, t_s: float) -> float:
    """Return the seconds from last_s to t_s; inf if last_s is -inf (never).

    If t_s is at most CLOCK_BACK_S_MAX before last_s, the result is 0. If it is earlier than that,
    the clock was reset, and the result is inf.
    """
    gap_s = t_s - last_s
    return inf if gap_s < -CLOCK_BACK_S_MAX else max(0.0, gap_s)


class SignedFlow:
    """Decayed volume of taker buys and sells, and decayed sum of squared sizes. O(1)."""

    def __init__(self, *, half_life_s: float = FLOW_HALF_LIFE_S) -> None:
        """Halve the sums in `half_life_s` seconds, > 0. Raises InvalidInput."""
        self._half_life_s = positive("half_life_s", half_life_s)
        self._t_s = -inf
        self.bought = self.sold = self.squares = 0.0

    def trade(self, t_s: float, taker: Side, size: float, *, before: float = 0.0) -> None:
        """Record a taker order of `size` base at `t_s` seconds.

        before: part of `size` that earlier trades of the same order have already recorded, base.
        """
        trade_size(size)
        self._fade(t_s)
        if taker is Side.BUY:
            self.bought += size - before
        else:
            self.sold += size - before
        self.squares += size * size - before * before

    def z(self, t_s: float, unit: float) -> float:
        """Return net flow / sqrt(sum of squared sizes + unit^2), without a unit.

        unit: base, > 0; it limits the result of a single trade.
        """
        positive("unit", unit)
        self._fade(t_s)
        return (self.bought - self.sold) / sqrt(self.squares + unit * unit)

    def _fade(self, t_s: float) -> None:
        gap_s = elapsed(self._t_s, finite("t_s", t_s))
        if gap_s > 0.0:
            kept = exp(-LN2 * gap_s / self._half_life_s)
            self.bought *= kept
            self.sold *= kept
            self.squares *= kept * kept
            self._t_s = t_s


class FlowSignal:
    """Signed flow divided by its own standard deviation; order sizes are capped at 3 mean sizes."""

    def __init__(self) -> None:
        self._flow = SignedFlow()
        self._mean_size = 0.0
        self._orders = 0
        self._takers = TakerOrders()
        self._order_size = self._counted = 0.0  # size of the newest order, and its capped size
        self._mean_before = 0.0  # mean size of the orders before it
        self._t_s = -inf
        self._squares = self._weight = 0.0
        self._z, self._z_s = 0.0, nan  # the last result of `z` and its time; nan: none

    def trade(self, t_s: float, taker: Side, size: float) -> None:
        """Record a public trade of `size` base.

        Raises InvalidInput for a number out of domain or not finite.
        """
        trade_size(size)
        self._z_s = nan
        if self._takers.is_new(t_s, taker):
            self._order_size = self._counted = 0.0
            self._mean_before = self._mean_size
            self._orders = min(self._orders + 1, round(1.0 / SIZE_WEIGHT))
        self._order_size = min(self._order_size + size, SIZE_MAX)
        cap = SIZE_CAP * self._mean_before if self._mean_before else SIZE_MAX
        counted = min(self._order_size, cap)
        self._flow.trade(t_s, taker, counted, before=self._counted)
        self._counted = counted
        self._mean_size = self._mean_before + (counted - self._mean_before) / self._orders

    def z(self, t_s: float) -> float:
        """Return the standardised flow at `t_s`, > 0 while takers buy; 0 before any trade.

        At most once a second, the call also updates the standard deviation with the present flow.
        """
        if t_s == self._z_s:
            return self._z
        finite("t_s", t_s)
        if not self._orders:
            return 0.0
        raw = self._flow.z(t_s, self._mean_size)
        gap_s = elapsed(self._t_s, t_s)
        if gap_s >= SAMPLE_S:
            kept = exp(-LN2 * gap_s / SD_HALF_LIFE_S) if gap_s < inf else 1.0
            self._squares = self._squares * kept + raw * raw
            self._weight = self._weight * kept + 1.0
            self._t_s = t_s
        variance = (self._squares + SD_PRIOR_SAMPLES) / (self._weight + SD_PRIOR_SAMPLES)
        self._z, self._z_s = raw / max(SD_MIN, sqrt(variance)), t_s
        return self._z


def signal(z: float) -> float:
    """Return the part of the standardised flow `z` beyond one deviation, from -4 to 4."""
    return copysign(max(min(abs(z), SIGNAL_MAX) - SIGNAL_MIN, 0.0), z)


class _Pending(NamedTuple):
    due_s: float
    signal: float
    mid: float


class LearnedAlpha:
    """Decaying regression of the mid's move in the next 5 s on the signal, with a prior.

    One sample per second; O(1) per update and at most seven samples pending.
    """

    def __init__(self, *, prior_half_spreads: float = BETA_PRIOR_HALF_SPREADS) -> None:
        """Start from a prior of the slope: half-spreads per unit of signal, >= 0."""
        self._prior_half_spreads = not_negative("prior_half_spreads", prior_half_spreads)
        self._pending: deque[_Pending] = deque(maxlen=PENDING_MAX)
        self._mid = 0.0
        self._sample_s = -inf
        self.squares = self.products = 0.0

    def restart(self) -> None:
        """Drop pending samples after a gap in the feed; keep the regression."""
        self._pending.clear()

    def update(self, t_s: float, mid: float, x: float) -> None:
        """Record the mid (quote/base) and the signal `x` at `t_s` seconds.

        Raises InvalidInput for a number that is out of domain or not finite.
        """
        finite("t_s", t_s)
        positive("mid", mid)
        finite("x", x)
        pending = self._pending
        while pending and pending[0].due_s <= t_s:
            sample = pending.popleft()
            seen = mid if sample.due_s == t_s else self._mid
            self.squares += sample.signal * sample.signal
            self.products += sample.signal * (seen - sample.mid)
        self._mid = mid
        gap_s = elapsed(self._sample_s, t_s)
        if gap_s < SAMPLE_S:
            return
        if t_s < self._sample_s:
            self.restart()
        kept = exp(-LN2 * gap_s / BETA_HALF_LIFE_S) if gap_s < inf else 1.0
        self.squares *= kept
        self.products *= kept
        self._sample_s = t_s
        pending.append(_Pending(t_s + HORIZON_S, x, mid))

    def beta(self, half: float) -> float:
        """Return the expected move of the mid, price, per unit of signal.

        half: our half-spread, price, >= 0.
        """
        prior = self._prior_half_spreads * not_negative("half", half)
        return (self.products + RIDGE * prior) / (self.squares + RIDGE)

    def alpha(self, x: float, half: float) -> float:
        """Return the expected move for the signal `x`, price, at most two of our half-spreads.

        half: our half-spread, price, >= 0.
        """
        most = ALPHA_HALF_SPREADS_MAX * half
        return min(max(self.beta(half) * finite("x", x), -most), most)


class FlowAlpha:
    """Flow alpha from trades and mids: signal and regression together."""

    def __init__(self, *, prior_half_spreads: float = BETA_PRIOR_HALF_SPREADS) -> None:
        self.flow = FlowSignal()
        self.learned = LearnedAlpha(prior_half_spreads=prior_half_spreads)

    def restart(self) -> None:
        """Drop pending samples after a gap in the feed."""
        self.learned.restart()

    def on_trade(self, t_s: float, taker: Side, size: float) -> None:
        """Record a public trade, size base. Trades with our orders are included."""
        self.flow.trade(t_s, taker, size)

    def on_mid(self, t_s: float, mid: float) -> None:
        """Record the mid, quote/base; call it at least once a second while the market moves."""
        self.learned.update(t_s, mid, signal(self.flow.z(t_s)))

    def alpha(self, t_s: float, half: float) -> float:
        """Return the expected move of fair value at `t_s`, price; half: our half-spread, price."""
        return self.learned.alpha(signal(self.flow.z(t_s)), half)
