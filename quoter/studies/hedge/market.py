"""Maker who reduces inventory by taker orders on a second venue."""

from dataclasses import dataclass
from math import floor

import numpy as np

from quoter.studies.common.batches import Sample
from quoter.studies.common.chain import Chain, stationary, walk
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.market import BP, FAIR, KAPPA, SIGMA, study_maker
from quoter.studies.common.quotes import ladder_of

LOTS_MAX = 12
WARM_S, SECONDS = 300.0, 7_200.0
HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgedMaker:
    """Maker that hedges with taker orders to `down_to` lots whenever |inventory| reaches `at`.

    - at: lots; above LOTS_MAX: no hedging
    - is_daemon: with the daemon's floor of a fifth of the half-spread; otherwise quotes may be at
      the mid
    """

    gamma: float
    at: int
    down_to: int
    cost: float  # price per lot
    is_daemon: bool = False

    def chain(self) -> Chain:
        """Return the chain of inventory with fills and hedges."""
        most = min(self.at - 1, LOTS_MAX)
        lots = np.arange(-most, most + 1, dtype=np.float64)
        bid, ask = self._distances(lots)
        index = np.arange(lots.size)
        up, down = index[:-1], index[1:]
        source, sink = [up, down], [up + 1, down - 1]
        gain, distance = [bid[up], ask[down]], [bid[up], ask[down]]
        if self.at <= LOTS_MAX:
            ends = np.array([lots.size - 1, 0])
            outward = np.array([bid[-1], ask[0]])
            source.append(ends)
            sink.append(np.array([most + self.down_to, most - self.down_to]))
            distance.append(outward)
            gain.append(outward - (self.at - self.down_to) * self.cost)
        rate = study_maker().intensity * np.exp(-KAPPA * np.concatenate(distance))
        return Chain(
            lots=lots,
            source=np.concatenate(source),
            sink=np.concatenate(sink),
            rate=rate,
            gain=np.concatenate(gain),
        )

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return the profit per second and the mean square of inventory of each path."""
        lived = walk(
            self.chain(), sigma=SIGMA, warm_s=WARM_S, seconds=SECONDS, rng=rng, paths=paths
        )
        return {"profit": lived["profit"] / SECONDS, "square_lots": lived["square_lots"]}

    def certainty_per_hour(self) -> float:
        """Return the certainty equivalent, basis points of a lot per hour."""
        gamma = self.gamma * KAPPA
        return stationary(self.chain(), sigma=SIGMA, gamma=gamma).certainty_rate * HOUR_S / BP

    def _distances(self, lots: Numbers) -> tuple[Numbers, Numbers]:
        maker = study_maker(lots_max=LOTS_MAX + 1, gamma_kappa=self.gamma)
        ladder = ladder_of(maker, fair=FAIR, sigma=SIGMA)
        if self.is_daemon:
            inside = lots.astype(np.int64) + LOTS_MAX + 1
            return ladder.bid[inside], ladder.ask[inside]
        bid = np.maximum(ladder.half + lots * ladder.slope, 0.0)
        ask = np.maximum(ladder.half - lots * ladder.slope, 0.0)
        return bid, ask


def rule(gamma: float, cost: float) -> tuple[int, int]:
    """Return (threshold, remainder) in lots: at the threshold, hedge down to the remainder.

    With more lots than the remainder, holding a lot costs more than hedging it.
    """
    maker = study_maker(lots_max=LOTS_MAX + 1, gamma_kappa=gamma)
    slope = maker.slope_per_sigma * SIGMA
    at = max(2, floor(cost / slope + 0.5) + 1)
    return at, at - 1
