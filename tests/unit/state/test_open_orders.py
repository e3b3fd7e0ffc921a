"""Our orders that may still fill, and the counters that the order rules use."""

from decimal import Decimal

import pytest

from quoter.domain.orders import OrderState
from quoter.domain.trading import CancelReason
from quoter.domain.units import NS_PER_S
from quoter.state import open_orders
from quoter.state.open_orders import OpenOrders
from tests.unit.state.cases import ABC, BUY, SELL, START_NS, exact, reserve


def test_an_order_counts_from_its_approval_on() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1", BUY, "1.5")
    assert order.state is OrderState.RESERVED
    assert (order.ticks, order.price_float, order.created_ns) == (990, 99.0, START_NS)
    assert (orders.leaves(BUY), orders.leaves(SELL)) == (Decimal("1.5"), Decimal(0))
    assert len(orders) == 1
    assert orders.live("q1") is order


def test_a_fill_releases_its_size_and_a_closed_order_the_rest() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1", SELL, "3")
    orders.fill(order, Decimal(1))
    assert (order.filled, order.leaves, orders.leaves(SELL)) == exact(1, 2, 2)
    orders.close(order, OrderState.CANCELED, START_NS + 1)
    assert orders.leaves(SELL) == 0
    assert orders.live("q1") is None
    assert orders.closed("q1") is not None
    assert orders.find("q1") is orders.closed("q1")
    assert (order.state, order.changed_ns) == (OrderState.CANCELED, START_NS + 1)


def test_an_overfill_never_frees_more_than_the_order_had() -> None:
    orders = OpenOrders()
    first, second = reserve(orders, "q1", BUY, "1"), reserve(orders, "q2", BUY, "1")
    orders.fill(first, Decimal(5))
    assert (first.filled, first.leaves) == exact(1, 0)
    assert orders.leaves(BUY) == second.leaves == 1


def test_sides_are_counted_apart() -> None:
    orders = OpenOrders()
    reserve(orders, "q1", BUY, "1")
    reserve(orders, "q2", SELL, "2", "101.0")
    assert (orders.leaves(BUY), orders.leaves(SELL)) == exact(1, 2)
    assert [order.client_id for order in orders.of_side(SELL)] == ["q2"]
    assert [order.client_id for order in orders] == ["q1", "q2"]


def test_counter_mismatch_is_reported_only_if_there_is_one() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1", BUY, "1")
    orders.fill(order, Decimal("0.4"))
    assert orders.counter_mismatch() is None
    order.filled = Decimal("0.5")
    assert orders.counter_mismatch() == "BUY leaves counted 0.6, recounted 0.5"
    order.filled = Decimal("0.4")
    assert orders.counter_mismatch() is None
    order.price = Decimal(100)
    assert orders.counter_mismatch() == "notional of buys counted 59.4, recounted 60"


def test_notional_of_buys_follows_orders_and_fills() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1", BUY, "1")
    reserve(orders, "q2", SELL, "1")
    assert orders.notional_of_buys == 99
    orders.fill(order, Decimal("0.4"))
    assert orders.notional_of_buys == Decimal("59.4")
    orders.close(order, OrderState.CANCELED, START_NS)
    assert orders.notional_of_buys == 0


def test_size_revision_stays_while_an_order_stays_wanted() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1", BUY, "1")
    before = orders.size_revision
    orders.set_state(order, OrderState.PENDING_NEW)
    orders.set_state(order, OrderState.OPEN)
    assert orders.size_revision == before
    orders.set_state(order, OrderState.UNKNOWN)
    assert orders.size_revision != before


def test_order_has_missing_fills_while_the_venue_reports_more() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1")
    order.venue_filled = Decimal("0.5")
    assert order.has_missing_fills
    orders.fill(order, Decimal("0.5"))
    assert not order.has_missing_fills


@pytest.mark.parametrize("state", list(OrderState))
def test_only_resting_and_in_flight_orders_are_wanted(state: OrderState) -> None:
    order = reserve(OpenOrders(), "q1")
    order.state = state
    wanted = {
        OrderState.RESERVED,
        OrderState.PENDING_NEW,
        OrderState.OPEN,
        OrderState.PARTIAL,
    }
    assert order.is_wanted == (state in wanted)
    order.cancel_reason = CancelReason.REQUOTE
    assert not order.is_wanted


