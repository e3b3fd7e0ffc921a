"""Tick, lot and minimums may change while we quote: orders follow, or we say why there are none."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import ReconcilePolicy
from tests.unit.engine.cases import CONFIG, EngineHarness, cancels, commands, places
from tests.unit.state.cases import ABC, BUY, SELL

COARSE = replace(ABC, tick=ABC.tick * 3)
MINUTE_NS = 60 * NS_PER_S


def rules(harness: EngineHarness, instrument: Instrument) -> Step:
    return harness.tell(RulesReport(ts_ns=harness.now_ns, instrument=instrument))


def asked(steps: Step | Sequence[Step]) -> int:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return sum(request.kind is ReportKind.RULES for request in found)


def test_the_rules_are_asked_for_on_their_period_and_never_without_one() -> None:
    policy = ReconcilePolicy(rules_ns=10 * NS_PER_S)
    assert asked(EngineHarness(replace(CONFIG, reconcile=policy)).quoting().wait(35.0)) == 3
    assert asked(EngineHarness().quoting().wait(35.0)) == 0


def test_a_refusal_by_a_filter_asks_for_the_rules_at_once_but_not_at_the_venues_speed() -> None:
    harness = EngineHarness().start()
    for side in (BUY, SELL):
        order = harness.wanted(side)
        harness.sent(order)
        harness.reject(order, RejectReason.FILTER)
    assert asked(harness.wait(0.2)) == 1
    assert asked(harness.wait(4.0)) == 0


def test_a_refusal_for_another_reason_asks_nothing() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.reject(order, RejectReason.POST_ONLY)
    assert asked(harness.wait(5.0)) == 0


def test_an_answer_that_did_not_come_is_asked_for_again_after_a_minute() -> None:
    harness = EngineHarness().quoting()
    harness.report_failed(ReportKind.RULES)
    assert asked(harness.wait(59.0)) == 0
    assert asked(harness.wait(2.0)) == 1


def test_orders_follow_a_new_tick() -> None:
    harness = EngineHarness().quoting()
    old = [harness.wanted(side) for side in (BUY, SELL)]
    step = rules(harness, COARSE)
    assert {cancel.client_id for cancel in cancels(step)} == {order.client_id for order in old}
    steps = [step, *(harness.done(order) for order in old), *harness.wait(3.0)]
    assert len(places(steps)) >= 2
    assert all(place.price % COARSE.tick == 0 for place in places(steps))
    assert harness.engine.counts["rules_changed"] == 1


def test_old_orders_are_counted_in_the_new_tick_so_that_none_of_ours_can_cross_them() -> None:
    harness = EngineHarness().quoting()
    buy, sell = harness.wanted(BUY), harness.wanted(SELL)
    rules(harness, COARSE)
    assert (buy.ticks - 1) * COARSE.tick < buy.price <= buy.ticks * COARSE.tick
    assert sell.ticks * COARSE.tick <= sell.price < (sell.ticks + 1) * COARSE.tick


def test_the_same_rules_again_change_nothing() -> None:
    harness = EngineHarness().quoting()
    step = rules(harness, ABC)
    assert cancels(step) == []
    assert harness.engine.counts["rules_changed"] == 0


def test_a_size_that_became_impossible_pauses_us_with_the_reason_until_it_is_possible() -> None:
    harness = EngineHarness().quoting()
    rules(harness, replace(ABC, size_min=Decimal(2)))
    assert harness.causes == {Cause.MARKET_RULES}
    assert harness.state() is TradingState.PAUSED
    assert "QUOTER_ORDER_SIZE 1" in harness.engine.causes.switch.causes[Cause.MARKET_RULES]
    rules(harness, ABC)
    assert harness.causes == set()


def test_a_worth_that_became_too_small_pauses_us_with_the_reason() -> None:
    harness = EngineHarness().quoting()
    rules(harness, replace(ABC, notional_min=Decimal(101)))
    assert harness.causes == {Cause.MARKET_RULES}
    assert "no less than 101" in harness.engine.causes.switch.causes[Cause.MARKET_RULES]
    rules(harness, replace(ABC, notional_min=Decimal(99)))
    assert harness.causes == set()


@pytest.mark.parametrize(("levels", "is_possible"), [(1, False), (2, True)])
def test_a_worth_that_is_too_small_from_the_start_pauses_us_with_the_first_price(
    levels: int, is_possible: bool
) -> None:
    """Two levels carry it to the outer one, where it is enough."""
    pricing = replace(CONFIG.pricing, shape=replace(CONFIG.pricing.shape, levels=levels))
    dear = replace(ABC, notional_min=Decimal(120))
    harness = EngineHarness(replace(CONFIG, instrument=dear, pricing=pricing)).start()
    harness.wait(3.0)
    assert (Cause.MARKET_RULES not in harness.causes) is is_possible
    assert bool(len(harness.engine.orders)) is is_possible
