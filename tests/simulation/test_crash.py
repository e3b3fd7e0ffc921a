"""The sandbox's crash: the market regime rises within seconds and returns to NORMAL afterwards.

Figures of the four seeds: see `tests/simulation/crash.py`.
"""

from statistics import fmean, median

import pytest

from quoter.sim.model_markets import THIN
from tests.simulation import calm
from tests.simulation.crash import (
    CALM_S,
    FAULTS_RATIO_MAX,
    RATIO_MAX,
    REDUCE_S_MAX,
    WIDE_S_MAX,
    Job,
    Maker,
    Outcome,
    mean_drop,
    of,
    run,
)
from tests.simulation.makers import LOTS_MAX
from tests.simulation.runs import in_parallel

SEEDS = (1, 2, 3, 4)
BACK_S = 60.0
JOBS = [
    *(Job(Maker.EVERYTHING, seed, False, tail_s=BACK_S) for seed in SEEDS),
    *(Job(Maker.EVERYTHING, seed, True, tail_s=BACK_S) for seed in SEEDS),
    *(Job(Maker.STATIC, seed, False, tail_s=0.0) for seed in SEEDS),
]
CALM = [
    *(calm.Job(market, 900.0) for market in calm.SYMBOLS),
    calm.Job(THIN, 1_200.0, has_prior=False),
]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return in_parallel(run, JOBS)


def with_regimes(outcomes: list[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.job.maker is Maker.EVERYTHING]


def test_regime_rises_within_seconds_of_the_onset(outcomes: list[Outcome]) -> None:
    for one in with_regimes(outcomes):
        assert one.wide_s <= WIDE_S_MAX, one
        assert one.reduce_s <= REDUCE_S_MAX, one


def test_regime_is_normal_again_after_the_crash(outcomes: list[Outcome]) -> None:
    for one in with_regimes(outcomes):
        assert one.resume_s <= CALM_S, one


def test_protections_prevent_most_of_the_drop(outcomes: list[Outcome]) -> None:
    """With faults the median: where creates stay unanswered and fill, they can do nothing.

    Faults hardly change the drop of the static maker, so that it is simulated without them only.
    """
    static = mean_drop(of(outcomes, Maker.STATIC, has_faults=False))
    without_faults, with_faults = (
        [one.drop for one in of(outcomes, Maker.EVERYTHING, has_faults=has_faults)]
        for has_faults in (False, True)
    )
    assert static < -10.0
    assert fmean(without_faults) >= RATIO_MAX * static
    assert median(with_faults) >= FAULTS_RATIO_MAX * static


def test_inventory_stays_within_its_limit_and_no_fill_takes(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        assert one.fills > 10, one
        assert one.lots_most <= LOTS_MAX, one
        assert one.taker_fills == 0, one


def test_balances_and_profit_parts_are_exact(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        assert one.is_identical, one
        assert one.is_true, one


def test_calm_market_is_normal_on_every_symbol() -> None:
    """With a small tick and with large ones, which are many times the usual move of a second."""
    for one in in_parallel(calm.run, CALM):
        assert one.normal >= calm.NORMAL_MIN, one
        assert one.sigma_usual is not None, one
