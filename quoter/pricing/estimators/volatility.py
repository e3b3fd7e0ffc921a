"""Volatility (sigma) of the mid, in absolute price per square root of a second.

A slow and a fast estimate use all moves of one second. The larger of the slow one and 0.85 of the
fast one is used: a shock widens quotes at once, a quiet minute narrows them late. Both are drawn
towards a long estimate, the more the fewer moves they rest on: on a market that jumps once in some
minutes, the moves of the last minutes say little. The result is then scaled from moves of a second
to moves of half a minute, from which inventory suffers: over longer times a mid that bounces moves
less, and a mid that trends moves more. Formulas: deploy/docs/strategy.md, "Volatility".
"""

from collections.abc import Sequence
from itertools import pairwise
from math import copysign, exp, inf, log, sqrt

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Bar
from quoter.pricing.validation import CLOCK_BACK_S_MAX, positive

LN2 = log(2.0)
SLOW_HALF_LIFE_S = 300.0
FAST_HALF_LIFE_S = 30.0
LONG_HALF_LIFE_S = 1_800.0
GRID_S = 1.0
SCALES_S = (GRID_S, 5.0, 30.0)  # steps of the estimates whose ratio is measured
FAST_SHARE = 0.85
PRIOR_S = 60.0  # weight of the prior, in observed time
# Observed time, in grid steps, before an estimate is used; or one half-life, if that is shorter:
# observed time decays too and may never reach 20 steps.
WARM_GRIDS = 20.0
LONG_MOVES = 3.0  # weight of the long estimate, in effective moves of the slow or fast one
SCALE_ERRORS = 2.0  # standard errors of a ratio of scales that are attributed to chance
BARS_MIN = 5  # fewer bars are too few for a prior
NORMAL_KURTOSIS = 3.0


class Grid:
    """Moves of the mid over at least one grid step, `grid_s` seconds; t_s: the last time used."""

    __slots__ = ("_mid", "grid_s", "t_s")

    def __init__(self, grid_s: float = GRID_S) -> None:
        """Raise InvalidInput if grid_s is not positive and finite."""
        if not (0.0 < grid_s < inf):
            raise InvalidInput("grid_s", grid_s)
        self.grid_s = grid_s
        self.restart()

    def restart(self) -> None:
        """Forget the last mid: a difference across a gap is not a move."""
        self.t_s = self._mid = inf  # no mid yet: the next one only sets the start

    def step(self, t_s: float, mid: float) -> tuple[float, float] | None:
        """Return the move since the last mid that was used and its seconds; None if too early.

        mid: quote/base. Raises InvalidInput for a mid that is not above zero and finite, or a time
        that is not finite.
        """
        if not (0.0 < mid < inf):
            raise InvalidInput("mid", mid)
        if not (-inf < t_s < inf):
            raise InvalidInput("t_s", t_s)
        gap_s = t_s - self.t_s
        if gap_s >= self.grid_s:
            move = mid - self._mid
            self.t_s, self._mid = t_s, mid
            return move, gap_s
        if gap_s < -CLOCK_BACK_S_MAX:
            self.t_s, self._mid = t_s, mid
        return None


