"""Limits on random counts, from the probability of exceeding them."""

from collections import deque
from math import exp, nan
from random import Random

import pytest

from quoter.domain.poisson import burst_limit, unlikely_count


def tail(mean: float, count: int) -> float:
    """P(N >= count), summed from the far end."""
    probability, total = exp(-mean), 0.0
    terms = []
    for n in range(count + 200):
        terms.append(probability)
        probability *= mean / (n + 1)
    for term in reversed(terms[count:]):
        total += term
    return total


@pytest.mark.parametrize("mean", [0.001, 0.1, 0.54, 3.0, 30.0, 200.0])
@pytest.mark.parametrize("chance", [0.5, 1e-2, 1e-4, 1e-9])
def test_the_count_is_the_first_whose_probability_is_small_enough(
    mean: float, chance: float
) -> None:
    count = unlikely_count(mean, chance)
    assert tail(mean, count) <= chance < tail(mean, count - 1)


def test_large_means_have_a_limit_some_standard_deviations_above() -> None:
    assert 1_000_000 + 4_200 < unlikely_count(1e6, 1e-5) < 1_000_000 + 4_400  # 4.26 sd


def test_without_events_one_is_unlikely() -> None:
    assert unlikely_count(0.0, 1e-3) == 1
    assert unlikely_count(0.0, 1.0) == 0


@pytest.mark.parametrize(
    ("mean", "chance"), [(-1.0, 0.5), (nan, 0.5), (1.0, 0.0), (1.0, 1.5), (1.0, nan)]
)
def test_numbers_out_of_domain_raise(mean: float, chance: float) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        unlikely_count(mean, chance)


@pytest.mark.parametrize("rate", [0.2, 0.54, 2.0])
def test_chance_reaches_the_limit_at_most_as_often_as_allowed(rate: float) -> None:
    allowed = 1 / 400
    limit, rng = burst_limit(rate, 1.0, allowed), Random(f"burst {rate}")
    times: deque[float] = deque()
    t_s, alarms = 0.0, 0
    while t_s < 40_000.0:
        t_s += rng.expovariate(rate)
        times.append(t_s)
        while t_s - times[0] > 1.0:
            times.popleft()
        alarms += len(times) >= limit
    assert alarms <= 1.4 * allowed * 40_000.0  # four standard deviations
    assert burst_limit(rate, 1.0, allowed / 100.0) > limit
