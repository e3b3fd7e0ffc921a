"""Model of a crash like that of 10 October 2025, compressed: selling, no depth, jumps, rebound.

Quotes are renewed every 0.25 s from a price that is 0.1 s old; until then takers can fill them.
"""

from dataclasses import dataclass
from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from quoter.studies.common.estimates import Numbers
from quoter.studies.common.market import FAIR, INTENSITY, KAPPA, SIGMA

STEP_S = 0.05
SECONDS, ONSET_S = 2_400.0, 900.0
LATENCY_STEPS, REQUOTE_STEPS, SECOND_STEPS = 2, 5, 20
DOWN_EVERY_S, DOWN_MEAN = 15.0, 0.004  # jumps while there is no depth, fractions of the price
UP_EVERY_S, UP_MEAN = 30.0, 0.003
JUMPS_FROM_S, JUMPS_TO_S, RECOVERED_S = 30.0, 180.0, 480.0
NO_TAKER = -1.0


class Phase(NamedTuple):
    """Multipliers of volatility, sells, buys and kappa; drift as a fraction per second."""

    volatility: float
    drift: float
    sells: float
    buys: float
    kappa: float


CALM = Phase(1.0, 0.0, 1.0, 1.0, 1.0)
PHASES = (  # end in seconds after the onset, and the phase
    (30.0, Phase(4.0, -0.0003, 5.0, 0.6, 0.5)),
    (120.0, Phase(10.0, -0.0010, 10.0, 0.3, 0.15)),
    (180.0, Phase(14.0, -0.0010, 6.0, 0.3, 0.05)),
    (480.0, Phase(6.0, 0.00027, 1.5, 3.0, 0.3)),
)


def phase(after_s: float) -> Phase:
    """Return the phase `after_s` seconds after the onset; the aftermath decays over 10 min.

    Before the onset (`after_s` < 0) the phase is calm.
    """
    if after_s < 0.0:
        return CALM
    for until_s, found in PHASES:
        if after_s < until_s:
            return found
    fading = exp(-(after_s - RECOVERED_S) / 600.0)
    return Phase(1.0 + 2.0 * fading, 0.0, 1.0, 1.0, 1.0 - 0.5 * fading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """Price and takers of every path; rows are steps, columns are paths."""

    price: Numbers  # after the move of the step
    # largest distance from the price at which the step's taker trades; NO_TAKER: no taker
    buys: Numbers
    sells: Numbers


def tape(rng: np.random.Generator, *, paths: int, steps: int, onset_s: float) -> Tape:
    """Draw price and takers. An `onset_s` after the end means no crash."""
    price, last = np.empty((steps, paths)), np.full(paths, FAIR)
    buys, sells = np.empty((steps, paths)), np.empty((steps, paths))
    for step in range(steps):
        after_s = step * STEP_S - onset_s
        now = phase(after_s)
        noise = SIGMA * now.volatility * sqrt(STEP_S) * rng.standard_normal(paths)
        last = last * (1.0 + now.drift * STEP_S) + noise
        if JUMPS_FROM_S < after_s < JUMPS_TO_S:
            last = last * (1.0 - _jumps(rng, paths, DOWN_EVERY_S, DOWN_MEAN))
            last = last * (1.0 + _jumps(rng, paths, UP_EVERY_S, UP_MEAN))
        price[step] = last
        buys[step] = _takers(rng, paths, now.buys, now.kappa)
        sells[step] = _takers(rng, paths, now.sells, now.kappa)
    return Tape(price=price, buys=buys, sells=sells)


def _jumps(rng: np.random.Generator, paths: int, every_s: float, mean: float) -> Numbers:
    happens = rng.random(paths) < STEP_S / every_s
    return np.where(happens, rng.exponential(mean, paths), 0.0)


def _takers(rng: np.random.Generator, paths: int, rate_factor: float, kappa: float) -> Numbers:
    arrives = rng.random(paths) < INTENSITY * rate_factor * STEP_S
    return np.where(arrives, rng.exponential(1.0 / (KAPPA * kappa), paths), NO_TAKER)
