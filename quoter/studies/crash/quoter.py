"""Five makers in the crash on the same paths: rows are makers, columns paths."""

from enum import Enum

import numpy as np

from quoter.pricing.estimators.volatility import Volatility
from quoter.pricing.quote.shape import QuoteShape
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.flows import Flows, decay
from quoter.studies.common.market import FAIR, LOTS_MAX, SIGMA, study_maker
from quoter.studies.common.quotes import offsets
from quoter.studies.crash.market import (
    LATENCY_STEPS,
    NO_TAKER,
    RECOVERED_S,
    REQUOTE_STEPS,
    SECOND_STEPS,
    STEP_S,
    Tape,
)

SLOW_HALF_LIFE_S, FAST_HALF_LIFE_S = 300.0, 20.0  # of the reference makers' estimator
STALE_SIGMAS = 1.5
FLOOR_SHARE = 0.0005  # of the price: minimum distance of the reference makers
Z_FROM, Z_TO = 1.5, 3.5  # flow protection of the reference makers: start and full
WIDE_FROM = 2.0  # times the usual sigma: the regime WIDE
WIDE_MULTIPLIER = 1.5
POST_ONLY = 1e-5  # distance from the price of a quote that would otherwise cross it


class Policy(Enum):
    """Makers.

    Protections are added from one to the next; the last maker quotes as the daemon does.
    """

    SYMMETRIC = "static symmetric, no limit"
    GLFT = "GLFT, static sigma, limit 10"
    ADAPTIVE = "+ adaptive sigma, stale floor"
    FLOW = "+ flow and inventory widening"
    OURS = "our quote, regime WIDE"


POLICIES = tuple(Policy)


class _Volatility:
    """Estimator of the reference makers for arrays: the larger of two variance rates."""

    def __init__(self, paths: int) -> None:
        self._halves = (SLOW_HALF_LIFE_S, FAST_HALF_LIFE_S)
        self._times = [300.0, 30.0]
        self._squares = [np.full(paths, SIGMA**2 * time) for time in self._times]
        self._last = np.full(paths, FAIR)

    def update(self, mid: Numbers) -> Numbers:
        """Record the mid, once a second, and return sigma."""
        move, self._last = mid - self._last, mid
        for index, half_life_s in enumerate(self._halves):
            factor = decay(1.0, half_life_s)
            self._squares[index] = self._squares[index] * factor + move**2
            self._times[index] = self._times[index] * factor + 1.0
        ratios = [squares / time for squares, time in zip(self._squares, self._times, strict=True)]
        return np.asarray(np.sqrt(np.maximum(*ratios)))


class _Ours:
    """The daemon's own quote: its `Volatility` path by path, and the flow alpha."""

    def __init__(self, paths: int) -> None:
        self._maker = study_maker(shape=QuoteShape(eta=0.0))
        self._each = [Volatility(prior_sigma=SIGMA) for _ in range(paths)]
        self._flows = Flows(paths, step_s=STEP_S)
        self._sigma, self._fast = np.full(paths, SIGMA), np.full(paths, SIGMA)

    def update(self, t_s: float, mid: Numbers) -> None:
        """Record the mids, once a second."""
        for index, (one, price) in enumerate(zip(self._each, mid.tolist(), strict=True)):
            one.update(t_s, price)
            self._sigma[index] = one.sigma or SIGMA
            self._fast[index] = one.fast.sigma or SIGMA

    def quote(self, step: int, mid: Numbers, lots: Numbers) -> tuple[Numbers, Numbers]:
        """Return distances from the mid, price; infinite: not quoted."""
        is_wide = self._fast > WIDE_FROM * SIGMA
        flat = offsets(self._maker, fair=mid, sigma=self._sigma, lots=np.zeros_like(mid))
        x = self._flows.signal(step, mid)
        found = offsets(
            self._maker,
            fair=mid,
            sigma=self._sigma,
            lots=lots,
            alpha=self._flows.alpha(x, flat.half),
            multiplier=np.where(is_wide, WIDE_MULTIPLIER, 1.0),
            d_stale=np.where(is_wide, STALE_SIGMAS * self._sigma, 0.0),
        )
        return found.bid, found.ask

    def trade(self, buys: Numbers, sells: Numbers) -> None:
        """Record the takers of a step."""
        self._flows.trade(_count(buys), _count(sells))