class VarianceRate:
    """Decayed sum of squared moves over decayed time; mids are at least one grid step apart.

    half_life_s and grid_s seconds, > 0; prior_sigma price/sqrt(s), weighted as prior_s seconds of
    observation. Each move is reduced by `dead_band` (price, >= 0) towards zero, to ignore moves of
    a tick; it may be set anew when the tick changes.
    """

    __slots__ = (
        "_grid", "_half_life_s", "dead_band", "fourths", "grid_s", "squares", "time_s",
    )  # fmt: skip

    def __init__(
        self,
        *,
        half_life_s: float,
        grid_s: float = GRID_S,
        prior_sigma: float | None = None,
        prior_s: float = PRIOR_S,
        dead_band: float = 0.0,
    ) -> None:
        self._grid = Grid(grid_s)
        if not (0.0 < half_life_s < inf):
            raise InvalidInput("half_life_s", half_life_s)
        if prior_sigma is not None and not (0.0 < prior_sigma < inf):
            raise InvalidInput("prior_sigma", prior_sigma)
        if not (0.0 <= dead_band < inf):
            raise InvalidInput("dead_band", dead_band)
        self._half_life_s, self.grid_s = half_life_s, grid_s
        self.dead_band = dead_band
        self.squares = 0.0 if prior_sigma is None else prior_sigma * prior_sigma * prior_s
        self.time_s = 0.0 if prior_sigma is None else prior_s
        self.fourths = 0.0  # as of normally distributed moves, for the prior
        if prior_s > 0.0:
            self.fourths = NORMAL_KURTOSIS * grid_s / prior_s * self.squares * self.squares

    def update(self, t_s: float, mid: float) -> bool:
        """Record the mid (quote/base) at `t_s` seconds; return whether it was used. O(1).

        Raises InvalidInput as `Grid.step`.
        """
        step = self._grid.step(t_s, mid)
        if step is None:
            return False
        self.add(*step)
        return True

    def add(self, move: float, gap_s: float) -> None:
        """Record a move (price) over `gap_s` seconds."""
        if self.dead_band:
            move = copysign(max(abs(move) - self.dead_band, 0.0), move)
        square = move * move
        kept = exp(-LN2 * gap_s / self._half_life_s)
        self.squares = self.squares * kept + square
        self.fourths = self.fourths * kept * kept + square * square
        self.time_s = self.time_s * kept + gap_s

    def restart(self) -> None:
        """Forget the last mid, not the estimate: a difference across a gap is not a move."""
        self._grid.restart()

    @property
    def is_warm(self) -> bool:
        """Whether enough time was observed for a first figure."""
        return self.time_s > min(WARM_GRIDS * self.grid_s, self._half_life_s)

    @property
    def sigma(self) -> float | None:
        """Volatility, price/sqrt(s); None before any time was observed."""
        return sqrt(self.squares / self.time_s) if self.time_s > 0.0 else None

    @property
    def variance(self) -> float:
        """Variance rate, price^2/s; 0 before any time was observed."""
        return self.squares / self.time_s if self.time_s > 0.0 else 0.0

    @property
    def effective_moves(self) -> float:
        """Number of equal moves that would tell as much: (sum of squares)^2 / sum of fourths.

        For normally distributed moves it is a third of their number; after a single jump, near one.
        """
        return self.squares * self.squares / self.fourths if self.fourths > 0.0 else 0.0


class Scales:
    """Ratio of the variance rate of moves over 30 s to that of moves over 1 s, as far as known.

    It is the product of the ratios of neighbouring scales. The logarithm of each ratio is brought
    nearer to zero by SCALE_ERRORS standard errors, which may be due to chance. prior_s: seconds of
    observation that prior_sigma weighs as. `ratio` is 1 while nothing else is known.
    """

    __slots__ = ("_grid", "rates", "ratio")

    def __init__(self, prior_sigma: float | None, *, prior_s: float = PRIOR_S) -> None:
        self._grid = Grid()
        self.rates = tuple(
            VarianceRate(
                half_life_s=LONG_HALF_LIFE_S,
                grid_s=grid_s,
                prior_sigma=prior_sigma,
                prior_s=prior_s,
            )
            for grid_s in SCALES_S
        )
        self.ratio = 1.0

    def update(self, t_s: float, mid: float) -> tuple[float, float] | None:
        """Record a mid; return the move and its seconds if one of the finest scale is complete.

        Coarser scales take mids at these times only. Raises InvalidInput as `Grid.step`. O(1).
        """
        step = self._grid.step(t_s, mid)
        if self._grid.t_s != t_s:
            return None
        finest, *coarser = self.rates
        for rate in coarser:
            rate.update(t_s, mid)
        if step is not None:
            finest.add(*step)
            self.ratio = self._ratio()
        return step

    def restart(self) -> None:
        """Forget the last mids, not the ratio; see VarianceRate.restart."""
        self._grid.restart()
        for rate in self.rates:
            rate.restart()

    def _ratio(self) -> float:
        total = 0.0
        for fine, coarse in pairwise(self.rates):
            if not fine.squares or not coarse.squares:
                return 1.0
            logarithm = log(coarse.variance / fine.variance)
            chance = SCALE_ERRORS * sqrt(2.0 * coarse.grid_s / coarse.time_s)
            total += copysign(max(abs(logarithm) - chance, 0.0), logarithm)
        return exp(total)

    @property
    def noise_ratio(self) -> float | None:
        """Sigma in steps of 1 s over sigma in steps of 30 s, as measured; None before any move."""
        fine, coarse = self.rates[0], self.rates[-1]
        if not fine.squares or not coarse.squares or not coarse.is_warm:
            return None
        return sqrt(fine.variance / coarse.variance)


