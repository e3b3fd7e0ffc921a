"""Flow alpha: signal, regression and bounds."""

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
from quoter.pricing.estimators.taker_orders import ORDER_S

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
def test_taker_buys_predict_a_rise_and_taker_sells_a_fall(taker: Side, sign: float) -> None:
    alpha = FlowAlpha()
    burst(alpha, 0.0, taker)
    assert sign * alpha.alpha(3.0, HALF) > 0.0


def test_beta_grows_with_informed_flow_and_shrinks_with_uninformed_flow() -> None:
    informed, idle = FlowAlpha(), FlowAlpha()
    end_s, _ = market(informed, drift=0.012, seconds=7200, seed=1)
    market(idle, drift=0.0, seconds=7200, seed=1)
    prior = LearnedAlpha().beta(HALF)
    assert informed.learned.beta(HALF) > 1.5 * prior
    assert (
        abs(idle.learned.beta(HALF)) < 0.7 * prior
    )  # after two hours a third of the prior's weight is gone
    for alpha in (informed, idle):
        burst(alpha, end_s, Side.BUY)
    assert informed.alpha(end_s + 3, HALF) > 3 * abs(idle.alpha(end_s + 3, HALF))


def test_alpha_is_clipped_to_two_half_spreads() -> None:
    learned = LearnedAlpha()
    for t_s in range(2000):
        learned.update(float(t_s), 100.0 + t_s, 4.0)
    assert learned.alpha(4.0, HALF) == 2 * HALF
    assert learned.alpha(-4.0, HALF) == -2 * HALF


def test_regression_recovers_the_slope_in_spite_of_its_prior() -> None:
    learned, rng = LearnedAlpha(prior_half_spreads=0.0), random.Random(2)
    mid, due = 100.0, [0.0] * 5
    for t_s in range(20_000):
        x = rng.choice((-2.0, 0.0, 2.0))
        due.append(0.003 * x)
        mid += due.pop(0)  # the move of each signal follows five seconds later
        learned.update(float(t_s), mid, x)
    weight = learned.squares / (learned.squares + RIDGE)
    assert learned.beta(HALF) == pytest.approx(0.003 * weight, rel=0.1)


def test_without_prior_alpha_is_zero_before_any_sample() -> None:
    assert LearnedAlpha(prior_half_spreads=0.0).alpha(4.0, HALF) == 0.0
    assert LearnedAlpha().alpha(4.0, HALF) == pytest.approx(0.5 / 3 * HALF * 4)


def test_huge_trade_counts_as_three_mean_sizes() -> None:
    calm, shocked = FlowSignal(), FlowSignal()
    for flow in (calm, shocked):
        for i in range(200):
            flow.trade(i / 2, Side.BUY if i % 2 else Side.SELL, 1.0)
    calm.trade(100.0, Side.BUY, 3.0)
    shocked.trade(100.0, Side.BUY, 1e6)
    assert shocked.z(100.0) == pytest.approx(calm.z(100.0))


def quiet_flow() -> FlowSignal:
    """Takers of size one, a buy and a sell by turns, until 99.5 s."""
    flow = FlowSignal()
    for i in range(200):
        flow.trade(i / 2, Side.BUY if i % 2 else Side.SELL, 1.0)
    return flow


@pytest.mark.parametrize("prints", [2, 40])
def test_order_that_prints_many_trades_counts_once(prints: int) -> None:
    """As at a venue: one trade per resting order that it fills, microseconds apart."""
    whole, split = quiet_flow(), quiet_flow()
    whole.trade(100.0, Side.SELL, 2.0)
    for i in range(prints):
        split.trade(100.0 + i * 1e-6, Side.SELL, 2.0 / prints)
    for flow in (whole, split):
        flow.trade(100.5, Side.BUY, 9.0)  # its cap is three mean sizes
    assert split.z(101.0) == pytest.approx(whole.z(101.0), rel=1e-4)


