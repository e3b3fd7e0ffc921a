"""Fit of a real-like market to the facts of a tape: simulate, compare, correct, a few rounds.

Each parameter is corrected by the fact that it influences most. Deviations that the fit can't
remove stay visible in the table of facts.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log

import numpy as np

from quoter.sim.messages import MarketSpec
from quoter.sim.real_like import RealLike
from quoter.studies.real_like.facts import Facts, facts
from quoter.studies.real_like.observed import of_market

DAMPING = 0.6  # exponent of every correction; less than 1 because the facts of a run are noisy
FACTOR_MAX = 2.0  # largest factor of one correction
SEEDS = (1, 2, 3, 4)
ECHO_MAX = 0.6
FAST_MAX = 0.8  # of activity_fast; above it volatility would change by half every few seconds
SLOW_MIN, SLOW_MAX = 0.2, 1.2  # of activity_slow
FOLLOW_MIN, FOLLOW_MAX = 0.1, 10.0  # of follow_s, seconds
FOLLOWERS_MAX = 0.9  # above it a burst may last for hours
TAIL_MAX = 3.0  # of pieces_tail


def generated(spec: MarketSpec, seconds: float, seeds: Sequence[int] = SEEDS) -> list[Facts]:
    """Return the facts of one simulated run of a market for each seed."""
    return [facts(of_market(spec, seed=seed, seconds=seconds)) for seed in seeds]


def median(several: Sequence[Facts]) -> dict[str, float]:
    """Return the median of every fact."""
    rows = [one.row() for one in several]
    return {name: float(np.median([row[name] for row in rows])) for name in rows[0]}


def fitted(
    spec: MarketSpec, target: Facts, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> MarketSpec:
    """Return a market whose facts over `seconds` are near the tape's; `say` gets progress."""
    wanted = target.row()
    for number in range(1, rounds + 1):
        spec = corrected(spec, wanted, median(generated(spec, seconds)))
        say(f"{spec.symbol}: round {number} of {rounds}")
    return spec


def corrected(spec: MarketSpec, wanted: dict[str, float], got: dict[str, float]) -> MarketSpec:
    """Return the market after one correction of its facts `got` towards the facts `wanted`.

    Raises ValueError for a market that is not real-like.
    """
    real = spec.real
    if real is None:
        raise ValueError(f"{spec.symbol} is no real-like market")

    def factor(name: str) -> float:
        ratio = (wanted[name] / got[name]) ** DAMPING if got[name] > 0 else FACTOR_MAX
        return min(FACTOR_MAX, max(1.0 / FACTOR_MAX, ratio))

    still = min(FACTOR_MAX, (log(wanted["still_share"]) / log(got["still_share"])) ** DAMPING)
    return replace(
        spec,
        sigma=spec.sigma * factor("sigma_bp"),
        intensity=spec.intensity * factor("orders_per_s"),
        kappa=spec.kappa * factor("kappa_sigma") / factor("sigma_bp"),
        depth_lots=max(1, round(spec.depth_lots * factor("touch") * factor("print_base"))),
        real=_corrected(real, factor, moves=still, single=wanted["single"] - got["single"]),
    )


def _corrected(
    real: RealLike, factor: Callable[[str], float], *, moves: float, single: float
) -> RealLike:
    later = factor("fano_10s") / factor("fano_100ms")
    echo, burst = real.echo + log(factor("variance_ratio")) / 4.0, factor("orders_fano_1s")
    return replace(
        real,
        moves_per_s=real.moves_per_s * moves,
        move_tail=max(0.0, real.move_tail + log(factor("kurtosis_1s")) / 5.0),
        echo=max(-ECHO_MAX, min(ECHO_MAX, echo)),
        at_best=max(0.0, min(1.0, real.at_best + DAMPING * single)),
        followers=max(0.0, min(FOLLOWERS_MAX, 1.0 - (1.0 - real.followers) / burst**0.5)),
        pieces_tail=max(0.0, min(TAIL_MAX, real.pieces_tail + log(factor("fano_100ms")) / 3.0)),
        follow_s=max(FOLLOW_MIN, min(FOLLOW_MAX, real.follow_s * later**0.5)),
        activity_fast=min(FAST_MAX, real.activity_fast * factor("fano_10s") ** 0.5),
        activity_slow=max(SLOW_MIN, min(SLOW_MAX, real.activity_slow * factor("fano_60s") ** 0.5)),
        trade_lots=real.trade_lots * factor("print_base"),
        thinness=real.thinness / factor("touch"),
        order_lots=real.order_lots / factor("pieces"),
    )
