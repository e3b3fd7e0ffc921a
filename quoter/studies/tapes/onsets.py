"""Reaction to steps of the market at several onsets of one recording, and whether it can be judged.

The engine plays the recording once; at each onset its state is copied, and the copy goes on with
larger price differences. A figure is the median of the onsets. It is judged only where the data
can decide it: the mid has to move, and takers have to come. Formulas: deploy/docs/strategy.md,
"Fill intensity".
"""

from collections.abc import Sequence
from math import e, inf, log, sqrt
from statistics import median
from typing import NamedTuple

import numpy as np

from quoter.pricing.estimators.intensity import HALF_LIFE_S, LN2
from quoter.studies.tapes.recording import Recording

ONSETS_MAX = 24
SPACING_S = 15.0  # of onsets on a short recording; closer ones see the same moves
ERRORS = 2.0  # standard errors by which a figure must miss its bound to be off
MEDIAN_ERROR = 1.25  # standard error of a median over that of a mean, of normal values


class StepOnset(NamedTuple):
    """Result of one onset: half-spread over the stationary one, and the takers seen until then."""

    at_s: float
    ratio: float
    takers: int


def times(first_s: float, last_s: float, onsets_max: int) -> list[float]:
    """Return times of onsets, s, evenly from `first_s` to `last_s`; one if there is no room."""
    count = max(1, min(onsets_max, int((last_s - first_s) / SPACING_S) + 1))
    return [float(t_s) for t_s in np.linspace(first_s, max(first_s, last_s), count)]


def first_move_s(recording: Recording, at_s: float) -> float:
    """Return the seconds from `at_s` until the mid differs from the one before; inf for never."""
    start_ns = recording.start_ns + round(at_s * 1e9)
    before = recording.mid_before(recording.index(at_s))
    for bid, ask, ts_ns in recording.prices_from(recording.index(at_s)):
        if (bid + ask) / 2.0 != before:
            return (ts_ns - start_ns) * 1e-9
    return inf


def undecided_jump(moves_s: Sequence[float], limit_s: float) -> str:
    """Return why the time to find a jump can't be judged; empty if it can.

    moves_s: seconds from each onset until the first move of the mid.
    """
    still = sum(move_s > limit_s for move_s in moves_s)
    if not moves_s:
        return "no onset in a normal market"
    if 2 * still > len(moves_s):
        return f"the mid stands still for {limit_s:g} s after {still} of {len(moves_s)} onsets"
    return ""


def takers_needed(*, per_s: float, divergence: float, tolerance: float) -> float:
    """Return how many takers tell a step within `tolerance`: to notice it, and to measure kappa.

    per_s: takers/s who count. divergence: information per taker, nats. Lorden 1971 with one false
    alarm per memory of kappa, and Cramer-Rao.
    """
    memory = max(per_s * HALF_LIFE_S / LN2, e)
    return log(memory) / divergence + 1.0 / tolerance**2


def median_error(onsets: Sequence[StepOnset], block_s: float) -> float:
    """Return the standard error of the median ratio.

    Each onset rests on its takers; onsets within one block of `block_s` rest on the same ones.
    """
    if not onsets:
        return inf
    blocks = 1 + int((onsets[-1].at_s - onsets[0].at_s) / block_s)
    takers = median(onset.takers for onset in onsets)
    return (MEDIAN_ERROR if blocks > 1 else 1.0) / sqrt(max(takers, 1) * blocks)
