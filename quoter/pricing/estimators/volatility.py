"""Sigma from the mid price as it comes: per square root of a second, in absolute price.

Two estimates run side by side. A slow one whose jumps are cut to four standard deviations, so that
one bad print does not live in it for minutes; and a fast one that sees everything. The greater of
the slow one and 0.85 of the fast one is used: a shock widens at once, a quiet minute narrows late.
"""

from math import copysign, exp, inf, log, sqrt

from quoter.domain.errors import InvalidInput

LN2 = log(2.0)
SLOW_HALF_LIFE_S = 300.0
FAST_HALF_LIFE_S = 30.0
GRID_S = 1.0
WINSOR_SD = 4.0
FAST_SHARE = 0.85
PRIOR_S = 60.0  # the prior counts as this much observed time
WARM_GRIDS = 20.0  # observed time, in grid steps, before an estimate may cut or speak; or a
# half-life, if that is shorter: observed time fades too and may never come to 20 steps
CLOCK_BACK_S_MAX = 60.0  # a time that steps back by less is old news, by more a new clock
NOISE_FINE_S, NOISE_COARSE_S = 0.1, 5.0  # the steps whose sigmas are compared
NOISE_RATIO_MAX = 1.5  # above it moves of a second are mostly noise: a coarser grid
NOISE_RATIO_CALM = 1.2  # below it the usual grid is good again


class VarianceRate:
    """Exponentially forgetting ratio of squared moves to time, sampled at least a grid step apart.

    half_life_s and grid_s seconds, > 0; winsor_sd cuts moves to that many standard deviations,
    None leaves them whole; prior_sigma price/sqrt(s) worth prior_s seconds of observation. Moves
    are taken less `dead_band`, price, >= 0: what the grid alone could have made is then no move.
    """

    __slots__ = (
        "_dead_band", "_half_life_s", "_mid", "_t_s", "_winsor_sd", "grid_s", "squares", "time_s",
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
        self._dead_band = dead_band
        self._t_s = self._mid = inf  # nothing seen: the next mid is a beginning, not a move
        self.squares = 0.0 if prior_sigma is None else prior_sigma * prior_sigma * prior_s
        self.time_s = 0.0 if prior_sigma is None else prior_s

    def update(self, t_s: float, mid: float) -> bool:
        """Take the mid (quote/base) at `t_s` seconds. O(1).

        Raises InvalidInput for a mid that is not above zero and finite, or a time that is not
        finite. While nothing has moved at all there is no scale to cut by, and nothing is cut.
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
        if self._dead_band:
            move = copysign(max(abs(move) - self._dead_band, 0.0), move)
        if self._winsor_sd is not None and self.squares > 0.0 and self.is_warm:
            cap = self._winsor_sd * sqrt(self.squares / self.time_s * gap_s)
            move = max(-cap, min(cap, move))
        kept = exp(-LN2 * gap_s / self._half_life_s)
        self.squares = self.squares * kept + move * move
        self.time_s = self.time_s * kept + gap_s
        self._t_s, self._mid = t_s, mid
        return True

    def restart(self) -> None:
        """Forget the last mid, not the estimate: after a gap the first difference is no move."""
        self._t_s = self._mid = inf

    @property
    def is_warm(self) -> bool:
        """Was enough seen to tell a jump from a move?"""
        return self.time_s > min(WARM_GRIDS * self.grid_s, self._half_life_s)

    @property
    def sigma(self) -> float | None:
        """price/sqrt(s); None before any time was observed."""
        return sqrt(self.squares / self.time_s) if self.time_s > 0.0 else None


class NoiseRatio:
    """How much larger sigma looks in steps of a tenth of a second than in steps of five.

    A mid that only diffuses has the ratio 1; one that bounces between ticks has more.
    """

    __slots__ = ("coarse", "fine", "grid_s")

    def __init__(self) -> None:
        self.fine = VarianceRate(half_life_s=SLOW_HALF_LIFE_S, grid_s=NOISE_FINE_S)
        self.coarse = VarianceRate(half_life_s=SLOW_HALF_LIFE_S, grid_s=NOISE_COARSE_S)
        self.grid_s = GRID_S  # the grid that sigma should be measured on

    def update(self, t_s: float, mid: float) -> bool:
        """Take a mid as VarianceRate.update does; True if `grid_s` may have changed. O(1)."""
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
        """See VarianceRate.restart."""
        self.fine.restart()
        self.coarse.restart()

    @property
    def ratio(self) -> float | None:
        """None for the first hundred seconds, and while nothing has moved."""
        fine, coarse = self.fine.sigma, self.coarse.sigma
        if not fine or not coarse or not self.coarse.is_warm:
            return None
        return fine / coarse


class Volatility:
    """The sigma that quotes use: the slow estimate, or most of the fast one where that is more.

    Without `prior_sigma` (price/sqrt(s)) it is None for the first 20 s, and until the mid moves.
    The half-lives are in seconds. While `noise` says so, both are sampled every 5 s.
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
        """Take the mid (quote/base) at event time `t_s`; see VarianceRate.update. O(1)."""
        if self.noise.update(t_s, mid):
            self.slow.grid_s = self.fast.grid_s = self.noise.grid_s
        is_slow_moved, is_fast_moved = self.slow.update(t_s, mid), self.fast.update(t_s, mid)
        return is_slow_moved or is_fast_moved

    def restart(self) -> None:
        """After a reconnect or a resync. A market that was merely quiet needs no restart."""
        self.slow.restart()
        self.fast.restart()
        self.noise.restart()

    @property
    def sigma(self) -> float | None:
        """price/sqrt(s); None while too little was seen to quote from."""
        slow, fast = self.slow.sigma, self.fast.sigma
        if slow is None or fast is None or not self.slow.is_warm:
            return None
        return max(slow, FAST_SHARE * fast) or None
