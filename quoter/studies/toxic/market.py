"""Market with bursts of one-sided takers, informed or not.

Takers reach a distance with law Exp(kappa) from the mid. During a burst, takers of one side arrive
more often and of the other side less. If they are informed, the price drifts in their direction
from two seconds after the start of the burst.
"""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from quoter.studies.common.estimates import Numbers
from quoter.studies.common.market import FAIR, INTENSITY, KAPPA, SIGMA

STEP_S = 0.1
CALM_SIDE = 0.7  # of the usual rate, on the other side of a burst
BURST_MEAN_S = 15.0
BURST_RATE_FACTOR = 5.0
LEAD_S = 2.0  # from the start of a burst to the start of the drift
NO_TAKER = -1.0  # reach in a step without a taker


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Bursts of takers on one side.

    - bursts_per_s: 0: no bursts
    - drift: price/s during a burst; 0: its takers are uninformed
    """

    name: str
    bursts_per_s: float = 0.0
    drift: float = 0.0


class Tape(NamedTuple):
    """Mid and takers of every path, independent of our quotes: rows are steps, columns paths.

    - buys, sells: takers' reaches from the mid, price; NO_TAKER: no taker
    - mid: has one more row, for the end
    """

    mid: Numbers
    buys: Numbers
    sells: Numbers


def tape(environment: Environment, rng: np.random.Generator, *, paths: int, steps: int) -> Tape:
    """Draw the mid and the takers of `steps` steps."""
    direction, drifting = _bursts(environment, rng, paths, steps)
    calm = np.where(direction == 0.0, 1.0, CALM_SIDE)
    faster = np.abs(direction) * (BURST_RATE_FACTOR - CALM_SIDE)
    buying = INTENSITY * STEP_S * (calm + np.where(direction > 0.0, faster, 0.0))
    selling = INTENSITY * STEP_S * (calm + np.where(direction < 0.0, faster, 0.0))
    moves = SIGMA * sqrt(STEP_S) * rng.standard_normal((steps, paths))
    moves += environment.drift * STEP_S * drifting
    mid = FAIR + np.concatenate([np.zeros((1, paths)), np.cumsum(moves, axis=0)])
    return Tape(mid, _takers(buying, rng), _takers(selling, rng))


def _takers(chance: Numbers, rng: np.random.Generator) -> Numbers:
    """Draw at most one taker per step and side."""
    comes = rng.random(chance.shape) < chance
    return np.where(comes, rng.exponential(1.0 / KAPPA, chance.shape), NO_TAKER)


def _bursts(
    environment: Environment, rng: np.random.Generator, paths: int, steps: int
) -> tuple[Numbers, Numbers]:
    """Draw the direction of the burst at each step, and the direction of the drift."""
    direction, drifting = np.zeros((steps, paths)), np.zeros((steps, paths))
    if environment.bursts_per_s == 0.0:
        return direction, drifting
    for path in range(paths):
        step = int(rng.geometric(environment.bursts_per_s * STEP_S)) - 1
        while step < steps:
            sign = 1.0 if rng.random() < 0.5 else -1.0
            lasts = int(rng.exponential(BURST_MEAN_S) / STEP_S) + 1
            direction[step : step + lasts, path] = sign
            late = min(step + lasts, step + int(LEAD_S / STEP_S) + 1)
            drifting[late : step + lasts, path] = sign
            step += lasts + int(rng.geometric(environment.bursts_per_s * STEP_S))
    return direction, drifting
