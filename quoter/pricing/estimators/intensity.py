"""Fill intensity: rate of takers who reach a distance, lambda(d) = A * exp(-kappa * d) per side.

A sample (a reach) is the distance of the farthest trade of one side in a window, from the mid at
the window's start. Distances of single trades from the current mid would be wrong, because resting
quotes do not follow the mid within the window.

Within a window the farthest taker hides the nearer ones. The number of hidden takers is estimated
from the share of windows without a taker (Poisson), their distances from kappa: one expectation
step per sample. Without this correction kappa would be 0.6 of its true value at three takers per
window. Formulas: deploy/docs/strategy.md, "Fill intensity".
"""

from enum import StrEnum
from math import exp, expm1, floor, inf, log, log1p, sqrt
from typing import NamedTuple

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Evidence, Side
from quoter.domain.units import BPS
from quoter.pricing.estimators.reach_memory import EXPONENT_MAX, PRIOR_SAMPLES, ReachMemory
from quoter.pricing.validation import CLOCK_BACK_S_MAX

LN2 = log(2.0)
WINDOW_S = 1.0
HALF_LIFE_S = 600.0
# t0: weight of the prior rate, in seconds of observation. It decays to a tenth, not to zero: a
# wrong prior is soon outweighed, and a market without trades still has a rate.
PRIOR_S, PRIOR_S_MIN = 60.0, 6.0
CENSOR_SD = 6.0  # a reach beyond this many sigmas (and 3 ticks) is censored at that distance
CENSOR_TICKS = 3.0
SHARE_MAX = 0.95  # of windows with a taker; above it the rate is no longer identified
COLD_SAMPLES = 10.0
WARM_SAMPLES = 100.0
COLD_MULTIPLIER = 1.5  # of the half-spread, while only the prior is known
STEP_S = 20.0  # kappa at most halves or doubles in this time
STEP_RATIO = 2.0
KAPPA_D0_MAX = 20.0  # above it the rate at d0 is below exp(-20) * A, too low to estimate A
TICK_TOLERANCE = 1e-6  # a float distance this close to a tick is that tick


class Confidence(StrEnum):
    """Amount of data behind an intensity estimate."""

    COLD = "cold"  # below COLD_SAMPLES: the prior is used, and quotes are widened
    WARM = "warm"  # up to WARM_SAMPLES
    OK = "ok"


class IntensityEstimate(NamedTuple):
    """An estimate of the fill intensity.

    kappa: 1/price. intensity (A): fills/s per side at distance 0. rate: fills/s per side at d0.
    samples: effective number of observed reaches. error: relative standard error of kappa and rate.
    """

    kappa: float
    intensity: float
    rate: float
    samples: float
    error: float
    confidence: Confidence

    @property
    def multiplier(self) -> float:
        """Multiplier of the half-spread of a quote that uses this estimate; 1 unless COLD."""
        return COLD_MULTIPLIER if self.confidence is Confidence.COLD else 1.0


class IntensityPrior(NamedTuple):
    """Prior of the fill intensity, with d0 and the tick.

    kappa: 1/price. rate: takers/s per side that reach d0. d0: price, the smallest distance that we
    would quote; another d0 needs a new estimator. tick: price.
    """

    kappa: float
    rate: float
    d0: float
    tick: float

    @property
    def intensity(self) -> float:
        """A: takers/s per side at distance zero, extrapolated from d0."""
        return self.rate * exp(self.kappa * self.d0)


def market_prior(
    *, mid: float, half_book_spread: float, tick: float, trades_per_s: float, half_quote: float
) -> IntensityPrior:
    """Return a prior of kappa, rate and d0 from a snapshot of the market.

    mid, half_book_spread, tick: price. half_quote: our half-spread, price; 0 if not known yet.
    trades_per_s: taker orders per second, both sides together. Raises InvalidInput for a number out
    of domain. Formulas and limits: deploy/docs/strategy.md, "Priors and first start".
    """
    for name, value in (("mid", mid), ("tick", tick), ("trades_per_s", trades_per_s)):
        if not (0.0 < value < inf):
            raise InvalidInput(name, value)
    for name, value in (("half_book_spread", half_book_spread), ("half_quote", half_quote)):
        if not (0.0 <= value < inf):
            raise InvalidInput(name, value)
    # Where a book is one or two ticks wide, takers at the touch come half a tick from the mid.
    touch = half_book_spread if half_book_spread > tick * (1.0 + TICK_TOLERANCE) else tick / 2.0
    return IntensityPrior(
        kappa=1.0 / max(half_book_spread, 2.0 * tick, BPS * mid),
        rate=trades_per_s / 2.0,
        d0=max(touch, 0.25 * half_quote),
        tick=tick,
    )