def test_cap_of_a_size_holds_for_the_whole_order() -> None:
    whole, split = quiet_flow(), quiet_flow()
    whole.trade(100.0, Side.BUY, 1e6)
    for _ in range(50):
        split.trade(100.0, Side.BUY, 1.0)
    assert split.z(100.0) == pytest.approx(whole.z(100.0))


@pytest.mark.parametrize("apart_s", [0.001, 0.02])
def test_two_orders_count_twice(apart_s: float) -> None:
    """They have a trade of the other side between them, or more time."""
    one, two = quiet_flow(), quiet_flow()
    one.trade(100.0, Side.BUY, 2.0)
    two.trade(100.0, Side.BUY, 1.0)
    if apart_s < ORDER_S:
        one.trade(100.0, Side.SELL, 1.0)
        two.trade(100.0, Side.SELL, 1.0)
    two.trade(100.0 + apart_s, Side.BUY, 1.0)
    assert two.z(100.1) > 1.02 * one.z(100.1)


def test_signal_does_not_depend_on_the_unit_of_size() -> None:
    small, large = FlowAlpha(), FlowAlpha()
    market(small, drift=0.0, seconds=600, seed=3)
    market(large, drift=0.0, seconds=600, seed=3, size=1e5)
    assert large.flow.z(600.0) == pytest.approx(small.flow.z(600.0), rel=1e-9)


def test_standardised_flow_has_unit_standard_deviation() -> None:
    flow, rng, total = FlowSignal(), random.Random(4), 0.0
    for t_s in range(20_000):
        for _ in range(4):
            flow.trade(t_s + rng.random(), rng.choice((Side.BUY, Side.SELL)), rng.expovariate(1.0))
        total += flow.z(t_s + 1.0) ** 2
    assert sqrt(total / 20_000) == pytest.approx(1.0, abs=0.15)


def test_flow_decays_without_trades() -> None:
    alpha = FlowAlpha()
    burst(alpha, 0.0, Side.BUY)
    assert alpha.flow.z(3.0) > 2.0
    assert alpha.alpha(60.0, HALF) == 0.0


@pytest.mark.parametrize(
    ("z", "wanted"), [(0.0, 0.0), (0.9, 0.0), (-0.9, 0.0), (3.0, 2.0), (-3.0, -2.0), (99.0, 4.0)]
)
def test_signal_is_zero_below_one_deviation_and_capped_at_five(z: float, wanted: float) -> None:
    assert signal(z) == wanted


def test_gap_drops_pending_samples_and_pending_is_bounded() -> None:
    learned = LearnedAlpha()
    learned.update(0.0, 100.0, 4.0)
    learned.restart()
    learned.update(1000.0, 900.0, 4.0)
    assert learned.products == 0.0
    for i in range(5000):
        learned.update(1000.0 + i / 100, 900.0, 4.0)
        assert len(learned._pending) <= PENDING_MAX


def test_clock_set_back_keeps_the_regression() -> None:
    alpha = FlowAlpha()
    market(alpha, drift=0.012, seconds=3600, seed=5)
    before = alpha.learned.beta(HALF)
    alpha.on_trade(100.0, Side.BUY, 1.0)
    alpha.on_mid(100.0, 500.0)
    alpha.on_mid(100.5, 501.0)
    assert alpha.learned.beta(HALF) == pytest.approx(before, rel=1e-3)


def test_f14_invalid_numbers_raise() -> None:
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
def test_f14_size_whose_square_overflows_raises(size: float) -> None:
    flow = FlowSignal()
    with pytest.raises(InvalidInput):
        flow.trade(0.0, Side.BUY, size)
    assert flow.z(1.0) == 0.0


def test_signal_is_that_of_the_newest_trade_of_the_same_moment() -> None:
    flow = quiet_flow()
    before = flow.z(1_000.0)
    assert flow.z(1_000.0) == before
    flow.trade(1_000.0, Side.BUY, 1.0)
    assert flow.z(1_000.0) > before
