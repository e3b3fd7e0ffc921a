"""Volatility (sigma) of the mid, in absolute price per square root of a second.

A slow estimate cuts jumps to four standard deviations, so that one bad price does not stay in it
for minutes; a fast one uses every move. The larger of the slow one and 0.85 of the fast one is
used: a shock widens quotes at once, a quiet minute narrows them late.
Formulas: deploy/docs/strategy.md, "Volatility".
"""

from collections.abc import Sequence
from math import copysign, exp, inf, log, sqrt

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Bar
from quoter.pricing.validation import CLOCK_BACK_S_MAX, positive

LN2 = log(2.0)
SLOW_HALF_LIFE_S = 300.0
FAST_HALF_LIFE_S = 30.0
GRID_S = 1.0
WINSOR_SD = 4.0
FAST_SHARE = 0.85
PRIOR_S = 60.0  # weight of the prior, in observed time
WARM_GRIDS = 20.0  # observed time, in grid steps, before an estimate cuts moves or is used; or one
# half-life, if that is shorter: observed time decays too and may never reach 20 steps
NOISE_FINE_S, NOISE_COARSE_S = 0.1, 5.0  # the grids whose sigmas are compared
NOISE_RATIO_MAX = 1.5  # above it moves within a second are mostly noise: the grid becomes coarser
NOISE_RATIO_CALM = 1.2  # below it the usual grid is used again
BARS_MIN = 5  # fewer bars are too few for a prior


class VarianceRate:
    """Decayed sum of squared moves over decayed time; mids are at least one grid step apart.

    half_life_s and grid_s seconds, > 0; winsor_sd cuts moves to that many standard deviations,
    None for no cut; prior_sigma price/sqrt(s), weighted as prior_s seconds of observation. Each
    move is reduced by `dead_band` (price, >= 0) towards zero, to ignore moves of a tick; it may be
    set anew when the tick changes.
    """

    __slots__ = (
        "_half_life_s", "_mid", "_t_s", "_winsor_sd", "dead_band", "grid_s", "squares", "time_s",
    )  # fmt: skip

    def __init__(
        self,
        *,
        half_life_s: float,
        grid_s: float = GRID_S,
        winsor_sd: float | None = None,
        prior_sigma: float | None = None,
        prior_s: float = PRIOR_S,
        dead_band: float = 0.0,
    ) -> None:
        if not (0.0 < grid_s < inf):
            raise InvalidInput("grid_s", grid_s)
        if not (0.0 < half_life_s < inf):
            raise InvalidInput("half_life_s", half_life_s)
        if prior_sigma is not None and not (0.0 < prior_sigma < inf):
            raise InvalidInput("prior_sigma", prior_sigma)
        if not (0.0 <= dead_band < inf):
            raise InvalidInput("dead_band", dead_band)
        self._half_life_s, self.grid_s, self._winsor_sd = half_life_s, grid_s, winsor_sd
        self.dead_band = dead_band
        self._t_s = self._mid = inf  # no mid yet: the next one only sets the start
        self.squares = 0.0 if prior_sigma is None else prior_sigma * prior_sigma * prior_s
        self.time_s = 0.0 if prior_sigma is None else prior_s

    def update(self, t_s: float, mid: float) -> bool:
        """Record the mid (quote/base) at `t_s` seconds; return whether it was used. O(1).

        Raises InvalidInput for a mid that is not above zero and finite, or a time that is not
        finite. Moves are cut only after a first move, and once `is_warm`.
        """
        if not (0.0 < mid < inf):
            raise InvalidInput("mid", mid)
        if not (-inf < t_s < inf):
            raise InvalidInput("t_s", t_s)
        gap_s = t_s - self._t_s
        if gap_s < -CLOCK_BACK_S_MAX:
            self._t_s, self._mid = t_s, mid
            return False
        if gap_s < self.grid_s:
            return False
        move = mid - self._mid
        if self.dead_band:
            move = copysign(max(abs(move) - self.dead_band, 0.0), move)
        if self._winsor_sd is not None and self.squares > 0.0 and self.is_warm:
            cap = self._winsor_sd * sqrt(self.squares / self.time_s * gap_s)
            move = max(-cap, min(cap, move))
        kept = exp(-LN2 * gap_s / self._half_life_s)
        self.squares = self.squares * kept + move * move
        self.time_s = self.time_s * kept + gap_s
        self._t_s, self._mid = t_s, mid
        return True

    def restart(self) -> None:
        """Forget the last mid, not the estimate: a difference across a gap is not a move."""
        self._t_s = self._mid = inf

    @property
    def is_warm(self) -> bool:
        """Whether enough time was observed to tell a jump from a usual move."""
        return self.time_s > min(WARM_GRIDS * self.grid_s, self._half_life_s)

    @property
    def sigma(self) -> float | None:
        """price/sqrt(s); None before any time was observed."""
        return sqrt(self.squares / self.time_s) if self.time_s > 0.0 else None


