"""Statistics of samples, each with its standard error."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

type Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A simulated figure with its standard error, in the same unit."""

    value: float
    se: float


def mean_of(sample: Numbers) -> Estimate:
    """Return the mean over the paths; at least two of them."""
    return Estimate(value=float(sample.mean()), se=float(sample.std(ddof=1)) / sqrt(sample.size))


def sd_of(sample: Numbers) -> Estimate:
    """Return the standard deviation over the paths; its error uses the fourth moment."""
    centred = sample - sample.mean()
    variance = float((centred**2).mean())
    if variance == 0.0:
        return Estimate(value=0.0, se=0.0)
    kurtosis = float((centred**4).mean()) / variance**2
    sd = float(sample.std(ddof=1))
    return Estimate(value=sd, se=sd * sqrt(max(kurtosis - 1.0, 0.0) / (4.0 * sample.size)))


def root_mean_of(squares: Numbers) -> Estimate:
    """Return the square root of a mean over paths, such as an sd about a known centre."""
    inside = mean_of(squares)
    root = sqrt(inside.value)
    return Estimate(value=root, se=inside.se / (2.0 * root) if root > 0.0 else 0.0)


def quantile_of(sample: Numbers, share: float) -> Estimate:
    """Return a quantile with its standard error.

    The error is half the distance between two quantiles: those whose ranks are one standard
    deviation below and above.
    """
    spread = sqrt(share * (1.0 - share) / sample.size)
    shares = np.clip([share - spread, share, share + spread], 0.0, 1.0)
    low, middle, high = np.quantile(sample, shares).tolist()
    return Estimate(value=middle, se=(high - low) / 2.0)
