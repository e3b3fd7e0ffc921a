"""Per-side back-off for new orders after rejects, on its own."""

import pytest

from quoter.domain.events import BalanceReport, OrderReject
from quoter.domain.reasons import RejectReason
from quoter.domain.units import NS_PER_MS
from quoter.engine.placing.reject_backoff import REJECT_PAUSE_NS, RejectBackoff
from quoter.engine.step_builder import StepBuilder
from tests.unit.engine.cases import EngineHarness
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