class NoiseRatio:
    """Ratio of sigma sampled every 0.1 s to sigma sampled every 5 s.

    A mid that only diffuses has the ratio 1; one that bounces between ticks has a larger one.
    """

    __slots__ = ("coarse", "fine", "grid_s")

    def __init__(self) -> None:
        self.fine = VarianceRate(half_life_s=SLOW_HALF_LIFE_S, grid_s=NOISE_FINE_S)
        self.coarse = VarianceRate(half_life_s=SLOW_HALF_LIFE_S, grid_s=NOISE_COARSE_S)
        self.grid_s = GRID_S  # the grid that sigma should be measured on

    def update(self, t_s: float, mid: float) -> bool:
        """Record a mid as `VarianceRate.update` does; True if `grid_s` may have changed. O(1)."""
        self.fine.update(t_s, mid)
        if not self.coarse.update(t_s, mid):
            return False
        ratio = self.ratio
        if ratio is not None and ratio > NOISE_RATIO_MAX:
            self.grid_s = NOISE_COARSE_S
        elif ratio is not None and ratio < NOISE_RATIO_CALM:
            self.grid_s = GRID_S
        return True

    def restart(self) -> None:
        """Forget the last mids, not the ratio; see VarianceRate.restart."""
        self.fine.restart()
        self.coarse.restart()

    @property
    def ratio(self) -> float | None:
        """The ratio; None for the first hundred seconds, and before any move."""
        fine, coarse = self.fine.sigma, self.coarse.sigma
        if not fine or not coarse or not self.coarse.is_warm:
            return None
        return fine / coarse


class Volatility:
    """Sigma for quotes: the larger of the slow estimate and 0.85 of the fast one.

    Without `prior_sigma` (price/sqrt(s)) it is None for the first 20 s, and before the mid moves.
    The half-lives are in seconds. While the noise ratio is high, both estimates sample every 5 s.
    """

    __slots__ = ("fast", "noise", "slow")

    def __init__(
        self,
        *,
        prior_sigma: float | None = None,
        slow_half_life_s: float = SLOW_HALF_LIFE_S,
        fast_half_life_s: float = FAST_HALF_LIFE_S,
    ) -> None:
        self.slow = VarianceRate(
            half_life_s=slow_half_life_s, winsor_sd=WINSOR_SD, prior_sigma=prior_sigma
        )
        self.fast = VarianceRate(half_life_s=fast_half_life_s, prior_sigma=prior_sigma)
        self.noise = NoiseRatio()

    def update(self, t_s: float, mid: float) -> bool:
        """Record the mid (quote/base) at event time `t_s`; see VarianceRate.update. O(1)."""
        if self.noise.update(t_s, mid):
            self.slow.grid_s = self.fast.grid_s = self.noise.grid_s
        is_slow_moved, is_fast_moved = self.slow.update(t_s, mid), self.fast.update(t_s, mid)
        return is_slow_moved or is_fast_moved

    def restart(self) -> None:
        """Forget the last mids after a reconnect or a resync; not needed after a quiet period."""
        self.slow.restart()
        self.fast.restart()
        self.noise.restart()

    @property
    def sigma(self) -> float | None:
        """price/sqrt(s); None while too little was observed to quote from."""
        slow, fast = self.slow.sigma, self.fast.sigma
        if slow is None or fast is None or not self.slow.is_warm:
            return None
        return max(slow, FAST_SHARE * fast) or None


def rogers_satchell(bars: Sequence[Bar], *, bar_s: float) -> float | None:
    """Return a prior of sigma, price/sqrt(s), from bars of `bar_s` seconds; None if too few.

    Drift cancels out. Bars with few trades make it too small (by 10 % to 60 %), hence a prior
    only. None as well if nothing moved; raises InvalidInput for a price out of domain.
    Source: Rogers & Satchell 1991 (doi:10.1214/aoap/1177005835), the mean of
    ln(h/c)ln(h/o) + ln(l/c)ln(l/o).
    """
    positive("bar_s", bar_s)
    if len(bars) < BARS_MIN:
        return None
    total = 0.0
    for bar in bars:
        for name, price in bar._asdict().items():
            positive(name, price)
        total += log(bar.high / bar.close) * log(bar.high / bar.open)
        total += log(bar.low / bar.close) * log(bar.low / bar.open)
    if not (total > 0.0):
        return None
    return bars[-1].close * sqrt(total / len(bars) / bar_s)
