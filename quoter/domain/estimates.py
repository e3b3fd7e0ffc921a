"""Estimates of the market and of our own fills, in the form that the API and the screen show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from quoter.domain.market import Side


class Edge(NamedTuple):
    """Mean edge of a simulated fill at one distance, basis points of the mid, before fees.

    error_bps: standard error of the mean; None below two effective samples. samples: effective
    number of simulated fills.
    """

    distance_bps: float
    edge_bps: float
    error_bps: float | None
    samples: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The current estimates; None or empty while unknown or switched off.

    sigma_*: price/sqrt(s). noise_ratio: sigma in steps of 1 s divided by sigma in steps of 30 s.
    sigma_ratio: sigma in use divided by sigma of moves of 30 s in the last half hour. gamma_ratio:
    gamma in use divided by the gamma that QUOTER_GAMMA means with the present estimates.

    samples, error, confidence: effective number of samples, relative standard error and confidence
    of kappa and A. fill_factor: factor on A, from our own fills.

    flow: signed flow in units of its standard deviation, > 0 while takers buy. alpha: move of fair
    value predicted from the flow, price. vpin: 0 to 1.

    markouts_bps: by our side and horizon in seconds; negative means a loss. edges: by horizon in
    seconds. has_no_edge: whether simulated fills lose at every distance. cooling_down: our sides
    that are not quoted after a burst of fills.
    """

    sigma_slow: float | None = None
    sigma_fast: float | None = None
    noise_ratio: float | None = None
    sigma_ratio: float | None = None
    gamma_ratio: float | None = None
    confidence: str | None = None
    samples: float | None = None
    error: float | None = None
    fill_factor: float = 1.0
    flow: float | None = None
    alpha: float | None = None
    vpin: float | None = None
    markouts_bps: Mapping[tuple[Side, float], float] = field(default_factory=dict)
    edges: Mapping[float, tuple[Edge, ...]] = field(default_factory=dict)
    has_no_edge: bool = False
    cooling_down: tuple[Side, ...] = ()
