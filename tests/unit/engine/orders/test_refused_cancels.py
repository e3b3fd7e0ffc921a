"""Cancels that are refused because of our key stop new orders until the key works again."""

from quoter.domain.events import Kill
from quoter.domain.reasons import CancelRejectReason, ReportKind
from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import EngineHarness, cancels, commands, places
from tests.unit.state.cases import BUY, SELL

AUTH = CancelRejectReason.AUTH


def refused() -> EngineHarness:
    """A quoting engine that cancels its bid, which the venue refuses because of the key."""
    harness = EngineHarness().quoting()
    harness.cancel_reject(harness.wanted(BUY), AUTH)
    return harness


def text(harness: EngineHarness) -> str:
    return harness.engine.causes.switch.causes[Cause.CANCEL_REFUSED]


def test_a_cancel_that_is_refused_because_of_the_key_stops_new_orders() -> None:
    harness = EngineHarness().quoting()
    bid, ask = harness.wanted(BUY), harness.wanted(SELL)
    step = harness.cancel_reject(bid, AUTH)
    assert harness.causes == {Cause.CANCEL_REFUSED}
    assert harness.state() is TradingState.PAUSED
    assert f"orders that may rest: {bid.client_id}" in text(harness)
    assert {cancel.client_id for cancel in cancels(step)} == {bid.client_id, ask.client_id}
    assert not places(harness.wait(60.0))


def test_a_report_alone_does_not_show_that_cancels_work() -> None:
    """The key may read, and not trade."""
    harness = refused()
    harness.look_again()
    assert Cause.CANCEL_REFUSED in harness.causes


def test_cancels_that_work_again_and_a_report_after_them_end_the_pause() -> None:
    harness = refused()
    asked_ns = harness.now_ns
    harness.tick()
    harness.end()
    harness.open_orders(asked_ns=asked_ns)  # of before
    assert Cause.CANCEL_REFUSED in harness.causes
    requests = {getattr(each, "kind", None) for each in commands(harness.tick())}
    assert ReportKind.OPEN_ORDERS in requests
    harness.open_orders()
    assert Cause.CANCEL_REFUSED not in harness.causes
    assert harness.state() is TradingState.RUNNING


def test_an_answer_about_the_order_shows_that_the_key_is_accepted() -> None:
    harness = refused()
    harness.tick()
    harness.cancel_reject(harness.orders(BUY)[0])  # not found
    harness.tick()
    harness.open_orders()
    assert Cause.CANCEL_REFUSED not in harness.causes


def test_other_refusals_of_a_cancel_do_not_raise_the_cause() -> None:
    for reason in set(CancelRejectReason) - {AUTH}:
        harness = EngineHarness().quoting()
        harness.cancel_reject(harness.wanted(BUY), reason)
        assert Cause.CANCEL_REFUSED not in harness.causes


def test_the_refused_cancel_of_an_order_that_is_not_in_our_books_counts() -> None:
    harness = EngineHarness().quoting()
    bid = harness.wanted(BUY)
    harness.done(bid)
    harness.cancel_reject(bid, AUTH)
    assert Cause.CANCEL_REFUSED in harness.causes
    harness.tick()
    harness.open_orders()
    assert Cause.CANCEL_REFUSED not in harness.causes


def test_a_kill_keeps_the_cause_that_says_which_orders_may_rest() -> None:
    harness = refused()
    harness.operator(Kill)
    orders = [*harness.orders(BUY), *harness.orders(SELL)]
    for order in orders:
        harness.cancel_reject(order, AUTH)
    assert harness.state() is TradingState.KILLED
    assert all(order.client_id in text(harness) for order in orders)
