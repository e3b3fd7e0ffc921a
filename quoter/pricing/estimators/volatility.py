"""Volatility (sigma) of the mid, in absolute price per square root of a second.

A slow and a fast estimate use the moves over one second. Sigma is the larger of the slow estimate
and 0.85 times the fast one, so that quotes widen at once after a shock and narrow slowly in a quiet
market. Both estimates are shrunk towards a long one, the more the fewer effective moves they have:
in a market that jumps once every few minutes, the last minutes contain too few moves.

The result is scaled from moves over 1 s to moves over 30 s, which matter for inventory risk. A mid
that bounces moves less over 30 s than its moves over 1 s suggest; a mid that trends moves more.
Formulas: deploy/docs/strategy.md, "Volatility".
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
# Observed time before an estimate is used, in grid steps. One half-life is enough if it is shorter:
# observed time decays too, and might never reach 20 steps.
WARM_GRIDS = 20.0
LONG_MOVES = 3.0  # weight of the long estimate, in effective moves of the slow or fast one
SCALE_ERRORS = 2.0  # a ratio of scales this many standard errors from 1 may be chance
BARS_MIN = 5  # fewer bars are too few for a prior
NORMAL_KURTOSIS = 3.0


class Grid:
    """Moves of the mid over at least one grid step of `grid_s` seconds.

    t_s: time of the last mid that was used.
    """

    __slots__ = ("_mid", "grid_s", "t_s")

    def __init__(self, grid_s: float = GRID_S) -> None:
        """Raise InvalidInput if grid_s is not positive and finite."""
        if not (0.0 < grid_s < inf):
            raise InvalidInput("grid_s", grid_s)
        self.grid_s = grid_s
        self.restart()

    def restart(self) -> None:
        """Drop the last mid: a difference across a gap is not a move."""
        self.t_s = self._mid = inf  # no mid yet: the next one only sets the start

    def step(self, t_s: float, mid: float) -> tuple[float, float] | None:
        """Return (move, seconds) since the last mid that was used; None within a grid step.

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
    """Decayed sum of squared moves divided by decayed time; moves span at least one grid step.

    half_life_s and grid_s: seconds, > 0. prior_sigma: price/sqrt(s), weighted as prior_s seconds of
    observation. Each move is reduced by `dead_band` (price, >= 0) towards zero, to ignore moves of
    one tick; the attribute may be changed with the tick.
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
        self.fourths = 0.0  # the prior's moves are treated as normally distributed
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
        """Drop the last mid and keep the estimate: a difference across a gap is not a move."""
        self._grid.restart()

    @property
    def is_warm(self) -> bool:
        """Whether enough time was observed for a first estimate."""
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
        """Effective number of moves: (sum of squares)^2 / sum of fourth powers.

        For normally distributed moves it is a third of their number; after a single jump it is near
        1.
        """
        return self.squares * self.squares / self.fourths if self.fourths > 0.0 else 0.0


class Scales:
    """Ratio of the variance rate over 30 s to the one over 1 s.

    It is the product of the ratios of neighbouring scales. The logarithm of each ratio is moved
    towards zero by SCALE_ERRORS standard errors. prior_s: weight of prior_sigma, in seconds of
    observation. `ratio` is 1 until there is data.
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
        """Record a mid; return (move, seconds) if a move of the finest scale is complete or None.

        Coarser scales use mids at these times only. Raises InvalidInput as `Grid.step`. O(1).
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
        """Drop the last mids, keep the ratio; see VarianceRate.restart."""
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
    def realised(self) -> float | None:
        """Sigma of moves of 30 s, price/sqrt(s), as measured; None until 20 of them were seen."""
        coarse = self.rates[-1]
        return coarse.sigma or None if coarse.is_warm else None

    @property
    def noise_ratio(self) -> float | None:
        """Sigma in steps of 1 s over sigma in steps of 30 s, as measured; None before any move."""
        fine, realised = self.rates[0].sigma, self.realised
        return fine / realised if fine and realised else None


class Volatility:
    """Sigma for quotes: the larger of the slow estimate and 0.85 of the fast one, then scaled.

    Without `prior_sigma` (price/sqrt(s)), sigma is None for the first 20 s and until the mid has
    moved. Half-lives are in seconds. prior_s: weight of the prior in the long estimate and the
    scales, in seconds of observation.
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
        """Record the mid (quote/base) at `t_s` seconds; return whether a move is complete.

        Raises InvalidInput as `Grid.step`. O(1).
        """
        step = self.scales.update(t_s, mid)
        if step is None:
            return False
        self.slow.add(*step)
        self.fast.add(*step)
        return True

    def restart(self) -> None:
        """Drop the last mids after a reconnect or a resync; not needed after a quiet period."""
        self.scales.restart()

    @property
    def sigma(self) -> float | None:
        """Sigma for quotes, price/sqrt(s); None until enough time was observed."""
        if not self.slow.is_warm:
            return None
        slow, fast = self._drawn(self.slow), FAST_SHARE * FAST_SHARE * self._drawn(self.fast)
        return self._scaled(max(slow, fast)) or None

    @property
    def sigma_long(self) -> float | None:
        """The long estimate at the same scale, price/sqrt(s); None before any move."""
        return self._scaled(self.long.variance) or None

    def _drawn(self, rate: VarianceRate) -> float:
        """The variance of an estimate, price^2/s, shrunk towards the long one.

        The fewer effective moves it has, the more it is shrunk.
        """
        moves = rate.effective_moves
        return (moves * rate.variance + LONG_MOVES * self.long.variance) / (moves + LONG_MOVES)

    def _scaled(self, variance: float) -> float:
        """Sigma over 30 s, price/sqrt(s), from a variance of moves over 1 s.

        The variance added by bouncing is measured at the long estimate and does not grow with
        volatility. Above the long estimate the same amount is subtracted, below it the same
        fraction.
        """
        ratio = self.scales.ratio
        return sqrt(max(ratio * variance, variance - (1.0 - ratio) * self.long.variance))


def rogers_satchell(bars: Sequence[Bar], *, bar_s: float) -> float | None:
    """Return a prior of sigma, price/sqrt(s), from bars of `bar_s` seconds.

    None if there are too few bars or none of them moved. Drift cancels out. Bars with few trades
    make the result 10 % to 60 % too small, so it is used as a prior only. Raises InvalidInput for a
    price out of domain.

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
