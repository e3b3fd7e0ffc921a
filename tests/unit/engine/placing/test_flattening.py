"""Flat by a person's order: down to the target by bounded slices, one at a time, and no further."""

from decimal import Decimal

import pytest

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.reasons import DoneReason, OperatorAction
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.state.open_orders import OpenOrder
from tests.unit.engine.cases import Desk, cancels, config, limits, places
from tests.unit.state.cases import BUY, SELL


def holding(net: str, *, size_max: str = "5", quantity_max: str = "10") -> Desk:
    """A desk that has come to hold `net`, long or short, and quotes."""
    bounds = limits(size_max=Decimal(size_max), inventory_max=Decimal(quantity_max))
    desk = Desk(config(limits=bounds, opening=holdings(net))).quoting()
    assert desk.engine.inventory.net == Decimal(net)
    return desk


def holdings(net: str) -> dict[str, Decimal]:
    return {"ABC": Decimal(100) + Decimal(net), "USD": Decimal(100_000)}


def flatten(desk: Desk, seconds: float = 0.3) -> list[PlaceOrder]:
    """Ask for flat once no quote is left."""
    first = len(desk.steps)
    desk.alarm(Cause.LOOP_LAG)
    desk.end()
    desk.operator(OperatorAction.FLATTEN)
    desk.alarm(Cause.LOOP_LAG, active=False)
    desk.wait(seconds, ends=True)
    return places(desk.steps[first:])


def since(desk: Desk, seconds: float = 1.0) -> list[PlaceOrder]:
    """What is sent upon a new book, and a while after."""
    first = len(desk.steps)
    desk.tick()
    desk.book()
    desk.wait(seconds, ends=True)
    return places(desk.steps[first:])


def taking(desk: Desk) -> OpenOrder:
    (order,) = [order for order in desk.engine.orders if order.is_taking]
    return order


def takes(desk: Desk, size: str, price: str) -> Step:
    """The slice under way fills so much and ends, as the private stream tells it."""
    order = taking(desk)
    if order.state is OrderState.RESERVED:
        desk.sent(order)
    desk._trades += 1
    fill = Fill(
        ts_ns=desk.now_ns,
        trade_id=str(desk._trades),
        client_id=order.client_id,
        venue_id="v",
        side=order.side,
        price=Decimal(price),
        size=Decimal(size),
        fee=Decimal(0),
        fee_asset="USD",
        is_maker=False,
    )
    step = desk.tell(fill)
    if order.state is not OrderState.FILLED:
        return desk.done(order, size, DoneReason.EXPIRED)
    return step


@pytest.mark.parametrize(("net", "side"), [("3", SELL), ("-3", BUY)])
def test_the_first_slice_takes_what_there_is_to_reduce_within_reach_of_the_touch(
    net: str, side: Side
) -> None:
    desk = holding(net)
    (order,) = flatten(desk)
    assert (order.side, order.size) == (side, Decimal(3))
    assert order.time_in_force is TimeInForce.IOC
    touch = Decimal("99.5") if side is SELL else Decimal("100.5")
    assert side.sign * (order.price - touch) >= 0
    assert abs(order.price - touch) <= touch * Decimal("0.0005")


def test_quotes_go_first_and_what_of_them_may_still_fill_is_not_sold_twice() -> None:
    desk = holding("3")
    desk.book()
    asks = sum((o.leaves for o in desk.orders(SELL)), start=Decimal(0))
    step = desk.operator(OperatorAction.FLATTEN)
    assert {cancel.client_id for cancel in cancels(step)} == {
        order.client_id for order in desk.engine.orders if not order.is_taking
    }
    sent = [*places(step), *places(desk.wait(1.0))]
    assert sum(order.size for order in sent) == Decimal(3) - asks


def test_one_slice_at_a_time_none_above_the_order_size_until_nothing_is_left() -> None:
    desk = holding("5", size_max="2")
    assert [order.size for order in flatten(desk)] == [Decimal(2)]
    assert not places(desk.wait(5.0))
    for left in ("2", "1"):
        takes(desk, "2", "99.5")
        (order,) = since(desk)
        assert order.size == Decimal(left)
    takes(desk, "1", "99.5")
    desk.book()
    assert not places(desk.wait(10.0))
    assert desk.engine.counts["flat"] == 1
    assert desk.causes == {Cause.OPERATOR_FLATTEN}
    assert desk.state() is TradingState.REDUCE_ONLY


