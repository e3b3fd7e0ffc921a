"""Realised figures of a recording: volatility, and distances that takers reached."""

from math import sqrt

import numpy as np

from quoter.domain.events import TopOfBook, Trade
from quoter.domain.market import Side
from quoter.domain.units import BPS, S_PER_NS
from quoter.studies.common.estimates import Numbers
from quoter.studies.tapes.recording import Recording

GRID_S = 30  # of realised volatility
WINDOW_S = 1.0  # of reaches, as in the estimator
SHARE_MAX = 0.95  # of windows that were reached; above it the rate is not identified
TOLERANCE = 1e-9  # of prices, which are multiples of a tick


class Mids:
    """Mids of a recording once a second, and its trades."""

    def __init__(self, recording: Recording) -> None:
        tops = [event for event in recording.events if isinstance(event, TopOfBook)]
        times = np.array([(top.ts_ns - recording.start_ns) * S_PER_NS for top in tops])
        mids = np.array([(top.bid.price + top.ask.price) / 2.0 for top in tops])
        self._grid = np.arange(0.0, recording.seconds, WINDOW_S)
        self._mids = mids[np.searchsorted(times, self._grid, side="right") - 1]
        moves = self._mids[GRID_S:] - self._mids[:-GRID_S]
        self._variances = moves**2 / GRID_S  # of all windows of GRID_S, which overlap
        trades = [event for event in recording.events if isinstance(event, Trade)]
        self._times = np.array([(trade.ts_ns - recording.start_ns) * S_PER_NS for trade in trades])
        self._prices = np.array([trade.price for trade in trades])
        self._signs = np.array([1.0 if trade.taker is Side.BUY else -1.0 for trade in trades])

    def realised(self) -> float:
        """Return the volatility of the whole recording, price/sqrt(s)."""
        return sqrt(self._variances.mean())

    def realised_around(self, times: Numbers, span_s: float) -> Numbers:
        """Return the volatility in the `span_s` seconds around each of the times."""
        sums = np.concatenate(([0.0], np.cumsum(self._variances)))
        half, last = int(span_s) // 2, len(self._variances)
        low = np.clip(times.astype(int) - half, 0, last - 1)
        high = np.clip(times.astype(int) + half - GRID_S, low + 1, last)
        return np.asarray(np.sqrt((sums[high] - sums[low]) / (high - low)))

    def reaches(self, from_s: float, distances_bp: tuple[float, ...]) -> tuple[Numbers, Numbers]:
        """Return takers/s per side that reach each distance, and in how many windows they did.

        As in the estimator: the mid is that of the beginning of a window of one second, and the
        rate follows from the share of windows without any (Poisson).
        """
        late = self._times >= from_s
        window = np.minimum((self._times[late] / WINDOW_S).astype(int), len(self._mids) - 1)
        reach = self._signs[late] * (self._prices[late] - self._mids[window])
        total = 2.0 * max(1.0, len(self._mids) - from_s / WINDOW_S)
        rates, counts = [], []
        for distance in distances_bp:
            far = reach >= distance * BPS * self._mids[window] - TOLERANCE
            sides = window[far] * 2 + (self._signs[late][far] > 0)
            count = len(np.unique(sides))
            counts.append(float(count))
            rates.append(-np.log1p(-min(count / total, SHARE_MAX)) / WINDOW_S)
        return np.array(rates), np.array(counts)
