"""The market without our own orders."""

from decimal import Decimal

from quoter.domain.market import Level
from quoter.domain.orders import OrderState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import BookPolicy
from quoter.engine.market.view import OWN_LINGER_NS, MarketView
from quoter.state.open_orders import OpenOrders
from tests.unit.state.cases import BUY, START_NS, delta, levels, reserve, snapshot, top

PLACED = (("q1", "99.9"), ("q2", "99.8"))


def view() -> tuple[MarketView, OpenOrders]:
    orders = OpenOrders()
    return MarketView(orders, BookPolicy(stale_ns=3 * NS_PER_S)), orders


def test_mid_excludes_our_own_orders() -> None:
    market, orders = view()
    order = reserve(orders, "q1", BUY, "5", "99.9")
    order.state = OrderState.OPEN
    market.apply(snapshot())
    assert market.bid == Level(99.8, 7.0)
    assert market.mid == (99.8 + 100.1) / 2


def test_unsent_order_is_not_taken_out_of_the_book() -> None:
    market, orders = view()
    reserve(orders, "q1", BUY, "5", "99.9")
    market.apply(snapshot())
    assert market.bid == Level(99.9, 5.0)


def test_closed_order_is_excluded_while_published_books_may_contain_it() -> None:
    market, orders = view()
    order = reserve(orders, "q1", BUY, "5", "99.9")
    order.state = OrderState.OPEN
    orders.close(order, OrderState.CANCELED, START_NS)
    market.apply(snapshot())
    market.expire_own_orders(START_NS + OWN_LINGER_NS)
    assert market.bid == Level(99.8, 7.0)
    market.expire_own_orders(START_NS + OWN_LINGER_NS + 1)
    assert market.bid == Level(99.9, 5.0)


def test_fill_that_the_depth_lacks_does_not_move_the_mid() -> None:
    market, orders = view()
    order = reserve(orders, "q1", BUY, "5", "99.9")
    order.state, order.filled_ns = OrderState.PARTIAL, START_NS
    orders.fill(order, Decimal(4))
    market.apply(snapshot())
    assert market.bid == Level(99.8, 7.0)


def test_ends_and_fills_become_visible_when_books_must_show_them() -> None:
    market, orders = view()
    first, order = (reserve(orders, name, BUY, "5", price) for name, price in PLACED)
    for one in (first, order):
        orders.set_state(one, OrderState.OPEN)
    market.apply(snapshot(10, levels((99.9, 5.0), (99.8, 7.0), (99.7, 1.0))))
    assert market.bid == Level(99.8, 2.0)
    order.filled_ns = START_NS
    orders.fill(order, Decimal(4))
    market.expire_own_orders(START_NS + OWN_LINGER_NS - 1)
    assert market.bid == Level(99.8, 2.0)
    market.expire_own_orders(START_NS + OWN_LINGER_NS)
    assert market.bid == Level(99.8, 6.0)  # the last update shows the fill by now
    orders.close(first, OrderState.CANCELED, START_NS + NS_PER_S)
    market.expire_own_orders(START_NS + NS_PER_S)
    assert market.bid == Level(99.8, 6.0)


def test_an_order_counts_as_ours_from_its_first_state_on() -> None:
    market, orders = view()
    market.apply(snapshot())
    order = reserve(orders, "q1", BUY, "5", "99.9")
    market.expire_own_orders(START_NS)
    assert market.bid == Level(99.9, 5.0)
    orders.set_state(order, OrderState.PENDING_NEW)
    market.expire_own_orders(START_NS)
    assert market.bid == Level(99.8, 7.0)


def test_faults_leave_no_market() -> None:
    market, _ = view()
    market.apply(snapshot())
    assert market.apply(delta(99, 100)) is not None
    assert market.mid is None
    market.apply(snapshot(200))
    assert market.apply(top(201, (100.0, 1.0), (99.0, 1.0))) is not None
    assert market.mid is None


def test_a_lost_feed_has_no_market() -> None:
    market, _ = view()
    market.apply(snapshot())
    market.invalidate()
    assert market.mid is None


def test_levels_are_those_of_others_on_both_sides() -> None:
    market, orders = view()
    order = reserve(orders, "q1", BUY, "2", "99.9")
    order.state = OrderState.OPEN
    market.apply(snapshot())
    bids, asks = market.levels(1)
    assert (bids, asks) == (levels((99.9, 3.0)), levels((100.1, 4.0)))
