"""Certainty equivalent: value, and when mean-variance is published instead."""

import random
from math import inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.certainty import certainty_equivalent


def normal(*, mean: float, sd: float, count: int) -> list[float]:
    rng = random.Random(1)
    return [rng.gauss(mean, sd) for _ in range(count)]


def test_normal_outcomes_give_mean_minus_half_gamma_variance() -> None:
    found = certainty_equivalent(normal(mean=65.0, sd=6.5, count=20_000), gamma=0.1)
    assert found.is_publishable
    assert found.equivalent == pytest.approx(65.0 - 0.05 * 6.5**2, abs=4 * found.error)
    assert found.published == ("certainty equivalent", found.equivalent)


def test_mean_of_few_effective_outcomes_is_not_published() -> None:
    found = certainty_equivalent(normal(mean=65.0, sd=50.0, count=5000), gamma=0.1)
    assert found.ess < 100
    assert not found.is_publishable
    assert found.published == ("mean-variance", found.mean_variance)


def test_effective_sample_of_one_percent_is_required() -> None:
    found = certainty_equivalent([0.0] * 60_000 + [-100.0] * 300, gamma=1.0)
    assert found.ess >= 100
    assert not found.is_publishable


def test_no_overflow_and_no_dependence_on_the_origin() -> None:
    low = certainty_equivalent([-1e6, -1e6 + 1.0] * 100, gamma=1.0)
    high = certainty_equivalent([1e6, 1e6 + 1.0] * 100, gamma=1.0)
    assert high.equivalent - low.equivalent == pytest.approx(2e6)
    assert high.ess == pytest.approx(low.ess)


@pytest.mark.parametrize("outcomes", [[], [1.0], [1.0, nan], [1.0, inf]])
def test_f14_invalid_outcomes_raise(outcomes: list[float]) -> None:
    with pytest.raises(InvalidInput):
        certainty_equivalent(outcomes, gamma=1.0)
    with pytest.raises(InvalidInput):
        certainty_equivalent([1.0, 2.0], gamma=0.0)