class Intensity:
    """Streaming estimate of the fill intensity from both sides. Every update is O(1).

    Reaches below d0 are ignored. Reaches beyond d1 = d0 + 6 sigma sqrt(max(window, 1 s)) + 3 ticks
    are censored. The excess over d0 is counted in whole ticks, because a mean of prices on a coarse
    grid is biased. `estimate` is updated when a window closes. Kappa follows a change of the market
    within about ten reaches (`ReachMemory`).
    """

    def __init__(
        self,
        prior: IntensityPrior,
        *,
        window_s: float = WINDOW_S,
        half_life_s: float = HALF_LIFE_S,
        evidence: Evidence | None = None,
    ) -> None:
        """Start from `prior`; window_s: length of a window, seconds, > 0.

        half_life_s: half-life of a window's data, seconds, > 0. evidence: amount of data behind the
        earlier estimate that `prior` was taken from; with COLD_SAMPLES reaches or more the estimate
        does not start cold. Raises InvalidInput outside these domains, or for a d0 at which A can't
        be estimated.
        """
        lengths = {"window_s": window_s, "half_life_s": half_life_s}
        for name, value in (prior._asdict() | lengths).items():
            if not (0.0 < value < inf):
                raise InvalidInput(name, value)
        if prior.kappa * prior.d0 > KAPPA_D0_MAX:
            raise InvalidInput("d0", prior.d0)
        self._memory = ReachMemory(_mean_excess(prior))
        self._prior, self._window_s = prior, window_s
        self._kept = exp(-LN2 * window_s / half_life_s)
        self._seen = self._seen2 = self._time_s = 0.0
        self.reaches = 0  # samples so far, without decay
        self._sigma, self._prior_s = 0.0, PRIOR_S
        self._reaches_before = 0
        if evidence is not None:
            self._reaches_before = evidence.reaches
            remembered = _remembered_s(evidence, half_life_s)
            self._prior_s = max(self._prior_s, remembered)
        self._kappa = self._step_kappa = prior.kappa
        self._step_end_s = -inf
        self.restart()
        self.estimate = self._estimate()

    def restart(self) -> None:
        """Drop the open window after a gap in the feed; keep the estimate."""
        self._start_s = self._mid = self._mid0 = inf  # inf: no window is open
        self._reach_buy = self._reach_sell = -inf

    def set_tick(self, tick: float) -> None:
        """Change the tick (price, > 0); the counts are converted so that kappa stays the same."""
        if tick == self._prior.tick:
            return
        ratio = self._prior.tick / tick
        self._prior = self._prior._replace(tick=tick)
        self._memory.rescale(ratio, _mean_excess(self._prior))

    def on_mid(self, t_s: float, mid: float, sigma: float) -> None:
        """Record the mid (quote/base) and sigma (price/sqrt(s)) at `t_s` seconds.

        Raises InvalidInput for a number that is out of domain or not finite.
        """
        if not (0.0 < mid < inf):
            raise InvalidInput("mid", mid)
        if not (0.0 <= sigma < inf):
            raise InvalidInput("sigma", sigma)
        self._advance(t_s)
        if self._start_s == inf:
            self._start_s, self._mid0 = t_s, mid
        self._mid, self._sigma = mid, sigma

    def on_trade(self, t_s: float, taker: Side, price: float) -> None:
        """Record a public trade at `t_s` seconds by its taker's side, price quote/base.

        Before the first mid there is no reference price, and the trade is ignored.
        Raises InvalidInput for a price or a time that is out of domain or not finite.
        """
        if not (0.0 < price < inf):
            raise InvalidInput("price", price)
        self._advance(t_s)
        if self._start_s == inf:
            return
        if taker is Side.BUY:
            self._reach_buy = max(self._reach_buy, price - self._mid0)
        else:
            self._reach_sell = max(self._reach_sell, self._mid0 - price)

    def fill_rate(self, distance: float) -> float:
        """Return the expected fill rate, fills/s, of one side at `distance` (price) from the mid.

        Below d0, where nothing is measured, it is the rate at d0. Raises InvalidInput for a
        distance that is not finite.
        """
        past_d0 = distance - self._prior.d0
        if not (past_d0 < inf):
            raise InvalidInput("distance", distance)
        return self.estimate.rate * exp(-self.estimate.kappa * max(0.0, past_d0))

    def _advance(self, t_s: float) -> None:
        """Close the windows that have ended at `t_s`; only the first of them can have trades.

        Raises InvalidInput for a time that is not finite.
        """
        if not (-inf < t_s < inf):
            raise InvalidInput("t_s", t_s)
        elapsed_s = t_s - self._start_s
        if elapsed_s < -CLOCK_BACK_S_MAX and self._start_s < inf:
            self.restart()
        if elapsed_s < self._window_s:
            return
        windows = floor(elapsed_s / self._window_s)
        self._decay(1)
        self._sample(self._reach_buy)
        self._sample(self._reach_sell)
        if windows > 1:
            self._decay(windows - 1)
        self._start_s += windows * self._window_s
        self._mid0 = self._mid
        self._reach_buy = self._reach_sell = -inf
        self.estimate = self._estimate()

    def _decay(self, windows: int) -> None:
        """Advance by `windows` windows: decay the sums and add the observed time."""
        kept = self._kept**windows
        self._seen *= kept
        self._seen2 *= kept * kept
        self._memory.decay(kept)
        self._prior_s = max(self._prior_s * kept, PRIOR_S_MIN)
        self._time_s = self._time_s * kept + self._window_s * (1.0 - kept) / (1.0 - self._kept)

    def _sample(self, reach: float) -> None:
        """Add one side's reach of a window, and the takers that it hides, if it is at least d0."""
        excess = (reach - self._prior.d0) / self._prior.tick + TICK_TOLERANCE
        if excess < 0.0:
            return
        spread_out = CENSOR_SD * self._sigma * sqrt(max(self._window_s, 1.0))
        cut = floor(spread_out / self._prior.tick + CENSOR_TICKS)
        self.reaches += 1
        self._seen += 1.0
        self._seen2 += 1.0
        uncut, ticks = _takers(
            self._hazard,
            self.estimate.kappa * self._prior.tick,
            min(floor(excess), cut),
            is_cut=excess >= cut,
        )
        self._memory.add(uncut, ticks)

    @property
    def _hazard(self) -> float:
        """Expected number of takers per window and side that reach beyond d0.

        Computed from the share of windows with at least one.
        """
        reached = -expm1(-self._prior.rate * self._window_s)  # share of windows by the prior
        seen = self._seen / 2.0 * self._window_s + self._prior_s * reached
        share = seen / (self._time_s + self._prior_s)
        return -log1p(-min(share, SHARE_MAX))

    def _estimate(self) -> IntensityEstimate:
        """Return the posterior estimate, or the prior with fewer than COLD_SAMPLES samples."""
        prior = self._prior
        samples = self._seen * self._seen / self._seen2 if self._seen2 > 0.0 else 0.0
        if samples + self._reaches_before < COLD_SAMPLES:
            kappa, rate, confidence = prior.kappa, prior.rate, Confidence.COLD
        else:
            confidence = Confidence.WARM if samples <= WARM_SAMPLES else Confidence.OK
            kappa = self._stepped(self._memory.kappa / prior.tick)
            rate = self._hazard / self._window_s
        return IntensityEstimate(
            kappa=kappa,
            intensity=rate * exp(kappa * prior.d0),
            rate=rate,
            samples=samples,
            error=1.0 / sqrt(samples + PRIOR_SAMPLES),
            confidence=confidence,
        )

    def _stepped(self, kappa: float) -> float:
        """Limit kappa to a factor of STEP_RATIO per STEP_S, and to KAPPA_D0_MAX / d0."""
        if self._start_s >= self._step_end_s:
            self._step_kappa = self._kappa
            self._step_end_s = self._start_s + STEP_S
        least, most = self._step_kappa / STEP_RATIO, self._step_kappa * STEP_RATIO
        self._kappa = min(max(kappa, least), most, KAPPA_D0_MAX / self._prior.d0)
        return self._kappa