class Volatility:
    """Sigma for quotes: the larger of the slow estimate and 0.85 of the fast one, then scaled.

    Without `prior_sigma` (price/sqrt(s)) sigma is None for the first 20 s, and before the mid
    moves. The half-lives are in seconds; prior_s: seconds of observation that the prior weighs as
    in the long estimate and the scales.
    """

    __slots__ = ("fast", "long", "scales", "slow")

    def __init__(
        self,
        *,
        prior_sigma: float | None = None,
        slow_half_life_s: float = SLOW_HALF_LIFE_S,
        fast_half_life_s: float = FAST_HALF_LIFE_S,
        prior_s: float = PRIOR_S,
    ) -> None:
        self.slow = VarianceRate(half_life_s=slow_half_life_s, prior_sigma=prior_sigma)
        self.fast = VarianceRate(half_life_s=fast_half_life_s, prior_sigma=prior_sigma)
        self.scales = Scales(prior_sigma, prior_s=prior_s)
        self.long = self.scales.rates[0]

    def update(self, t_s: float, mid: float) -> bool:
        """Record the mid (quote/base) at event time `t_s`; return whether a move was complete.

        Raises InvalidInput as `Grid.step`. O(1).
        """
        step = self.scales.update(t_s, mid)
        if step is None:
            return False
        self.slow.add(*step)
        self.fast.add(*step)
        return True

    def restart(self) -> None:
        """Forget the last mids after a reconnect or a resync; not needed after a quiet period."""
        self.scales.restart()

    @property
    def sigma(self) -> float | None:
        """Sigma for quotes, price/sqrt(s); None while too little was observed to quote."""
        if not self.slow.is_warm:
            return None
        slow, fast = self._drawn(self.slow), FAST_SHARE * FAST_SHARE * self._drawn(self.fast)
        return self._scaled(max(slow, fast)) or None

    @property
    def sigma_long(self) -> float | None:
        """The long estimate at the same scale, price/sqrt(s); None before any move."""
        return self._scaled(self.long.variance) or None

    def _drawn(self, rate: VarianceRate) -> float:
        """The variance of an estimate, price^2/s, nearer to the long one the fewer moves it has."""
        moves = rate.effective_moves
        return (moves * rate.variance + LONG_MOVES * self.long.variance) / (moves + LONG_MOVES)

    def _scaled(self, variance: float) -> float:
        """Sigma over half a minute from a variance of moves of a second.

        What bounces add is measured at the long level. Higher volatility does not make them larger:
        above that level the same amount is subtracted, below it the same share.
        """
        ratio = self.scales.ratio
        return sqrt(max(ratio * variance, variance - (1.0 - ratio) * self.long.variance))


def rogers_satchell(bars: Sequence[Bar], *, bar_s: float) -> float | None:
    """Return a prior of sigma, price/sqrt(s), from bars of `bar_s` seconds; None if too few.

    Drift cancels out. Bars with few trades make it too small (by 10 % to 60 %), so it is used as a
    prior only. None as well if nothing moved. Raises InvalidInput for a price out of domain.
    Source: Rogers & Satchell 1991 (doi:10.1214/aoap/1177005835), the mean of ln(h/c)ln(h/o) +
    ln(l/c)ln(l/o).
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
