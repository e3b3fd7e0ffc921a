"""Effects of order events: no order is dropped because of silence."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import QueryOrder
from quoter.domain.events import Drain, OrderAck, OrderDone, OrderOpen, Pause
from quoter.domain.orders import OrderState
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason
from quoter.domain.trading import CancelReason, Cause, TradingState
from quoter.state.open_orders import OpenOrder
from tests.unit.engine.cases import (
    ONE_ORDER,
    EngineHarness,
    cancels,
    commands,
    listed,
    places,
    state,
)
from tests.unit.state.cases import BUY, SELL

S = OrderState


def test_an_order_is_reserved_then_sent_then_open() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    assert state(order) is S.RESERVED
    harness.sent(order)
    assert state(order) is S.PENDING_NEW
    step = harness.ack(order)
    assert state(order) is S.OPEN
    assert order.venue_id == f"v-{order.client_id}"
    (change,) = step.orders
    assert (change.before, change.after) == (S.PENDING_NEW, S.OPEN)


def test_a_refused_order_releases_its_reservation() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.reject(order, RejectReason.OTHER)
    assert state(order) is S.REJECTED
    assert harness.engine.orders.leaves(BUY) == 0


def test_a_stream_event_before_the_answer_opens_the_order() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.lives(order)
    harness.ack(order)
    assert state(order) is S.OPEN
    assert harness.engine.counts["illegal_transition"] == 0


def test_fills_are_booked_once_and_release_their_size() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    reported = harness.fill_of(order, "0.4")
    step = harness.give(reported)
    assert state(order) is S.PARTIAL
    assert step.booked[0].inventory == Decimal("0.4")
    assert harness.give(reported).booked == ()
    assert order.leaves == Decimal("0.6")
    harness.fill(order, "0.6")
    assert state(order) is S.FILLED
    assert harness.engine.inventory.net == 1


def test_a_fill_before_any_answer_is_booked() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.fill(order, "1")
    harness.ack(order)
    assert state(order) is S.FILLED
    assert harness.state() is TradingState.RUNNING


# silence


def test_create_without_an_answer_is_kept_and_cancelled() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    step = harness.unknown(order)
    assert state(order) is S.UNKNOWN
    assert harness.engine.orders.live(order.client_id) is order
    assert [cancel.reason for cancel in cancels(step)] == [CancelReason.UNKNOWN]
    harness.wait(14.0)
    assert harness.engine.orders.live(order.client_id) is order


def test_missing_answer_of_an_order_seen_open_changes_nothing() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.lives(order)
    harness.unknown(order)
    assert state(order) is S.OPEN


@pytest.mark.parametrize("reason", list(CancelRejectReason))
def test_a_cancel_that_failed_never_closes_an_order(reason: CancelRejectReason) -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.operator(Pause)
    harness.cancel_reject(order, reason)
    assert state(order) is S.PENDING_CANCEL
    assert harness.engine.orders.leaves(BUY) == order.size
    assert harness.engine.counts[f"cancel_{reason}"] == 1


# After a refusal of the key no order follows at all: test_refused_cancels.py
@pytest.mark.parametrize("reason", sorted({*CancelRejectReason} - {CancelRejectReason.AUTH}))
def test_f22_a_failed_cancel_leaves_its_order_in_the_exposure(reason: CancelRejectReason) -> None:
    """5xx, silence or "no such order": no headroom for another one before a clear end."""
    harness = EngineHarness(ONE_ORDER).quoting()
    order = harness.wanted(BUY)
    steps = [harness.book(99.0)]
    for _ in range(8):
        steps += harness.wait(0.5)
        steps.append(harness.cancel_reject(order, reason))
        seen = harness.engine.snapshot()
        assert (seen.exposure_buy, seen.inventory) == (Decimal(1), Decimal(0))
        assert order.client_id in {view.client_id for view in seen.orders}
    assert harness.engine.counts[f"cancel_{reason}"] == 8
    assert len([c for c in cancels(steps) if c.client_id == order.client_id]) > 2
    assert [new for new in places(steps) if new.side is BUY] == []
    (new,) = [new for new in places(harness.done(order)) if new.side is BUY]
    assert new.size == 1


def test_f22_after_failed_cancels_no_order_counts_as_ended() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Drain)
    for order in list(harness.engine.orders):
        harness.cancel_reject(order, CancelRejectReason.NO_ANSWER)
    harness.wait(5.0)
    assert not harness.engine.has_no_orders
    for order in list(harness.engine.orders):
        harness.done(order)
    assert harness.engine.has_no_orders


def test_order_not_found_by_a_cancel_is_queried_at_once() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.operator(Pause)
    harness.cancel_reject(order)
    asked = [c for c in commands(harness.tick()) if isinstance(c, QueryOrder)]
    assert [query.client_id for query in asked] == [order.client_id]


def test_a_cancel_is_repeated_until_the_order_is_over() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.operator(Pause)
    sent: list[float] = []
    for tenth in range(1, 81):
        found = [c for c in cancels(harness.wait(0.1)) if c.client_id == order.client_id]
        sent += [tenth / 10] * len(found)
    assert sent == [0.5, 1.5, 3.5, 5.5, 7.5]
    harness.done(order)
    assert [c for c in cancels(harness.wait(5.0)) if c.client_id == order.client_id] == []


def test_cancel_waits_for_the_answer_to_its_create() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    assert cancels(harness.operator(Pause)) != []  # the other one is still in our outbox
    assert [c for c in cancels(harness.wait(0.4)) if c.client_id == order.client_id] == []
    sent = [c for c in cancels(harness.wait(0.4)) if c.client_id == order.client_id]
    assert len(sent) == 1
    assert state(order) is S.PENDING_CANCEL


def test_a_cancel_follows_the_answer_to_its_create() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.operator(Pause)
    harness.ack(order)
    sent = [c for c in cancels(harness.tick()) if c.client_id == order.client_id]
    assert [cancel.venue_id for cancel in sent] == [order.venue_id]


# the end


def test_an_order_that_ended_with_all_its_fills_booked_is_closed() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.fill(order, "0.5")
    harness.done(order, "0.5")
    assert state(order) is S.CANCELED


def test_an_order_that_ended_with_fills_missing_here_counts_until_they_are_booked() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    first, second = harness.fill_of(order, "0.3"), harness.fill_of(order, "0.3")
    harness.done(order, "0.6")
    assert state(order) is S.CLOSED_UNSETTLED
    harness.give(first)
    assert state(order) is S.CLOSED_UNSETTLED
    assert order.leaves == Decimal("0.7")
    harness.give(second)
    assert state(order) is S.CANCELED
    assert cancels(harness.wait(3.0)) == []


def test_order_that_ended_filled_closes_with_its_last_fill() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order, "1", DoneReason.FILLED)
    harness.fill(order)
    assert state(order) is S.FILLED


def test_end_that_reports_less_than_booked_is_a_conflict() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.fill(order, "0.5")
    harness.done(order, "0.4")
    assert Cause.LEDGER_CONFLICT in harness.causes
    assert harness.state() is TradingState.KILLED


def test_one_trade_id_with_two_contents_is_a_conflict() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    reported = harness.fill_of(order, "0.5")
    harness.give(reported)
    harness.give(replace(reported, size=Decimal("0.6")))
    assert Cause.LEDGER_CONFLICT in harness.causes
    assert harness.engine.inventory.net == Decimal("0.5")


@pytest.mark.parametrize("end", ["canceled", "filled", "rejected"])
def test_a_fill_after_the_end_is_booked_and_kills(end: str) -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    if end == "canceled":
        harness.done(order)
    elif end == "filled":
        harness.fill(order)
    else:
        harness = EngineHarness().start()
        order = harness.wanted(BUY)
        harness.reject(order)
    before = harness.engine.inventory.net
    harness.fill(order, "0.5")
    assert harness.engine.inventory.net == before + Decimal("0.5")
    assert Cause.ORDER_REAPPEARED in harness.causes
    assert harness.state() is TradingState.KILLED


def test_late_end_that_reports_more_than_booked_kills() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order)
    harness.done(order)
    assert harness.state() is TradingState.RUNNING
    harness.done(order, "0.5")
    assert Cause.ORDER_REAPPEARED in harness.causes


def test_a_fill_above_what_was_left_breaks_an_invariant() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.fill(order, "1.5")
    assert Cause.INVARIANT_BROKEN in harness.causes
    assert harness.engine.inventory.net == Decimal("1.5")
    assert harness.engine.orders.counter_mismatch() is None


def test_a_fill_on_the_other_side_than_its_order_breaks_an_invariant() -> None:
    """Inventory would change one way and the reservation the other."""
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.give(replace(harness.fill_of(order, "0.5"), side=SELL))
    assert Cause.INVARIANT_BROKEN in harness.causes


def test_closed_order_that_seems_open_is_queried_at_a_limited_rate() -> None:
    """The answer to the query may show the order open again."""
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order)
    steps = [harness.lives(order) for _ in range(50)]
    sent = [c for c in commands(steps) if getattr(c, "client_id", "") == order.client_id]
    assert len(sent) == 2
    assert {type(c).__name__ for c in sent} == {"QueryOrder", "CancelOrder"}
    harness.wait(1.1)
    assert len(commands(harness.lives(order))) == 2


def test_filled_order_may_be_listed_as_open_for_a_while() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.fill(order)
    late = [harness.lives(order), harness.ack(order)]
    assert [c for c in commands(late) if getattr(c, "client_id", "") == order.client_id] == []


def test_reject_of_an_order_seen_open_releases_nothing() -> None:
    """Two answers contradict each other: the one that costs less if wrong is used."""
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.operator(Pause)
    assert state(order) is S.PENDING_CANCEL
    harness.reject(order)
    assert state(order) is S.PENDING_CANCEL
    asked = [c for c in commands(harness.tick()) if isinstance(c, QueryOrder)]
    assert [query.client_id for query in asked] == [order.client_id]


def test_event_of_an_unknown_order_is_counted() -> None:
    harness = EngineHarness().quoting()
    harness.give(
        OrderDone(
            ts_ns=harness.now_ns,
            client_id="q01ghost",
            reason=DoneReason.CANCELED,
            filled=Decimal(1),
        )
    )
    assert harness.engine.counts["unknown_client_id"] == 1


# fills that carry only the venue's id of their order


@pytest.mark.parametrize("named_by", ["ack", "open", "done"])
def test_fill_before_its_orders_venue_id_is_booked_later(named_by: str) -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.give(replace(harness.fill_of(order), client_id="", venue_id="v7"))
    assert harness.engine.inventory.net == 0
    now_ns, name = harness.now_ns, order.client_id
    match named_by:
        case "ack":
            harness.give(OrderAck(ts_ns=now_ns, client_id=name, venue_id="v7"))
        case "open":
            harness.give(OrderOpen(ts_ns=now_ns, order=listed(order)._replace(venue_id="v7")))
        case _:
            harness.give(
                OrderDone(
                    ts_ns=now_ns,
                    client_id=name,
                    reason=DoneReason.FILLED,
                    filled=order.size,
                    venue_id="v7",
                )
            )
    assert harness.engine.inventory.net == 1
    assert state(order) is S.FILLED
    assert harness.engine.counts["illegal_transition"] == 0


def test_a_fill_that_names_only_the_venues_id_finds_its_order() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.give(replace(harness.fill_of(order), client_id=""))
    assert state(order) is S.FILLED


def test_fill_reported_with_and_without_the_client_id_is_booked_once() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    reported = replace(harness.fill_of(order, "0.5"), venue_id="v7")
    harness.give(replace(reported, client_id=""))
    harness.give(reported)
    harness.give(OrderAck(ts_ns=harness.now_ns, client_id=order.client_id, venue_id="v7"))
    assert harness.engine.inventory.net == Decimal("0.5")
    assert harness.state() is TradingState.RUNNING


def test_unmatched_fill_waits_while_an_older_order_has_no_venue_id() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.unknown(order)
    harness.give(replace(harness.fill_of(order), client_id="", venue_id="v7"))
    harness.wait(14.0)
    assert harness.engine.counts["foreign_fill"] == 0
    harness.give(OrderOpen(ts_ns=harness.now_ns, order=listed(order)._replace(venue_id="v7")))
    assert harness.engine.inventory.net == 1


def test_number_of_unmatched_fills_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quoter.engine.orders.unmatched_fills.UNMATCHED_FILLS_MAX", 3)
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    for _ in range(5):
        harness.give(replace(harness.fill_of(order), client_id="human", venue_id="v77"))
    assert len(harness.engine.lifecycle.unmatched_fills) == 3
    assert harness.engine.counts["unmatched_fill"] == 5


# impossible events


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-1", "0"])
@pytest.mark.parametrize("what", ["size", "price"])
def test_impossible_fill_is_not_booked_and_kills(what: str, number: str) -> None:
    """Something traded and its amount is unknown: no figure can be relied on."""
    harness = EngineHarness().quoting()
    reported = harness.fill_of(harness.wanted(BUY))
    harness.give(replace(reported, **{what: Decimal(number)}))  # type: ignore[arg-type]  # by name
    assert harness.engine.inventory.net == 0
    assert Cause.LEDGER_CONFLICT in harness.causes


@pytest.mark.parametrize("fee", ["NaN", "Infinity"])
def test_impossible_fee_is_not_booked_and_kills(fee: str) -> None:
    harness = EngineHarness().quoting()
    harness.give(replace(harness.fill_of(harness.wanted(BUY)), fee=Decimal(fee)))
    assert Cause.LEDGER_CONFLICT in harness.causes
    assert harness.engine.inventory.cash == 100_000


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-1"])
def test_impossible_cumulative_size_is_ignored(number: str) -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order, number)
    harness.lives(order, number)
    assert not state(order).is_terminal
    assert harness.engine.counts["bad_cumulative_fill"] == 2


def filled_short() -> tuple[EngineHarness, OpenOrder]:
    """An order that the venue calls filled, with half of its size as filled size."""
    harness = EngineHarness(ONE_ORDER).quoting()
    order = harness.wanted(BUY)
    harness.fill(order, "0.5")
    harness.done(order, "0.5", DoneReason.FILLED)
    return harness, order


def test_an_order_filled_whole_with_a_smaller_filled_size_waits_for_its_fills() -> None:
    harness, order = filled_short()
    assert state(order) is S.CLOSED_UNSETTLED
    assert harness.engine.counts["filled_size_short"] == 1
    assert harness.engine.orders.leaves(BUY) == Decimal("0.5")
    harness.trades(harness.fill_of(order, "0.5"))
    assert state(order) is S.FILLED
    assert harness.causes == set()


def test_fills_that_such_an_order_lacks_for_long_are_a_difference_of_the_books() -> None:
    harness, order = filled_short()
    harness.wait(9.0)
    assert Cause.RECONCILIATION not in harness.causes
    harness.wait(2.0)
    assert Cause.RECONCILIATION in harness.causes
    assert order.client_id in harness.engine.causes.switch.causes[Cause.RECONCILIATION]
