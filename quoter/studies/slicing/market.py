"""Makers with either sign of the skew, and a taker who buys ten lots from one of them."""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from quoter.studies.common.batches import Sample
from quoter.studies.common.chain import (
    Chain,
    Indices,
    Stationary,
    advance,
    birth_death,
    stationary,
    transition,
)
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.market import FAIR, INTENSITY, KAPPA, SIGMA, study_maker
from quoter.studies.common.quotes import ladder_of, skew_per_lot

SLICES = 10
WARM_S = 300.0  # other takers only, from flat
AFTER_S = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)


@dataclass(frozen=True, kw_only=True)
class QuotedMaker:
    """Chain of a maker's inventory, with states for ten purchases beyond its limit.

    - sign: 1: our skew; -1: the opposite skew
    - is_daemon: with the daemon's floor around fair value
    """

    sign: int
    lots_max: int
    is_daemon: bool = False

    @cached_property
    def lots(self) -> Numbers:
        """Inventory of each state, from ten lots beyond the short limit to the long limit."""
        return np.arange(-self.lots_max - SLICES, self.lots_max + 1, dtype=np.float64)

    @cached_property
    def ask(self) -> Numbers:
        """Distance of the ask from the mid in each state, price."""
        return self._side(-1)

    @cached_property
    def chain(self) -> Chain:
        """Chain under other takers; at or beyond the short limit they can't buy."""
        ask = np.where(self.lots > -self.lots_max, self.ask, np.inf)
        return birth_death(self.lots, self._side(1), ask, kappa=KAPPA, intensity=INTENSITY)

    @cached_property
    def slope(self) -> float:
        """Shift of both quotes per lot of inventory, price."""
        return skew_per_lot(study_maker(), sigma=SIGMA)

    @property
    def flat(self) -> int:
        """Index of zero inventory."""
        return self.lots_max + SLICES

    def inside(self) -> Stationary:
        """Return long-run figures under other takers only, within the limit."""
        ask = np.where(self.lots > -self.lots_max, self.ask, np.inf)[SLICES:]
        chain = birth_death(
            self.lots[SLICES:], self._side(1)[SLICES:], ask, kappa=KAPPA, intensity=INTENSITY
        )
        return stationary(chain, sigma=SIGMA, gamma=study_maker().gamma_lot)

    def _side(self, side: int) -> Numbers:
        """Return the distance of bid (1) or ask (-1) in each state, price."""
        maker = study_maker(lots_max=self.lots_max + SLICES + 1)
        ladder = ladder_of(maker, fair=FAIR, sigma=SIGMA)
        if self.is_daemon:
            quoted = ladder.bid if side > 0 else ladder.ask
            return quoted[1 : 1 + self.lots.size]
        free: Numbers = ladder.half + side * self.sign * self.lots * self.slope
        return free


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Purchase of ten lots from one maker, one lot every `interval_s` seconds.

    None: all at once, one lot per level.
    """

    maker: QuotedMaker
    interval_s: float | None

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return per path: quoted and paid price per lot, and the skew AFTER_S after the last lot.

        The quoted price is relative to the mid at its purchase, the paid price to the first mid.
        """
        maker = self.maker
        state = np.full(paths, maker.flat)
        state = advance(maker.chain, state, WARM_S, rng)
        quoted, mid, drifted = np.zeros(paths), np.zeros(paths), np.zeros(paths)
        for lot in range(SLICES):
            if self.interval_s is None:
                quoted += (maker.ask[state] + lot * maker.slope) / SLICES
                continue
            if lot > 0:
                state = advance(maker.chain, state, self.interval_s, rng)
                mid += SIGMA * sqrt(self.interval_s) * rng.standard_normal(paths)
            quoted += maker.ask[state] / SLICES
            drifted += mid / SLICES
            state = state - 1
        if self.interval_s is None:
            state = state - SLICES
        return {"quoted": quoted, "paid": quoted + drifted, "skew": self._skew(state, rng)}

    def exact_cost(self) -> float:
        """Return the expected cost per lot, price, from the law of inventory at each purchase."""
        maker = self.maker
        law = np.zeros(maker.lots.size)
        law[maker.flat] = 1.0
        law = law @ transition(maker.chain, WARM_S)
        if self.interval_s is None:
            return float(law @ maker.ask) + maker.slope * (SLICES - 1) / 2.0
        between = transition(maker.chain, self.interval_s)
        cost = 0.0
        for lot in range(SLICES):
            if lot > 0:
                law = law @ between
            cost += float(law @ maker.ask) / SLICES
            law = np.append(law[1:], 0.0)  # one lot less
        return cost

    def _skew(self, state: Indices, rng: np.random.Generator) -> Numbers:
        maker, found, before = self.maker, [], 0.0
        for after_s in AFTER_S:
            state = advance(maker.chain, state, after_s - before, rng)
            before = after_s
            found.append(-maker.sign * maker.lots[state] * maker.slope)
        return np.stack(found, axis=1)
