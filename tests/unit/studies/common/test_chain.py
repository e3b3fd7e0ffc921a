"""Markov chains: exact figures against manual solutions and simulation."""

from math import sqrt

import numpy as np
import pytest

from quoter.studies.common.chain import (
    Chain,
    advance,
    birth_death,
    passage_s,
    stationary,
    stationary_law,
    transition,
    walk,
)
from quoter.studies.common.estimates import mean_of, root_mean_of

KAPPA, INTENSITY, SIGMA = 1.5, 140.0, 2.0
LOTS = np.arange(-10.0, 11.0)


def chain(slope: float = 0.05173, half: float = 0.67124) -> Chain:
    return birth_death(
        LOTS, half + LOTS * slope, half - LOTS * slope, kappa=KAPPA, intensity=INTENSITY
    )


def test_chain_of_two_states_matches_the_manual_solution() -> None:
    two = Chain(
        lots=np.array([0.0, 1.0]),
        source=np.array([0, 1]),
        sink=np.array([1, 0]),
        rate=np.array([2.0, 6.0]),
        gain=np.array([0.5, 0.25]),
    )
    found = stationary(two, sigma=0.0, gamma=1e-6)
    assert found.law == pytest.approx([0.75, 0.25])
    assert found.mean_rate == pytest.approx(0.75 * 2 * 0.5 + 0.25 * 6 * 0.25)
    assert found.certainty_rate == pytest.approx(found.mean_rate, rel=1e-5)
    assert found.relaxation_s == pytest.approx(1 / 8)
    assert found.fills_rate == pytest.approx(3.0)
    assert passage_s(two, start=1.0, within=0.0) == pytest.approx(1 / 6)


def test_tiny_stationary_probabilities_are_precise() -> None:
    """Detailed balance, state by state, down to shares that a solver of equations would lose."""
    steep = chain(slope=0.7)
    law, generator = stationary_law(steep.generator), steep.generator
    assert law.min() < 1e-24
    for i in range(LOTS.size - 1):
        assert law[i] * generator[i, i + 1] == pytest.approx(law[i + 1] * generator[i + 1, i])


def test_certainty_rate_decreases_with_sigma() -> None:
    calm, wild = (stationary(chain(), sigma=sigma, gamma=0.1) for sigma in (1.0, 3.0))
    assert calm.mean_rate == wild.mean_rate
    assert calm.certainty_rate > wild.certainty_rate
    assert calm.sd_rate < wild.sd_rate


def test_infinite_distance_is_never_filled() -> None:
    bid = np.where(LOTS >= 5.0, np.inf, 0.67)
    one_sided = birth_death(LOTS, bid, np.full(21, 0.67), kappa=KAPPA, intensity=INTENSITY)
    assert stationary_law(one_sided.generator)[LOTS > 5.0].sum() == 0.0


@pytest.mark.parametrize("seconds", [1e-4, 0.05, 3.0])
def test_transitions_keep_the_stationary_law_and_compose(seconds: float) -> None:
    one = chain()
    law, half = stationary_law(one.generator), transition(one, seconds / 2)
    assert half.min() >= 0.0
    np.testing.assert_allclose(law @ half, law, rtol=1e-9)
    np.testing.assert_allclose(half @ half, transition(one, seconds), atol=1e-12)


def test_long_transition_forgets_the_start() -> None:
    one = chain()
    long = transition(one, 100.0)
    np.testing.assert_allclose(long[0], stationary_law(one.generator), rtol=1e-6)


def test_walk_agrees_with_the_exact_figures() -> None:
    one, seconds = chain(), 4.0
    truth = stationary(one, sigma=SIGMA, gamma=0.1)
    lived = walk(
        one, sigma=SIGMA, warm_s=1.0, seconds=seconds, rng=np.random.default_rng(5), paths=2_000
    )
    for ours, exact in (
        (mean_of(lived["profit"] / seconds), truth.mean_rate),
        (mean_of(lived["fills"] / seconds), truth.fills_rate),
        (root_mean_of(lived["square_lots"]), truth.sd_lots),
        (mean_of(lived["limit_share"]), truth.limit_share),
    ):
        assert abs(ours.value - exact) < 4 * ours.se
    sd = float(lived["profit"].std()) / sqrt(seconds)
    assert sd == pytest.approx(truth.sd_rate, rel=0.08)


def test_advance_agrees_with_the_transition() -> None:
    one, paths = chain(), 20_000
    ends = advance(one, np.full(paths, 10), 0.05, np.random.default_rng(3))
    shares = np.bincount(ends, minlength=LOTS.size) / paths
    exact = transition(one, 0.05)[10]
    assert np.abs(shares - exact).max() < 4 * sqrt(0.25 / paths)
