"""Real-like markets: parameters and changing activity of recorded markets."""

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from random import Random

from quoter.domain.units import NS_PER_S
from quoter.sim.scripts import Conditions

ACTIVITY_FAST_S, ACTIVITY_SLOW_S = 15.0, 240.0  # relaxation times of the two parts of activity
ACTIVITY_STEP_NS = NS_PER_S
ACTIVITY_MAX = 30.0  # highest activity in multiples of the usual one; the lowest is its inverse
VOLATILITY_POWER = 0.5  # exponent of volatility as a function of activity
# exponent of 1/kappa as a function of volatility; 0.6 to 0.9 on recorded markets
REACH_POWER = 0.75
# step of log(1/kappa), which changes in steps because all levels move with it
REACH_STEP = log(2.0) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RealLike:
    """Parameters of a real-like market. Those of `MarketSpec` are the values at usual activity.

    * moves_per_s: moves of the mid per second; it stands still in between.
    * move_tail: standard deviation of the logarithm of the moves' scale.
    * echo: share of a move that follows it after about a second; below zero the move is partly
      taken back.
    * at_best: share of takers who trade only at the best price.
    * followers: mean number of takers that follow each taker within `follow_s`, < 1; a share `same`
      of them has its side and limit.
    * activity_fast, activity_slow: standard deviations of the logarithm of activity.
    * trade_lots: median size of a taker; trade_tail: standard deviation of its logarithm.
    * order_lots: mean size of the orders in a level, as a usual taker finds them.
    * pieces_tail: standard deviation, over takers, of the logarithm of that size: some trade in
      very many prints.
    * split_share: share of takers who trade with an account's order in several parts.
    * thinness: size of the levels behind the best, as a share of the best.
    * depth_tail: standard deviation of the logarithm of a level's size.
    """

    moves_per_s: float
    move_tail: float
    echo: float
    at_best: float
    followers: float
    follow_s: float
    same: float
    activity_fast: float
    activity_slow: float
    trade_lots: float
    trade_tail: float
    order_lots: float
    pieces_tail: float
    split_share: float
    thinness: float
    depth_tail: float

    def __post_init__(self) -> None:
        positive = self.moves_per_s, self.follow_s, self.trade_lots, self.order_lots, self.thinness
        others = self.move_tail, self.activity_fast, self.activity_slow
        if not (
            all(0 < value < inf for value in positive)
            and all(0 <= value < inf for value in (*others, self.trade_tail, self.depth_tail))
            and 0 <= self.at_best < 1
            and 0 <= self.pieces_tail < inf
            and abs(self.echo) < 1
            and 0 <= self.followers < 1
            and 0 <= self.same <= 1
            and 0 <= self.split_share <= 1
        ):
            raise ValueError(f"parameters of a real-like market out of domain: {self}")


class Activity:
    """Activity of a real-like market: a fast and a slow part, each a mean-reverting logarithm.

    Its mean is one. The rate of takers is proportional to it. Volatility grows with its square
    root, and the distance that takers reach grows with volatility.
    """

    def __init__(self, real: RealLike, rng: Random, now_ns: int) -> None:
        self._rng = rng
        self._parts = [
            _Reverting(real.activity_fast, ACTIVITY_FAST_S, rng),
            _Reverting(real.activity_slow, ACTIVITY_SLOW_S, rng),
        ]
        self._due_ns = now_ns
        self._conditions = self._new()

    def conditions(self, now_ns: int) -> Conditions:
        """Return the conditions at a time that must not run backwards."""
        while self._due_ns <= now_ns:
            self._due_ns += ACTIVITY_STEP_NS
            for part in self._parts:
                part.step(ACTIVITY_STEP_NS / NS_PER_S)
            self._conditions = self._new()
        return self._conditions

    def _new(self) -> Conditions:
        most = log(ACTIVITY_MAX)
        level = max(-most, min(most, sum(part.log_level for part in self._parts)))
        reach = REACH_POWER * VOLATILITY_POWER * level
        return Conditions(
            volatility=exp(VOLATILITY_POWER * level),
            buys=exp(level),
            sells=exp(level),
            kappa=exp(-round(reach / REACH_STEP) * REACH_STEP),
        )


class _Reverting:
    """An Ornstein-Uhlenbeck process whose exponential has a mean of one."""

    def __init__(self, sd: float, relaxation_s: float, rng: Random) -> None:
        self._sd, self._relaxation_s, self._rng = sd, relaxation_s, rng
        self._value = rng.gauss(0.0, sd)

    @property
    def log_level(self) -> float:
        return self._value - self._sd**2 / 2.0

    def step(self, seconds: float) -> None:
        kept = exp(-seconds / self._relaxation_s)
        noise = self._sd * sqrt(1.0 - kept**2)
        self._value = kept * self._value + noise * self._rng.gauss(0.0, 1.0)
