"""The references of gamma, and what is saved for the next start."""

from dataclasses import replace
from decimal import Decimal
from math import exp, log

import pytest

from quoter.domain.events import Trade
from quoter.domain.market import Evidence, Side
from quoter.domain.trading import NoQuote
from quoter.engine.config import PricingConfig
from quoter.engine.quoting import calibration as module
from tests.unit.engine.cases import PRICING, EngineHarness, config
from tests.unit.state.cases import ABC


def test_a_market_in_which_gamma_has_no_value_is_not_quoted() -> None:
    """Takers never reach the distance of the fee: nothing measurable is left of A."""
    pricing = replace(PRICING, kappa_prior=1000.0)
    dear = replace(ABC, fee_maker=Decimal("0.01"))
    harness = EngineHarness(config(pricing=pricing, instrument=dear)).start()
    assert not harness.engine.calibration.ready
    assert harness.engine.quoting.latest.terms is None
    assert {off.reason for off in harness.engine.quoting.latest.off} == {NoQuote.NO_SIGMA}
    assert any("cost" in detail for step in harness.steps for _, detail in step.anomalies)


def test_calibration_is_saved_once_it_rests_on_more_than_priors() -> None:
    harness = EngineHarness(config(pricing=replace(PRICING, is_calibrating=True))).quoting()
    assert harness.engine.calibration.learned is None
    fixed = EngineHarness(config(pricing=PRICING)).quoting()
    fixed.wait(2.0)
    assert fixed.engine.calibration.learned is None, "settings are no news"


def test_warm_up_counts_an_order_that_prints_many_trades_as_one_taker() -> None:
    unknown = replace(PRICING, sigma_prior=None, kappa_prior=None, intensity_prior=None)
    rates = []
    for prints in (1, 30):
        pricing = replace(unknown, is_calibrating=True)
        harness = EngineHarness(config(pricing=pricing)).start()
        for tenth in range(60):
            harness.tick()
            harness.book(100.0 + 0.1 * (tenth % 2))
            for _ in range(prints if tenth % 10 == 0 else 0):  # one taker in each window
                harness.give(
                    Trade(ts_ns=harness.now_ns, trade_id="1", price=101.0, size=1.0, taker=Side.BUY)
                )
        estimate = harness.engine.calibration.estimate
        assert estimate is not None
        rates.append(estimate.rate)
    assert rates == pytest.approx([log(2.0), log(2.0)])  # half of the windows of both sides


def test_saved_calibration_carries_its_time() -> None:
    harness = EngineHarness(config(pricing=replace(PRICING, is_calibrating=True))).quoting()
    for _ in range(15):
        harness.give(
            Trade(ts_ns=harness.now_ns, trade_id="1", price=101.0, size=1.0, taker=Side.BUY)
        )
        harness.wait(1.1)
    learned = harness.engine.calibration.learned
    assert learned is not None
    assert learned.ts_ns == harness.now_ns
    assert learned.kappa != 2.0, "the prior"
    assert learned.sigma < 0.05, "nothing moved"


def test_expected_fills_follow_the_live_orders_and_the_mid_that_moved_through_one() -> None:
    """By side takers who reach the nearest order; in total order sizes, of every order."""
    calibration = EngineHarness(config(pricing=PRICING)).quoting().engine.calibration
    reached = calibration._intensity
    assert reached is not None
    at_mid, far = reached.fill_rate(0.0), reached.fill_rate(3.0)
    assert far < at_mid
    start_s = calibration.start_ns * 1e-9 + 100.0
    calibration.on_orders(start_s, {Side.BUY: [], Side.SELL: []})
    for after_s in (0.0, 1.0):
        orders = {Side.BUY: [(3.0, 0.5), (-3.0, 0.25)], Side.SELL: [(3.0, 1.0)]}
        calibration.on_orders(start_s + after_s, orders)
    assert calibration.expected_fills_per_s == pytest.approx(1.5 * far + 0.25 * at_mid)
    takers = calibration.expected_takers_per_s
    assert takers[Side.BUY] >= at_mid * (1.0 - exp(-1.0)) * (1.0 - 1e-6)
    assert takers[Side.SELL] < takers[Side.BUY]


def busy(pricing: PricingConfig, seconds: int) -> EngineHarness:
    """A market without moves in which takers come half a price beyond the touch each second."""
    harness = EngineHarness(config(pricing=pricing)).start()
    for _ in range(seconds):
        for side in Side:
            price = 100.0 + side.sign * 1.0
            harness.give(
                Trade(ts_ns=harness.now_ns, trade_id="1", price=price, size=1.0, taker=side)
            )
        harness.book(100.0)
        harness.wait(1.0, ends=True)
    return harness


