"""Changes of tick, lot and minimums while we quote: orders follow, or a cause gives the reason."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import FeedDown, FeedUp, RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.market import Stream
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import ReconcilePolicy
from tests.unit.engine.cases import CONFIG, EngineHarness, cancels, commands, places
from tests.unit.state.cases import ABC, BUY, SELL

COARSE = replace(ABC, tick=ABC.tick * 3)
MINUTE_NS = 60 * NS_PER_S


def rules(harness: EngineHarness, instrument: Instrument, refusal: str = "") -> Step:
    return harness.give(RulesReport(ts_ns=harness.now_ns, instrument=instrument, refusal=refusal))


def asked(steps: Step | Sequence[Step]) -> int:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return sum(request.kind is ReportKind.RULES for request in found)


def test_rules_are_requested_periodically_and_never_without_a_period() -> None:
    policy = ReconcilePolicy(rules_ns=10 * NS_PER_S)
    assert asked(EngineHarness(replace(CONFIG, reconcile=policy)).quoting().wait(35.0)) == 3
    assert asked(EngineHarness().quoting().wait(35.0)) == 0


@pytest.mark.parametrize("reason", [RejectReason.FILTER, RejectReason.OTHER])
def test_reject_that_may_be_due_to_rules_requests_them_with_a_minimum_pause(
    reason: RejectReason,
) -> None:
    """A closed or delisted market refuses with an error that has no class of its own."""
    harness = EngineHarness().start()
    for side in (BUY, SELL):
        order = harness.wanted(side)
        harness.sent(order)
        harness.reject(order, reason)
    assert asked(harness.wait(0.2)) == 1
    assert asked(harness.wait(4.0)) == 0


def test_other_rejects_do_not_request_the_rules() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.reject(order, RejectReason.POST_ONLY)
    assert asked(harness.wait(5.0)) == 0


@pytest.mark.parametrize("stream", list(Stream))
def test_reconnect_requests_the_rules_once(stream: Stream) -> None:
    """The venue may have changed them meanwhile; a finer tick makes no order fail."""
    harness = EngineHarness().quoting()
    harness.give(FeedDown(ts_ns=harness.now_ns, stream=stream, text="lost"))
    assert asked(harness.wait(2.0)) == 0
    harness.give(FeedUp(ts_ns=harness.now_ns, stream=stream))
    assert asked(harness.wait(2.0)) == 1
    assert asked(harness.wait(30.0)) == 0


def test_unanswered_request_for_rules_is_repeated_after_a_minute() -> None:
    harness = EngineHarness().quoting()
    harness.report_failed(ReportKind.RULES)
    assert asked(harness.wait(59.0)) == 0
    assert asked(harness.wait(2.0)) == 1


def test_market_that_is_refused_pauses_and_is_requested_until_it_can_be_quoted() -> None:
    harness = EngineHarness().quoting()
    step = rules(harness, ABC, "ABC/XYZ is not trading")
    assert harness.engine.causes.state is TradingState.PAUSED
    assert "is not trading" in harness.engine.causes.switch.causes[Cause.MARKET_RULES]
    assert len(cancels(step)) == 2
    assert asked(harness.wait(14.0)) == 0
    assert asked(harness.wait(1.5)) == 1
    harness.report_failed(ReportKind.RULES)
    assert asked(harness.wait(14.0)) == 0
    assert asked(harness.wait(1.5)) == 1
    rules(harness, ABC)
    assert Cause.MARKET_RULES not in harness.engine.causes.switch.causes
    assert harness.engine.instrument.now == CONFIG.instrument
    assert asked(harness.wait(30.0)) == 0


def test_orders_follow_a_new_tick() -> None:
    harness = EngineHarness().quoting()
    old = [harness.wanted(side) for side in (BUY, SELL)]
    step = rules(harness, COARSE)
    assert {cancel.client_id for cancel in cancels(step)} == {order.client_id for order in old}
    steps = [step, *(harness.done(order) for order in old), *harness.wait(3.0)]
    assert len(places(steps)) >= 2
    assert all(place.price % COARSE.tick == 0 for place in places(steps))
    assert harness.engine.counts["rules_changed"] == 1


def test_old_orders_are_counted_in_the_new_tick() -> None:
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


def test_order_size_outside_new_rules_pauses_until_it_is_allowed() -> None:
    harness = EngineHarness().quoting()
    rules(harness, replace(ABC, size_min=Decimal(2)))
    assert harness.causes == {Cause.MARKET_RULES}
    assert harness.state() is TradingState.PAUSED
    assert (
        "QUOTER_ORDER_SIZE: the venue accepts"
        in harness.engine.causes.switch.causes[Cause.MARKET_RULES]
    )
    rules(harness, ABC)
    assert harness.causes == set()


def test_notional_below_new_rules_pauses_with_the_reason() -> None:
    harness = EngineHarness().quoting()
    rules(harness, replace(ABC, notional_min=Decimal(101)))
    assert harness.causes == {Cause.MARKET_RULES}
    assert "no order below 101" in harness.engine.causes.switch.causes[Cause.MARKET_RULES]
    rules(harness, replace(ABC, notional_min=Decimal(99)))
    assert harness.causes == set()


@pytest.mark.parametrize(("levels", "is_possible"), [(1, False), (2, True)])
def test_notional_too_small_at_the_start_pauses_with_the_first_price(
    levels: int, is_possible: bool
) -> None:
    """With two levels the size is added to the outer one, where it is enough."""
    pricing = replace(CONFIG.pricing, shape=replace(CONFIG.pricing.shape, levels=levels))
    dear = replace(ABC, notional_min=Decimal(120))
    harness = EngineHarness(replace(CONFIG, instrument=dear, pricing=pricing)).start()
    harness.wait(3.0)
    assert (Cause.MARKET_RULES not in harness.causes) is is_possible
    assert bool(len(harness.engine.orders)) is is_possible


def test_tick_that_exceeds_a_limit_in_basis_points_pauses_with_the_reason() -> None:
    """Else `price_jump` would pause at each move of the price, and nobody would know why."""
    policy = replace(CONFIG.activity, price_jump=0.02)
    harness = EngineHarness(replace(CONFIG, activity=policy)).quoting()
    rules(harness, replace(ABC, tick=Decimal(3)))
    assert harness.causes == {Cause.MARKET_RULES}
    text = harness.engine.causes.switch.causes[Cause.MARKET_RULES]
    assert text.startswith("QUOTER_PRICE_JUMP_BPS: one tick (3) is ")