def _mean_excess(prior: IntensityPrior) -> float:
    """Return the mean excess over d0, in ticks, that the prior kappa expects."""
    p0 = -expm1(-prior.kappa * prior.tick)
    return (1.0 - p0) / p0


def _remembered_s(evidence: Evidence, half_life_s: float) -> float:
    """Return the observed time of an earlier estimate, seconds, decayed to now."""
    scale = LN2 / half_life_s
    return -expm1(-scale * evidence.seconds) / scale * exp(-scale * evidence.age_s)


def _takers(hazard: float, kappa: float, reached: int, *, is_cut: bool) -> tuple[float, float]:
    """Return expected counts for a window whose farthest taker came `reached` ticks past d0.

    The first count is the number of takers whose distance is not censored, the second the sum of
    all takers' ticks past d0.

    hazard: expected number of takers beyond d0. kappa: per tick. is_cut: the farthest distance is
    censored, so it may have been larger. The number of takers is Poisson and their distances are
    geometric. The number below `reached` is then Poisson too; the number at `reached` is Poisson
    and at least one.
    """
    kappa, beyond = min(kappa, EXPONENT_MAX), min(kappa * reached, EXPONENT_MAX)
    below = hazard * -expm1(-beyond)
    mean_below = 1.0 / expm1(kappa) - reached / expm1(beyond) if reached else 0.0
    level = hazard * exp(-beyond) * (1.0 if is_cut else -expm1(-kappa))
    farthest = level / -expm1(-level) if level > 0.0 else 1.0
    return below + (0.0 if is_cut else farthest), below * mean_below + farthest * reached
