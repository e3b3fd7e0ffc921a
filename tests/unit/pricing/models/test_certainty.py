"""When a certainty equivalent may be published, and what is said instead."""

import random
from math import inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.certainty import certainty_equivalent


def normal(*, mean: float, sd: float, count: int) -> list[float]:
    rng = random.Random(1)
    return [rng.gauss(mean, sd) for _ in range(count)]


def test_of_a_normal_outcome_it_is_mean_less_half_of_gamma_times_variance() -> None:
    found = certainty_equivalent(normal(mean=65.0, sd=6.5, count=20_000), gamma=0.1)
    assert found.is_publishable
    assert found.equivalent == pytest.approx(65.0 - 0.05 * 6.5**2, abs=4 * found.error)
    assert found.published == ("certainty equivalent", found.equivalent)


def test_a_mean_that_rests_on_a_few_terrible_outcomes_is_not_published() -> None:
    found = certainty_equivalent(normal(mean=65.0, sd=50.0, count=5000), gamma=0.1)
    assert found.ess < 100
    assert not found.is_publishable
    assert found.published == ("mean-variance", found.mean_variance)


def test_one_percent_of_the_outcomes_is_asked_for_too() -> None:
    found = certainty_equivalent([0.0] * 60_000 + [-100.0] * 300, gamma=1.0)
    assert found.ess >= 100
    assert not found.is_publishable


def test_it_neither_overflows_nor_depends_on_where_zero_is() -> None:
    low = certainty_equivalent([-1e6, -1e6 + 1.0] * 100, gamma=1.0)
    high = certainty_equivalent([1e6, 1e6 + 1.0] * 100, gamma=1.0)
    assert high.equivalent - low.equivalent == pytest.approx(2e6)
    assert high.ess == pytest.approx(low.ess)


@pytest.mark.parametrize("outcomes", [[], [1.0], [1.0, nan], [1.0, inf]])
def test_f14_outcomes_that_are_none_are_refused(outcomes: list[float]) -> None:
    with pytest.raises(InvalidInput):
        certainty_equivalent(outcomes, gamma=1.0)
    with pytest.raises(InvalidInput):
        certainty_equivalent([1.0, 2.0], gamma=0.0)
