"""The market of Avellaneda & Stoikov 2008, section 3.3, as the paper simulates it.

In each step the quotes follow from the state before it. Each side is filled with probability
A*exp(-k*distance)*dt, at most 1; both may be filled. Then the mid moves by sigma*sqrt(dt) up or
down. The published figures need exactly this, with the cap and with quotes beyond the mid.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from quoter.pricing.models.avellaneda_stoikov import base_half_spread, slope
from quoter.studies.common.batches import Sample
from quoter.studies.common.estimates import Numbers

SIGMA, KAPPA, INTENSITY, SESSION, STEPS = 2.0, 1.5, 140.0, 1.0, 200
DT = SESSION / STEPS
LOTS_MAX = 150  # size of the arrays; never reached in 200 steps of at most one lot
EXPONENT_MAX = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperMarket:
    """One row of the paper's tables. gamma: risk aversion, 1/price; and one of two strategies."""

    gamma: float
    is_symmetric: bool

    def spread_mean(self) -> float:
        """Return the average total spread of the session, price (constant if symmetric)."""
        slopes = [self._slope(step) for step in range(STEPS)]
        return 2.0 * base_half_spread(gamma=self.gamma, kappa=KAPPA) + sum(slopes) / STEPS

    def distances(self, step: int) -> tuple[Numbers, Numbers]:
        """Return bid's and ask's distance from the mid, price, at -LOTS_MAX..LOTS_MAX lots."""
        lots = np.arange(-LOTS_MAX, LOTS_MAX + 1, dtype=np.float64)
        if self.is_symmetric:
            half = np.full(lots.size, self.spread_mean() / 2.0)
            return half, half.copy()
        per_lot = self._slope(step)
        half_spread = base_half_spread(gamma=self.gamma, kappa=KAPPA) + per_lot / 2.0
        return half_spread + lots * per_lot, half_spread - lots * per_lot

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return per path: profit (price), final lots, share of steps with a capped probability."""
        lots = np.full(paths, LOTS_MAX)  # index into the arrays; the middle is flat
        profit, capped = np.zeros(paths), np.zeros(paths)
        jump = SIGMA * sqrt(DT)
        for step in range(STEPS):
            bid, ask = self.distances(step)
            free_bid, free_ask = fill_chance(bid), fill_chance(ask)
            capped += (np.maximum(free_bid, free_ask) > 1.0)[lots]
            is_bought = rng.random(paths) < free_bid[lots]
            is_sold = rng.random(paths) < free_ask[lots]
            profit += np.where(is_bought, bid[lots], 0.0) + np.where(is_sold, ask[lots], 0.0)
            lots += is_bought
            lots -= is_sold
            profit += (lots - LOTS_MAX) * np.where(rng.random(paths) < 0.5, jump, -jump)
        return {
            "profit": profit,
            "lots": (lots - LOTS_MAX).astype(np.float64),
            "capped": capped / STEPS,
        }

    def _slope(self, step: int) -> float:
        return slope(gamma=self.gamma, sigma=SIGMA, tau_s=SESSION - step * DT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """Exact moments of profit and inventory, and the certainty equivalent."""

    profit: float
    profit_sd: float
    lots: float
    lots_sd: float
    certainty_equivalent: float


def fill_chance(distance: Numbers) -> Numbers:
    """Return the probability of a fill in a step, A*exp(-k*distance)*dt; it may exceed 1."""
    exponent = np.minimum(-KAPPA * distance, EXPONENT_MAX)
    return np.asarray(INTENSITY * DT * np.exp(exponent))


def exact(market: PaperMarket) -> Exact:
    """Return the exact figures, by backward recursion over the steps, for every inventory.

    In each step: first the mid's move, which adds its variance and multiplies the expected
    exp(-gamma*profit) by a hyperbolic cosine; then the four cases of filled sides.
    """
    lots = np.arange(-LOTS_MAX, LOTS_MAX + 1, dtype=np.float64)
    mean, square, log_utility = np.zeros(lots.size), np.zeros(lots.size), np.zeros(lots.size)
    held, held_square = lots.copy(), lots**2
    swing = np.log(np.cosh(market.gamma * SIGMA * sqrt(DT) * np.abs(lots)))
    for step in range(STEPS - 1, -1, -1):
        bid, ask = market.distances(step)
        buys, sells = np.minimum(fill_chance(bid), 1.0), np.minimum(fill_chance(ask), 1.0)
        buys[-1], sells[0] = 0.0, 0.0
        square, log_utility = square + lots**2 * SIGMA**2 * DT, log_utility + swing
        cases = (
            ((1.0 - buys) * (1.0 - sells), np.zeros(lots.size), 0),
            (buys * sells, bid + ask, 0),
            (buys * (1.0 - sells), bid, 1),
            ((1.0 - buys) * sells, ask, -1),
        )
        gained = [(chance, gain, _moved(mean, by)) for chance, gain, by in cases]
        square = sum_of(
            chance * (gain**2 + 2.0 * gain * after + _moved(square, by))
            for (chance, gain, after), (_, _, by) in zip(gained, cases, strict=True)
        )
        mean = sum_of(chance * (gain + after) for chance, gain, after in gained)
        held = sum_of(chance * _moved(held, by) for chance, _, by in cases)
        held_square = sum_of(chance * _moved(held_square, by) for chance, _, by in cases)
        log_utility = np.logaddexp.reduce(
            [
                np.log(np.maximum(chance, 1e-300)) - market.gamma * gain + _moved(log_utility, by)
                for chance, gain, by in cases
            ]
        )
    flat = LOTS_MAX
    return Exact(
        profit=float(mean[flat]),
        profit_sd=sqrt(square[flat] - mean[flat] ** 2),
        lots=round(float(held[flat]), 12) + 0.0,  # zero by symmetry, except for rounding
        lots_sd=sqrt(held_square[flat] - held[flat] ** 2),
        certainty_equivalent=-float(log_utility[flat]) / market.gamma,
    )


def sum_of(parts: Iterable[Numbers]) -> Numbers:
    """Return the element-wise sum."""
    return np.sum(list(parts), axis=0)


def _moved(values: Numbers, by: int) -> Numbers:
    """Return each state's value after one lot more (1) or less (-1); the edge keeps its value."""
    index = np.clip(np.arange(values.size) + by, 0, values.size - 1)
    return values[index]