class Quoters:
    """All makers, advanced together; after `run` the public arrays hold the results."""

    def __init__(self, paths: int, onset_s: float) -> None:
        shape = (len(POLICIES), paths)
        self._maker = study_maker()
        self._volatility, self._ours = _Volatility(paths), _Ours(paths)
        self._sigma = np.full(paths, SIGMA)
        self._net, self._volume_squares = np.zeros(paths), np.zeros(paths)
        self._onset = round(onset_s / STEP_S)
        self._bid, self._ask = np.zeros(shape), np.full(shape, np.inf)  # prices; none yet
        self._peak, self._cash = np.zeros(shape), np.zeros(shape)
        self._two_sided, self._requotes = np.zeros(shape), 0
        self.lots, self.equity, self.equity_before = (np.zeros(shape) for _ in range(3))
        self.equity_min = np.full(shape, np.inf)  # from the onset on
        self.drawdown, self.lots_most, self.crash_fills = (np.zeros(shape) for _ in range(3))
        self.uptime = np.zeros(shape)

    def run(self, tape: Tape, every: int) -> Numbers:
        """Run along the tape; return the equity every `every` steps (time, maker, path)."""
        seen = []
        for step in range(tape.price.shape[0]):
            price, buys, sells = tape.price[step], tape.buys[step], tape.sells[step]
            mid = (
                tape.price[step - LATENCY_STEPS]
                if step >= LATENCY_STEPS
                else np.full_like(price, FAIR)
            )
            factor = decay(STEP_S, 5.0)
            bought, sold = _count(buys), _count(sells)
            self._net = self._net * factor + bought - sold
            self._volume_squares = self._volume_squares * factor**2 + bought + sold
            self._fill(step, price, buys, sells)
            if step % SECOND_STEPS == 0 and step:
                self._sigma = self._volatility.update(mid)
                self._ours.update(step * STEP_S, mid)
            self._mark(step, price)
            if step % REQUOTE_STEPS == 0:
                self._quote(step, price, mid)
            self._ours.trade(buys, sells)
            if step % every == 0:
                seen.append(self.equity.copy())
        self.uptime = self._two_sided / max(self._requotes, 1)
        return np.stack(seen)

    def _fill(self, step: int, price: Numbers, buys: Numbers, sells: Numbers) -> None:
        """Fill each quote at its own price, at most once until it is renewed."""
        sold_to = np.where(sells > NO_TAKER, price - sells, np.inf)
        bought_to = np.where(buys > NO_TAKER, price + buys, -np.inf)
        bought = np.minimum(price, sold_to) <= self._bid
        sold = np.maximum(price, bought_to) >= self._ask
        self._cash += np.where(sold, self._ask, 0.0) - np.where(bought, self._bid, 0.0)
        self.lots += bought
        self.lots -= sold
        self._bid[bought], self._ask[sold] = -np.inf, np.inf
        if self._is_crash(step):
            self.crash_fills += bought
            self.crash_fills += sold

    def _mark(self, step: int, price: Numbers) -> None:
        self.equity = self._cash + self.lots * price
        self._peak = np.maximum(self._peak, self.equity)
        self.drawdown = np.maximum(self.drawdown, self._peak - self.equity)
        self.lots_most = np.maximum(self.lots_most, np.abs(self.lots))
        if step == self._onset:
            self.equity_before = self.equity.copy()
        if step >= self._onset:
            self.equity_min = np.minimum(self.equity_min, self.equity)

    def _quote(self, step: int, price: Numbers, mid: Numbers) -> None:
        bid, ask = self._distances(price)
        ours = POLICIES.index(Policy.OURS)
        bid[ours], ask[ours] = self._ours.quote(step, mid, self.lots[ours])
        low, high = mid - bid, mid + ask
        self._bid = np.where(low >= price, price * (1.0 - POST_ONLY), low)
        self._ask = np.where(high <= price, price * (1.0 + POST_ONLY), high)
        if self._is_crash(step):
            self._requotes += 1
            self._two_sided += np.isfinite(self._bid) & np.isfinite(self._ask)

    def _distances(self, price: Numbers) -> tuple[Numbers, Numbers]:
        """Return the reference makers' distances: our slope without bounds, base half-spread."""
        maker, lots, sigma = self._maker, self.lots, self._sigma
        bid, ask = np.empty_like(lots), np.empty_like(lots)
        still = maker.slope_per_sigma * SIGMA
        bid[0] = ask[0] = maker.base_half_spread + still / 2.0
        bid[1], ask[1] = bid[0] + lots[1] * still, ask[0] - lots[1] * still
        slope = maker.slope_per_sigma * sigma
        half = np.maximum(maker.base_half_spread + slope / 2.0, STALE_SIGMAS * sigma)
        bid[2:4], ask[2:4] = half + lots[2:4] * slope, half - lots[2:4] * slope
        wide = half * (lots[3] / LOTS_MAX) ** 2
        z = self._net / np.sqrt(self._volume_squares + 1.0)
        share = np.clip((np.abs(z) - Z_FROM) / (Z_TO - Z_FROM), 0.0, 1.0)
        away, towards = 2.0 * half * share, half * share
        bid[3] += np.where(lots[3] > 0.0, wide, 0.0) + np.where(z > 0.0, -towards, away)
        ask[3] += np.where(lots[3] < 0.0, wide, 0.0) + np.where(z > 0.0, away, -towards)
        floor = FLOOR_SHARE * price
        bid, ask = np.maximum(bid, floor), np.maximum(ask, floor)
        bid[1:4][lots[1:4] >= LOTS_MAX] = np.inf
        ask[1:4][lots[1:4] <= -LOTS_MAX] = np.inf
        return bid, ask

    def _is_crash(self, step: int) -> bool:
        return self._onset <= step < self._onset + round(RECOVERED_S / STEP_S)


def _count(reaches: Numbers) -> Numbers:
    """Return the number of takers on each path: one or none."""
    return (reaches > NO_TAKER).astype(np.float64)