PROVISIONAL = replace(PRICING, is_calibrating=True, intensity_prior=None, trades_per_s_prior=500.0)


def test_provisional_references_follow_the_estimates_at_a_limited_speed() -> None:
    calibration = busy(PROVISIONAL, 15).engine.calibration
    first, learned = calibration.references, calibration.learned
    assert first is not None
    assert learned is not None
    assert not calibration.has_fixed_references
    assert first.intensity > 4 * learned.intensity, "the prior was far too large"
    later = busy(PROVISIONAL, 45).engine.calibration.references
    assert later is not None
    assert 2**-0.6 < later.intensity / first.intensity < 2**-0.4


def test_references_are_fixed_once_enough_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROVISIONAL_S", 60.0)
    harness = busy(PROVISIONAL, 65)
    calibration = harness.engine.calibration
    fixed, gamma = calibration.references, calibration.gamma_lot
    assert calibration.has_fixed_references
    (text,) = [
        text
        for step in harness.steps
        for name, text in step.anomalies
        if name == "references_fixed"
    ]
    assert f"-> {gamma:.4g}" in text
    harness.wait(5.0)
    assert (calibration.references, calibration.gamma_lot) == (fixed, gamma)


def test_references_stay_provisional_while_few_takers_were_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROVISIONAL_S", 20.0)
    assert not busy(PROVISIONAL, 30).engine.calibration.has_fixed_references


def test_references_from_kept_figures_are_fixed_at_once() -> None:
    kept = replace(PRICING, is_calibrating=True)
    harness = busy(kept, 20)
    calibration = harness.engine.calibration
    assert calibration.has_fixed_references
    assert calibration.references is not None
    assert (calibration.references.kappa, calibration.references.sigma) == (2.0, 0.05)


def test_references_of_a_later_start_stay_provisional_until_both_runs_have_seen_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kept figures that rest on ten takers are no better than the estimates that follow."""
    monkeypatch.setattr(module, "PROVISIONAL_S", 60.0)
    kept = replace(PRICING, is_calibrating=True, prior_evidence=Evidence(40.0, 10))
    few = busy(kept, 15).engine.calibration
    assert not few.has_fixed_references
    assert few.learned is not None
    assert few.learned.seconds == pytest.approx(54.0, abs=2.0)
    assert few.learned.reaches > 10
    assert busy(kept, 60).engine.calibration.has_fixed_references
    enough = replace(kept, prior_evidence=Evidence(60.0, 100))
    assert busy(enough, 1).engine.calibration.has_fixed_references


def test_later_start_is_not_cold_and_keeps_its_rate_for_the_time_that_it_was_watched() -> None:
    cold = busy(replace(PRICING, is_calibrating=True), 1).engine.calibration.estimate
    kept = replace(PRICING, is_calibrating=True, prior_evidence=Evidence(3_600.0, 200))
    warm = busy(kept, 1).engine.calibration.estimate
    old = replace(kept, prior_evidence=Evidence(3_600.0, 200, age_s=86_400.0))
    assert cold is not None
    assert warm is not None
    assert (cold.multiplier, warm.multiplier) == (1.5, 1.0)
    rates = [
        estimate.rate
        for config in (kept, old)
        if (estimate := busy(config, 15).engine.calibration.estimate) is not None
    ]
    assert rates[1] > 1.3 * rates[0], "the newest 15 s of a busy market weigh more"


def test_gamma_ratio_compares_gamma_with_what_is_learned_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The prior of A is far too large, and so is gamma until its references have followed."""
    first = busy(PROVISIONAL, 15).engine.calibration
    assert first.gamma_ratio is not None
    assert first.gamma_ratio > 2.0
    monkeypatch.setattr(module, "DOUBLING_S", 1.0)
    assert busy(PROVISIONAL, 45).engine.calibration.gamma_ratio == pytest.approx(1.0, rel=0.05)


def test_ratios_of_estimates_are_unknown_before_anything_was_learned() -> None:
    calibration = EngineHarness(config(pricing=PRICING)).quoting().engine.calibration
    assert calibration.gamma_ratio is None
    assert calibration.sigma_ratio is None


def test_sigma_ratio_compares_sigma_with_moves_of_half_a_minute() -> None:
    pricing = replace(PRICING, is_calibrating=True)
    harness = EngineHarness(config(pricing=pricing)).start()
    for second in range(700):
        harness.book(100.0 + 0.1 * (second // 30 % 2))  # one move of 0.1 in each half minute
        harness.wait(1.0, ends=True)
    ratio = harness.engine.calibration.sigma_ratio
    assert ratio is not None
    assert harness.engine.calibration.sigma == pytest.approx(ratio * 0.1 / 30**0.5, rel=0.35)
