"""Memory of reaches: a change is followed, chance is not, and a mistake is undone."""

import random
from math import expm1, floor
from statistics import median

import pytest

from quoter.pricing.estimators.reach_memory import LENGTHS, ReachMemory

KAPPA = 0.05  # per tick
KEPT = 0.5 ** (1 / 250)  # per reach, of the long memory: half of it after 250 reaches


def mean_excess(kappa: float) -> float:
    return 1.0 / expm1(kappa)


def show(memory: ReachMemory, kappa: float, count: int, rng: random.Random) -> list[float]:
    """Show reaches of a kappa; return the estimate after each."""
    found = list[float]()
    for _ in range(count):
        memory.decay(KEPT)
        memory.add(1.0, float(floor(rng.expovariate(kappa))))
        found.append(memory.kappa)
    return found


def test_it_starts_at_the_prior() -> None:
    assert ReachMemory(mean_excess(KAPPA)).kappa == pytest.approx(KAPPA)


@pytest.mark.parametrize("factor", [1 / 3, 3.0])
def test_change_is_followed_within_thirty_reaches(factor: float) -> None:
    """The long memory alone would be a tenth of the way."""
    ratios = list[float]()
    for seed in range(20):
        memory, rng = ReachMemory(mean_excess(KAPPA)), random.Random(seed)
        show(memory, KAPPA, 1_000, rng)
        ratios.append(median(show(memory, KAPPA * factor, 50, rng)[30:]) / (KAPPA * factor))
    assert 0.75 < median(ratios) < 1.35


def test_without_a_change_kappa_is_about_as_steady_as_the_long_memory() -> None:
    rng, memory = random.Random(1), ReachMemory(mean_excess(KAPPA))
    show(memory, KAPPA, 1_000, rng)
    found = sorted(show(memory, KAPPA, 5_000, rng))
    assert found[50] > 0.85 * KAPPA
    assert found[-50] < 1.25 * KAPPA


def test_long_memory_returns_after_a_short_episode() -> None:
    """No memory is ruled out: what it knows is used again once it predicts best again."""
    episodes, after = list[float](), list[float]()
    for seed in range(10):
        rng, memory = random.Random(seed), ReachMemory(mean_excess(KAPPA))
        show(memory, KAPPA, 1_000, rng)
        episodes.append(show(memory, KAPPA / 5.0, 15, rng)[-1])
        after.append(show(memory, KAPPA, 60, rng)[-1])
    assert median(episodes) < KAPPA / 2.0
    assert median(after) == pytest.approx(KAPPA, rel=0.25)


def test_weights_add_up_to_one_and_none_is_lost() -> None:
    memory, rng = ReachMemory(mean_excess(KAPPA)), random.Random(3)
    show(memory, KAPPA, 500, rng)
    show(memory, KAPPA / 50.0, 50, rng)
    assert sum(memory.weights) == pytest.approx(1.0)
    assert min(memory.weights) > 1e-5
    assert len(memory.weights) == 1 + len(LENGTHS)


def test_censored_reaches_lower_kappa_though_none_is_exact() -> None:
    memory = ReachMemory(mean_excess(KAPPA))
    for _ in range(30):
        memory.add(0.0, 200.0)
    assert memory.kappa < KAPPA / 2.0


def test_reaches_that_never_pass_d0_give_a_finite_kappa() -> None:
    memory = ReachMemory(mean_excess(5.0))
    for _ in range(10_000):
        memory.decay(KEPT)
        memory.add(1.0, 0.0)
    assert 0.0 < memory.kappa < 1_000.0


def test_other_ticks_keep_kappa_per_price() -> None:
    memory, rng = ReachMemory(mean_excess(KAPPA)), random.Random(4)
    before = show(memory, KAPPA, 500, rng)[-1]
    memory.rescale(0.1, mean_excess(10.0 * KAPPA))
    assert memory.kappa == pytest.approx(10.0 * before, rel=0.02)


def test_hidden_takers_are_no_further_evidence() -> None:
    """Ten hidden takers at the same distance weigh as much as one in the choice of a memory."""
    one, many = ReachMemory(mean_excess(KAPPA)), ReachMemory(mean_excess(KAPPA))
    rng = random.Random(5)
    for _ in range(200):
        ticks = float(floor(rng.expovariate(KAPPA)))
        one.add(1.0, ticks)
        many.add(1.0, ticks)
    one.add(1.0, 100.0)
    many.add(10.0, 1_000.0)
    assert many.weights == pytest.approx(one.weights)