def test_order_is_found_by_venue_id_live_or_closed_but_not_by_an_empty_one() -> None:
    orders = OpenOrders()
    alive, closed = reserve(orders, "q1"), reserve(orders, "q2")
    alive.venue_id, closed.venue_id = "v1", "v2"
    orders.close(closed, OrderState.FILLED, START_NS)
    reserve(orders, "q3")
    assert orders.by_venue_id("v1") is alive
    assert orders.by_venue_id("v2") is orders.closed("q2")
    assert orders.by_venue_id("v3") is None
    assert orders.by_venue_id("") is None


def test_venue_id_that_comes_with_the_end_of_an_order_is_remembered() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1")
    orders.close(order, OrderState.FILLED, START_NS)
    orders.learn_venue_id(order, "v1")
    found = orders.by_venue_id("v1")
    assert found is not None
    assert (found.client_id, found.state) == ("q1", OrderState.FILLED)


def test_closed_orders_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_orders, "CLOSED_MAX", 3)
    orders = OpenOrders()
    for number in range(5):
        orders.close(reserve(orders, f"q{number}"), OrderState.CANCELED, START_NS)
    remembered = [name for name in (f"q{n}" for n in range(5)) if orders.closed(name)]
    assert remembered == ["q2", "q3", "q4"]


def test_own_size_at_a_price_is_the_leaves_of_sent_orders() -> None:
    orders = OpenOrders()
    first, second = reserve(orders, "q1", BUY, "1"), reserve(orders, "q2", BUY, "2")
    bids = orders.levels[BUY]
    assert bids.get(99.0, 0.0) == 0.0  # still in our outbox: the book can't contain it
    first.state = second.state = OrderState.OPEN
    orders.fill(second, Decimal("0.5"))
    assert bids.get(99.0, 0.0) == 2.5
    assert bids.get(98.9, 0.0) == 0.0
    assert len(orders.levels[SELL]) == 0


def test_a_closed_order_stays_in_our_sizes_for_the_retention_time() -> None:
    """Published books lag: for a while they still contain it."""
    orders = OpenOrders()
    for number in range(3):
        order = reserve(orders, f"q{number}", SELL, "1", f"10{number}.0")
        orders.close(order, OrderState.CANCELED, START_NS + number * NS_PER_S)
    asks = orders.levels[SELL]
    assert asks.get(100.0, 0.0) == asks.get(102.0, 0.0) == 1.0
    asks.expire(START_NS + NS_PER_S)
    assert (asks.get(100.0, 0.0), asks.get(101.0, 0.0), len(asks)) == (0.0, 1.0, 2)


def test_sizes_of_closed_orders_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_orders, "CLOSED_MAX", 3)
    orders = OpenOrders()
    for number in range(5):
        order = reserve(orders, f"q{number}", SELL, "1", f"10{number}.0")
        orders.close(order, OrderState.CANCELED, START_NS)
    assert len(orders.levels[SELL]) == 3


def test_view_does_not_change_with_later_events() -> None:
    orders = OpenOrders()
    order = reserve(orders, "q1", BUY, "2")
    before = order.view()
    orders.fill(order, Decimal(1))
    assert (before.filled, before.size) == exact(0, 2)
    assert before.state is OrderState.RESERVED
    assert order.view().filled == 1


def test_revision_changes_with_every_change_of_an_order() -> None:
    orders, seen = OpenOrders(), {0}
    order = reserve(orders, "q1", BUY, "3")
    seen.add(orders.revision)
    orders.set_state(order, OrderState.OPEN)
    seen.add(orders.revision)
    orders.fill(order, Decimal(1))
    seen.add(orders.revision)
    orders.request_end(order, CancelReason.REQUOTE, START_NS)
    seen.add(orders.revision)
    orders.regrid(ABC)
    seen.add(orders.revision)
    orders.close(order, OrderState.CANCELED, START_NS)
    seen.add(orders.revision)
    assert len(seen) == 7
    assert (order.cancel_reason, order.end_ns) == (CancelReason.REQUOTE, START_NS)


def test_order_is_in_question_until_it_rests_without_anything_open() -> None:
    order = reserve(OpenOrders(), "q1", BUY, "3")
    assert order.is_in_question
    order.state = OrderState.OPEN
    assert not order.is_in_question
    for name, value in (
        ("next_query_ns", START_NS),
        ("fills_missing_since_ns", START_NS),
        ("venue_filled", Decimal(1)),
        ("cancel_reason", CancelReason.REQUOTE),
        ("is_taking", True),
    ):
        before = getattr(order, name)
        setattr(order, name, value)
        assert order.is_in_question
        setattr(order, name, before)
    assert not order.is_in_question
