"""Markouts of our own fills per side and horizon, and the cost of each side derived from them.

Formulas: deploy/docs/strategy.md, "Markout cost".
"""

from collections import deque
from math import exp, inf, log
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.domain.units import BPS
from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, not_negative, positive

LN2 = log(2.0)
HORIZONS_S = (1.0, 5.0, 30.0)
COST_HORIZON_S = 5.0  # the horizon that a side's cost is taken from
FILL_KEPT = 0.95  # factor on the weight of older fills per order size filled: a memory of 20
PRIOR_FILLS = 20.0  # weight of the prior "no loss", in order sizes
HALF_LIFE_S = 1800.0  # the cost of a side without fills decays, so that it is quoted closer again
COST_HALF_SPREADS_MAX = 2.0
PENDING_MAX = 256  # fills per horizon; beyond it the oldest is dropped without a markout


class _Pending(NamedTuple):
    due_s: float
    side: Side
    fair: float
    lots: float


class _Average:
    """Decayed mean markout of one side and horizon, basis points.

    The weights decay with each order size filled, and with time.

    An order that is filled in pieces weighs the same as one that is filled whole.
    """

    def __init__(self) -> None:
        self.total = self.weight = 0.0
        self.t_s = -inf

    def add(self, t_s: float, markout_bps: float, lots: float) -> None:
        kept = FILL_KEPT**lots
        weight = (1.0 - kept) / (1.0 - FILL_KEPT)  # 1 for an order size
        kept *= self._kept(t_s)
        self.total = self.total * kept + markout_bps * weight
        self.weight = self.weight * kept + weight
        self.t_s = t_s

    def mean(self, t_s: float) -> float:
        kept = self._kept(t_s)
        return self.total * kept / (self.weight * kept + PRIOR_FILLS)

    def _kept(self, t_s: float) -> float:
        """Factor, 0 to 1, by which the sums have decayed since the last fill."""
        return exp(-LN2 * max(0.0, t_s - self.t_s) / HALF_LIFE_S) if self.weight else 1.0


class Markouts:
    """Own-fill markouts per side at 1, 5 and 30 s, shrunk towards zero. O(1) per fill and mid."""

    def __init__(self) -> None:
        self._pending: dict[float, deque[_Pending]] = {
            horizon_s: deque(maxlen=PENDING_MAX) for horizon_s in HORIZONS_S
        }
        self._averages = {(s, horizon_s): _Average() for s in Side for horizon_s in HORIZONS_S}
        self._next_s = inf  # when the next pending fill is due
        self._t_s = -inf

    def on_fill(
        self, t_s: float, side: Side, fair: float, lots: float = 1.0, *, is_new: bool = True
    ) -> None:
        """Record a fill of ours at `t_s` s; BUY is our bid.

        fair: quote/base, just before the fill. lots: order sizes, > 0. is_new: True for the first
        fill of an execution; a further fill is added to the newest pending one if both are on the
        same side. Raises InvalidInput for a number that is out of domain or not finite.
        """
        finite("t_s", t_s)
        positive("fair", fair)
        positive("lots", lots)
        for horizon_s, pending in self._pending.items():
            newest = pending[-1] if pending else None
            if newest is not None and newest.side is side and not is_new:
                pending[-1] = newest._replace(lots=newest.lots + lots)
            else:
                pending.append(_Pending(t_s + horizon_s, side, fair, lots))
        self._next_s = min(self._next_s, t_s + HORIZONS_S[0])

    def on_mark(self, t_s: float, fair: float) -> None:
        """Record fair value, quote/base, at `t_s` s.

        The first value at or after a fill's horizon is the mark of that fill.
        """
        finite("t_s", t_s)
        positive("fair", fair)
        if t_s < self._t_s - CLOCK_BACK_S_MAX:
            self.restart()
        self._t_s = t_s
        if t_s < self._next_s:
            return
        for horizon_s, pending in self._pending.items():
            while pending and pending[0].due_s <= t_s:
                fill = pending.popleft()
                markout_bps = fill.side.sign * (fair - fill.fair) / fill.fair / BPS
                self._averages[fill.side, horizon_s].add(t_s, markout_bps, fill.lots)
        self._next_s = min((p[0].due_s for p in self._pending.values() if p), default=inf)

    def restart(self) -> None:
        """Drop pending fills after a gap in the feed; their markouts can't be measured."""
        for pending in self._pending.values():
            pending.clear()
        self._next_s = inf

    def mean_bps(self, t_s: float, side: Side, horizon_s: float) -> float:
        """Return the shrunk mean markout of a side, basis points; negative: its fills lost.

        horizon_s: one of HORIZONS_S.
        """
        return self._averages[side, horizon_s].mean(finite("t_s", t_s))

    def cost(self, t_s: float, side: Side, *, fair: float, half: float) -> float:
        """Return the markout cost of a side, price: mean loss in 5 s, at most two half-spreads.

        fair quote/base; half our half-spread, price. Never negative: profitable fills do not bring
        a side nearer.
        """
        lost_bps = -self.mean_bps(t_s, side, COST_HORIZON_S)
        most = COST_HALF_SPREADS_MAX * not_negative("half", half)
        return min(max(lost_bps * BPS * positive("fair", fair), 0.0), most)
