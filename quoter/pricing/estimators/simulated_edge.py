"""Simulated edge: gain of simulated passive fills at eight distances, measured 5 and 30 s later.

The models assume that a fill and the move after it are independent; on real markets they are not.
The simulated edge shows whether quoting the symbol is profitable at all. Formulas:
deploy/docs/strategy.md, "Simulated edge".
"""

from collections import deque
from math import exp, floor, inf, log, sqrt
from typing import NamedTuple

from quoter.domain.estimates import Edge
from quoter.domain.market import Side
from quoter.domain.units import BPS
from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, positive

LN2 = log(2.0)
WINDOW_S = 1.0
HORIZONS_S = (5.0, 30.0)
VERDICT_HORIZON_S = 5.0
HALF_LIFE_S = 3600.0
DISTANCES = 8
NEAREST, FARTHEST = 0.25, 4.0  # of our half-spread, geometric between
SAMPLES_MIN = 30.0  # a distance with fewer effective samples is not judged
ERRORS = 2.0  # `has_no_edge` needs a best edge this many standard errors below zero


class _Window(NamedTuple):
    """A closed window: reach of takers of each side, bps from the mid at its start."""

    due_s: float
    mid: float
    reach_buy: float
    reach_sell: float


class _Gain:
    """Decayed mean and variance of the gains at one distance."""

    def __init__(self, distance_bps: float) -> None:
        self.distance_bps = distance_bps
        self._weight = self._weight2 = self._sum = self._squares = 0.0
        self._t_s = -inf

    def add(self, t_s: float, gain_bps: float, half_life_s: float) -> None:
        if self._weight:
            kept = exp(-LN2 * max(0.0, t_s - self._t_s) / half_life_s)
            self._weight *= kept
            self._weight2 *= kept * kept
            self._sum *= kept
            self._squares *= kept
        self._t_s = t_s
        self._weight += 1.0
        self._weight2 += 1.0
        self._sum += gain_bps
        self._squares += gain_bps * gain_bps

    def edge(self) -> Edge | None:
        if not (self._weight > 0.0):
            return None
        samples = self._weight * self._weight / self._weight2
        mean = self._sum / self._weight
        variance = max(0.0, self._squares / self._weight - mean * mean)
        error = sqrt(variance / (samples - 1.0)) if samples >= 2.0 else None
        return Edge(self.distance_bps, mean, error, samples)


class SimulatedEdge:
    """Simulated fills at eight distances around our half-spread, and their mean edge before fees.

    For each window a simulated quote stays at each distance from the window's first mid. A taker
    who reaches the quote fills it. The gain is measured with the mid 5 s and 30 s after the window.
    O(1) per event: a closed window updates at most sixteen means per horizon.
    """

    def __init__(
        self,
        *,
        half_bps: float,
        window_s: float = WINDOW_S,
        half_life_s: float = HALF_LIFE_S,
    ) -> None:
        """Set the distances from 0.25 to 4 times `half_bps`, our half-spread, bps of the mid, > 0.

        window_s, half_life_s: seconds, > 0. Raises InvalidInput outside these domains.
        """
        positive("half_bps", half_bps)
        self._window_s = positive("window_s", window_s)
        self._half_life_s = positive("half_life_s", half_life_s)
        step = (FARTHEST / NEAREST) ** (1.0 / (DISTANCES - 1))
        self.distances_bps = tuple(half_bps * NEAREST * step**j for j in range(DISTANCES))
        self._gains = {h: [_Gain(d) for d in self.distances_bps] for h in HORIZONS_S}
        self._pending: dict[float, deque[_Window]] = {
            h: deque(maxlen=floor(h / window_s) + 3) for h in HORIZONS_S
        }
        self.restart()

    def restart(self) -> None:
        """Drop the open window and pending windows after a gap in the feed; keep the gains."""
        self._start_s = self._mid = self._mid0 = inf
        self._reach_buy = self._reach_sell = -inf
        for pending in self._pending.values():
            pending.clear()

    def on_mid(self, t_s: float, mid: float) -> None:
        """Record the mid, quote/base, at `t_s` seconds."""
        positive("mid", mid)
        self._advance(t_s, mid)
        if self._start_s == inf:
            self._start_s, self._mid0 = t_s, mid
        self._mid = mid

    def on_trade(self, t_s: float, taker: Side, price: float) -> None:
        """Record a public trade, price quote/base, by its taker's side."""
        positive("price", price)
        self._advance(t_s, self._mid)
        if self._start_s == inf:
            return
        reach = taker.sign * (price / self._mid0 - 1.0) / BPS
        if taker is Side.BUY:
            self._reach_buy = max(self._reach_buy, reach)
        else:
            self._reach_sell = max(self._reach_sell, reach)

    def edges(self, horizon_s: float = VERDICT_HORIZON_S) -> tuple[Edge, ...]:
        """Return the edges at distances that have fills, nearest first; horizon_s: 5 or 30."""
        found = (gain.edge() for gain in self._gains[horizon_s])
        return tuple(edge for edge in found if edge is not None)

    def has_no_edge(self, fee_bps: float) -> bool:
        """Whether the best distance loses after fees by more than two standard errors.

        fee_bps per fill, < 0 for a rebate. False while no distance has thirty effective samples.
        """
        best = [
            edge.edge_bps - fee_bps + ERRORS * edge.error_bps
            for edge in self.edges()
            if edge.samples >= SAMPLES_MIN and edge.error_bps is not None
        ]
        return bool(best) and max(best) < 0.0

    def _advance(self, t_s: float, mid: float) -> None:
        """Close ended windows, and measure due ones with the mid at the time they were due."""
        elapsed_s = finite("t_s", t_s) - self._start_s
        if elapsed_s < -CLOCK_BACK_S_MAX and self._start_s < inf:
            self.restart()
        if elapsed_s >= self._window_s:
            self._close(floor(elapsed_s / self._window_s))
        for horizon_s, pending in self._pending.items():
            while pending and pending[0].due_s <= t_s:
                window = pending.popleft()
                seen = mid if window.due_s == t_s else self._mid
                self._measure(self._gains[horizon_s], window, seen)

    def _close(self, windows: int) -> None:
        """Close the open window; of the `windows` that ended, only the first can have trades."""
        if max(self._reach_buy, self._reach_sell) >= self.distances_bps[0]:
            end_s = self._start_s + self._window_s
            reaches = (self._reach_buy, self._reach_sell)
            for horizon_s, pending in self._pending.items():
                pending.append(_Window(end_s + horizon_s, self._mid0, *reaches))
        self._start_s += windows * self._window_s
        self._mid0 = self._mid
        self._reach_buy = self._reach_sell = -inf

    def _measure(self, gains: list[_Gain], window: _Window, mid: float) -> None:
        move = (mid / window.mid - 1.0) / BPS
        for gain in gains:
            if window.reach_buy >= gain.distance_bps:
                gain.add(window.due_s, gain.distance_bps - move, self._half_life_s)
            if window.reach_sell >= gain.distance_bps:
                gain.add(window.due_s, gain.distance_bps + move, self._half_life_s)
