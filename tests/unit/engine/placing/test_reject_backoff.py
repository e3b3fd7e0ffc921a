"""Per-side back-off for new orders after rejects, on its own."""

from decimal import Decimal

import pytest

from quoter.domain.events import BalanceReport, OrderDone, OrderReject
from quoter.domain.orders import OrderState
from quoter.domain.reasons import DoneReason, RejectReason
from quoter.domain.trading import CancelReason, Cause, TradingState
from quoter.domain.units import NS_PER_MS
from quoter.engine.placing.reject_backoff import REJECT_PAUSE_NS, RejectBackoff
from quoter.engine.step_builder import StepBuilder
from quoter.risk.monitors.reject_streak import REJECTS_MAX
from tests.unit.engine.cases import EngineHarness, places
from tests.unit.state.cases import BUY, SELL


def rejected(reason: RejectReason) -> tuple[EngineHarness, RejectBackoff]:
    """A back-off after one rejected buy, with a newer book than the order was priced from."""
    harness = EngineHarness().quoting()
    backoff = RejectBackoff(market=harness.engine.market, causes=harness.engine.causes)
    order = harness.wanted(BUY)
    event = OrderReject(
        ts_ns=harness.now_ns, client_id=order.client_id, reason=reason, text="rejected"
    )
    backoff.on_order_event(event, order, StepBuilder(event, event.ts_ns))
    return harness, backoff


@pytest.mark.parametrize("reason", [RejectReason.RATE_LIMIT, RejectReason.OTHER])
def test_side_waits_for_the_pause_of_the_reason(reason: RejectReason) -> None:
    harness, backoff = rejected(reason)
    end_ns = harness.now_ns + REJECT_PAUSE_NS[reason]
    assert not backoff.may_create(BUY, end_ns - 1)
    assert backoff.may_create(BUY, end_ns)
    assert backoff.may_create(SELL, harness.now_ns)


def test_post_only_reject_waits_for_a_newer_book() -> None:
    harness, backoff = rejected(RejectReason.POST_ONLY)
    later_ns = harness.now_ns + 60_000 * NS_PER_MS
    assert not backoff.may_create(BUY, later_ns)
    harness.tick()
    harness.book(100.1)
    assert backoff.may_create(BUY, later_ns)


def test_reject_for_lack_of_funds_waits_for_a_later_balance_report() -> None:
    harness, backoff = rejected(RejectReason.BALANCE)
    later_ns = harness.now_ns + REJECT_PAUSE_NS[RejectReason.BALANCE]
    assert backoff.needs_balances
    for asked_ns, may_create in ((harness.now_ns - 1, False), (harness.now_ns, True)):
        backoff.on_balances(BalanceReport(ts_ns=later_ns, asked_ns=asked_ns, free={}, locked={}))
        assert backoff.may_create(BUY, later_ns) is may_create


def test_orders_that_someone_else_cancels_pause_until_a_resume() -> None:
    """A second daemon of this instance cancels what we place, and may never show an own order."""
    harness = EngineHarness().start()
    for _ in range(600):
        harness.tick(0.1)
        harness.book()
        for order in harness.orders(BUY):
            if order.state is OrderState.RESERVED:
                harness.sent(order)
                harness.lives(order)
                harness.done(order)
        harness.rest()
        harness.end()
    assert Cause.REPEATED_EXECUTION in harness.causes
    assert harness.state() is TradingState.PAUSED
    assert len([each for each in places(harness.steps) if each.side is BUY]) == REJECTS_MAX


def test_an_end_that_we_requested_is_no_reason_to_wait() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    order.cancel_reason = CancelReason.REQUOTE
    backoff = RejectBackoff(market=harness.engine.market, causes=harness.engine.causes)
    event = OrderDone(
        ts_ns=harness.now_ns,
        client_id=order.client_id,
        reason=DoneReason.CANCELED,
        filled=Decimal(0),
    )
    for _ in range(2 * REJECTS_MAX):
        backoff.on_order_event(event, order, StepBuilder(event, event.ts_ns))
    assert backoff.may_create(BUY, harness.now_ns)
    assert Cause.REPEATED_EXECUTION not in harness.causes