def test_a_slice_that_finds_too_little_is_followed_by_one_from_a_newer_book() -> None:
    desk = holding("3")
    flatten(desk)
    takes(desk, "1", "99.5")
    desk.tick(0.3)
    assert not [order for order in desk.engine.orders if order.is_taking]
    order = places([desk.book(mid=99.0), *desk.wait(0.3)])[0]
    assert order.size == Decimal(2)
    assert Decimal("98.4") <= order.price <= Decimal("98.5")


def test_a_book_that_stands_still_is_taken_from_again_after_a_while() -> None:
    desk = holding("3")
    flatten(desk)
    takes(desk, "1", "99.5")
    assert not places(desk.wait(1.5))
    assert places(desk.wait(1.0))


def test_what_the_venue_would_not_take_stays() -> None:
    desk = holding("0.001")
    assert flatten(desk, 5.0) == []
    assert desk.engine.counts["flat"] == 1


def test_a_slice_without_an_answer_keeps_its_size_and_holds_the_next() -> None:
    """It may have filled: a second one could flip us."""
    desk = holding("3")
    flatten(desk)
    order = taking(desk)
    desk.sent(order)
    desk.unknown(order)
    desk.book()
    assert not places(desk.wait(8.0))


def test_an_answer_that_comes_after_the_end_of_a_slice_is_no_sign_of_life() -> None:
    desk = holding("3")
    flatten(desk)
    order = taking(desk)
    takes(desk, "1", "99.5")
    step = desk.ack(order)
    assert not step.commands
    assert not cancels(step)
    assert desk.engine.counts["late_life"] == 0


def test_a_slice_that_is_said_to_rest_is_asked_about_within_a_second_or_so() -> None:
    desk = holding("3")
    flatten(desk)
    order = taking(desk)
    desk.sent(order)
    desk.ack(order)
    asked = [c for s in desk.wait(2.0) for c in s.commands if type(c).__name__ == "QueryOrder"]
    assert asked


def test_nothing_is_sold_while_we_are_paused_and_it_goes_on_afterwards() -> None:
    desk = holding("3")
    desk.alarm(Cause.CLOCK)
    assert flatten(desk, 3.0) == []
    desk.alarm(Cause.CLOCK, active=False)
    since(desk)
    assert taking(desk).size == Decimal(3)


def test_killed_is_not_flattened() -> None:
    """KS-12: whoever wants it re-arms first, and asks again."""
    desk = holding("3")
    desk.operator(OperatorAction.KILL)
    assert flatten(desk, 3.0) == []
    assert desk.engine.counts["flatten_refused"] == 1
    assert Cause.OPERATOR_FLATTEN not in desk.causes
    desk.look_again()
    desk.operator(OperatorAction.REARM)
    desk.book()
    assert desk.state() is TradingState.RUNNING
    assert all(order.time_in_force is TimeInForce.POST_ONLY for order in places(desk.wait(1.0)))


def test_a_kill_in_the_middle_ends_the_slice_too() -> None:
    desk = holding("5", size_max="2")
    flatten(desk)
    order = taking(desk)
    step = desk.operator(OperatorAction.KILL)
    assert order.client_id in {cancel.client_id for cancel in cancels(step)}
    desk.book()
    assert not places(desk.wait(10.0))


def test_resume_quotes_both_sides_again() -> None:
    desk = holding("3")
    flatten(desk)
    takes(desk, "3", "99.5")
    since(desk)
    sent = places([desk.operator(OperatorAction.RESUME), *desk.wait(1.0)])
    assert {order.side for order in sent} == {BUY, SELL}
    assert {order.time_in_force for order in sent} == {TimeInForce.POST_ONLY}


def test_what_we_took_teaches_nothing_about_takers() -> None:
    """It would pull the side, and count as fills that nobody foretold."""
    desk = holding("5", size_max="1")
    flatten(desk)
    for _ in range(5):
        takes(desk, "1", "99.5")
        since(desk)
    assert desk.engine.inventory.net == 0
    assert desk.engine.estimators.toxic_flow.cooling_down == ()


def test_the_message_budget_holds_for_slices_too() -> None:
    desk = Desk(
        config(creates_per_s=1.0, limits=limits(size_max=Decimal(1)), opening=holdings("9"))
    ).quoting()
    first, start_ns = len(desk.steps), desk.now_ns
    desk.operator(OperatorAction.FLATTEN)
    desk.end()
    while desk.now_ns - start_ns < 10 * NS_PER_S:
        desk.wait(0.1, ends=True)
        if any(order.is_taking for order in desk.engine.orders):
            takes(desk, "0.1", "99.5")
        desk.book()
    assert 8 <= len(places(desk.steps[first:])) <= 13
