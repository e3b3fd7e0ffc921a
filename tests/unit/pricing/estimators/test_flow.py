"""Signed flow and what it is worth: learned where it foretells, ignored where it does not."""

import random
from math import nan, sqrt

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.flow import (
    PENDING_MAX,
    RIDGE,
    FlowAlpha,
    FlowSignal,
    LearnedAlpha,
    SignedFlow,
    signal,
)

HALF = 0.05


def market(
    alpha: FlowAlpha, *, drift: float, seconds: int, seed: int, size: float = 1.0
) -> tuple[float, float]:
    """Bursts of one-sided takers, 15 s in every 60; the mid drifts with them at `drift` per s.

    Returns the time and the mid at the end.
    """
    rng = random.Random(seed)
    mid = 100.0
    for t_s in range(seconds):
        is_burst, direction = t_s % 60 < 15, 1 if t_s // 60 % 2 else -1
        mid += rng.gauss(0.0, 0.003) + (drift * direction if is_burst else 0.0)
        for _ in range(3 if is_burst else 1):
            up = rng.random() < (0.5 + 0.45 * direction if is_burst else 0.5)
            alpha.on_trade(t_s + rng.random() / 2, Side.BUY if up else Side.SELL, size)
        alpha.on_mid(t_s + 0.6, mid)
    return float(seconds), mid


def burst(alpha: FlowAlpha, t_s: float, taker: Side, *, size: float = 1.0) -> None:
    for i in range(12):
        alpha.on_trade(t_s + i / 4, taker, size)


@pytest.mark.parametrize(("taker", "sign"), [(Side.BUY, 1.0), (Side.SELL, -1.0)])
def test_takers_who_buy_foretell_a_rise_and_who_sell_a_fall(taker: Side, sign: float) -> None:
    alpha = FlowAlpha()
    burst(alpha, 0.0, taker)
    assert sign * alpha.alpha(3.0, HALF) > 0.0


def test_flow_that_foretells_is_believed_and_flow_that_does_not_is_not() -> None:
    informed, idle = FlowAlpha(), FlowAlpha()
    end_s, _ = market(informed, drift=0.012, seconds=7200, seed=1)
    market(idle, drift=0.0, seconds=7200, seed=1)
    prior = LearnedAlpha().beta(HALF)
    assert informed.learned.beta(HALF) > 1.5 * prior
    assert abs(idle.learned.beta(HALF)) < 0.7 * prior  # two hours wear off a third of it
    for alpha in (informed, idle):
        burst(alpha, end_s, Side.BUY)
    assert informed.alpha(end_s + 3, HALF) > 3 * abs(idle.alpha(end_s + 3, HALF))


def test_alpha_is_bounded_by_two_half_spreads() -> None:
    learned = LearnedAlpha()
    for t_s in range(2000):
        learned.update(float(t_s), 100.0 + t_s, 4.0)
    assert learned.alpha(4.0, HALF) == 2 * HALF
    assert learned.alpha(-4.0, HALF) == -2 * HALF


def test_the_regression_recovers_a_slope_in_spite_of_its_prior() -> None:
    learned, rng = LearnedAlpha(prior_half_spreads=0.0), random.Random(2)
    mid, due = 100.0, [0.0] * 5
    for t_s in range(20_000):
        x = rng.choice((-2.0, 0.0, 2.0))
        due.append(0.003 * x)
        mid += due.pop(0)  # each signal's move comes five seconds after it
        learned.update(float(t_s), mid, x)
    weight = learned.squares / (learned.squares + RIDGE)
    assert learned.beta(HALF) == pytest.approx(0.003 * weight, rel=0.1)


def test_without_a_prior_nothing_is_claimed_before_it_was_seen() -> None:
    assert LearnedAlpha(prior_half_spreads=0.0).alpha(4.0, HALF) == 0.0
    assert LearnedAlpha().alpha(4.0, HALF) == pytest.approx(0.5 / 3 * HALF * 4)


def test_one_huge_trade_counts_as_three() -> None:
    calm, shocked = FlowSignal(), FlowSignal()
    for flow in (calm, shocked):
        for i in range(200):
            flow.trade(i / 2, Side.BUY if i % 2 else Side.SELL, 1.0)
    calm.trade(100.0, Side.BUY, 3.0)
    shocked.trade(100.0, Side.BUY, 1e6)
    assert shocked.z(100.0) == pytest.approx(calm.z(100.0))


def test_the_signal_is_in_its_own_deviations_whatever_the_size_of_a_trade() -> None:
    small, large = FlowAlpha(), FlowAlpha()
    market(small, drift=0.0, seconds=600, seed=3)
    market(large, drift=0.0, seconds=600, seed=3, size=1e5)
    assert large.flow.z(600.0) == pytest.approx(small.flow.z(600.0), rel=1e-9)


def test_the_standardised_flow_has_a_deviation_of_about_one() -> None:
    flow, rng, total = FlowSignal(), random.Random(4), 0.0
    for t_s in range(20_000):
        for _ in range(4):
            flow.trade(t_s + rng.random(), rng.choice((Side.BUY, Side.SELL)), rng.expovariate(1.0))
        total += flow.z(t_s + 1.0) ** 2
    assert sqrt(total / 20_000) == pytest.approx(1.0, abs=0.15)


def test_flow_fades_when_takers_stop() -> None:
    alpha = FlowAlpha()
    burst(alpha, 0.0, Side.BUY)
    assert alpha.flow.z(3.0) > 2.0
    assert alpha.alpha(60.0, HALF) == 0.0


@pytest.mark.parametrize(
    ("z", "wanted"), [(0.0, 0.0), (0.9, 0.0), (-0.9, 0.0), (3.0, 2.0), (-3.0, -2.0), (99.0, 4.0)]
)
def test_less_than_one_deviation_is_noise_and_more_than_five_is_five(
    z: float, wanted: float
) -> None:
    assert signal(z) == wanted


def test_a_gap_is_no_move_and_what_waits_has_a_bound() -> None:
    learned = LearnedAlpha()
    learned.update(0.0, 100.0, 4.0)
    learned.restart()
    learned.update(1000.0, 900.0, 4.0)
    assert learned.products == 0.0
    for i in range(5000):
        learned.update(1000.0 + i / 100, 900.0, 4.0)
        assert len(learned._pending) <= PENDING_MAX


def test_a_clock_that_steps_back_loses_nothing_that_was_learned() -> None:
    alpha = FlowAlpha()
    market(alpha, drift=0.012, seconds=3600, seed=5)
    before = alpha.learned.beta(HALF)
    alpha.on_trade(100.0, Side.BUY, 1.0)
    alpha.on_mid(100.0, 500.0)
    alpha.on_mid(100.5, 501.0)
    assert alpha.learned.beta(HALF) == pytest.approx(before, rel=1e-3)


def test_f14_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput):
        SignedFlow().trade(nan, Side.BUY, 1.0)
    with pytest.raises(InvalidInput):
        FlowSignal().trade(0.0, Side.BUY, nan)
    with pytest.raises(InvalidInput):
        FlowSignal().z(nan)
    for t_s, mid, x in ((nan, 1.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1.0, nan)):
        with pytest.raises(InvalidInput):
            LearnedAlpha().update(t_s, mid, x)


@pytest.mark.parametrize("size", [5e-324, 1e308, nan, 0.0])
def test_f14_a_size_whose_square_is_no_number_is_refused(size: float) -> None:
    flow = FlowSignal()
    with pytest.raises(InvalidInput):
        flow.trade(0.0, Side.BUY, size)
    assert flow.z(1.0) == 0.0
