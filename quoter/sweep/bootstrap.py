"""Errors of sums over a tape, by the circular block bootstrap.

Neighbouring samples of one run depend on each other, so whole blocks of neighbours are drawn:
Politis and Romano, "A circular block-resampling procedure for stationary data" (1992). The length
of a block is the cube root of the number of samples, the best rate for a variance (Hall, Horowitz
and Jing, "On blocking rules for the bootstrap with dependent data", Biometrika 82, 1995).
"""

from dataclasses import dataclass
from math import cbrt, ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 2_000
SEED: Final = 1  # fixed, so that every report and all cells of one tape have the same draws
LEVEL: Final = 0.95

type Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its standard error and its confidence interval at LEVEL."""

    value: float
    se: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0.0 or self.high < 0.0


def block_length(samples: int) -> int:
    """Return the number of neighbouring samples in a block."""
    return ceil(round(cbrt(samples), 9))  # rounded, so that 1,000 samples give exactly 10


class BlockBootstrap:
    """Draws of blocks, the same for all series of one length, so that differences are paired."""

    def __init__(self, samples: int) -> None:
        """Draw blocks for series of `samples` values; samples >= 1."""
        self.samples, self.length = samples, block_length(samples)
        blocks = ceil(samples / self.length)
        self._rest = samples - (blocks - 1) * self.length  # samples used of the last block
        rng = np.random.default_rng(SEED)
        self._starts = rng.integers(0, samples, size=(DRAWS, blocks))

    def sums(self, series: Numbers) -> Numbers:
        """Return the sum of the series in each draw."""
        circle = np.concatenate([series, series[: self.length]])
        before = np.concatenate([[0.0], np.cumsum(circle)])
        whole, last = self._starts[:, :-1], self._starts[:, -1]
        summed = (before[whole + self.length] - before[whole]).sum(axis=1)
        drawn: Numbers = summed + before[last + self._rest] - before[last]
        return drawn


def interval(value: float, drawn: Numbers) -> Interval:
    """Return the interval of the estimate `value` from its draws (percentile method)."""
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Interval(value, float(drawn.std(ddof=1)), float(low), float(high))
