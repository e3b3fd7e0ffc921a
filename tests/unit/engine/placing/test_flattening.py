"""Flattening by an operator: slices of limited size, one at a time, down to the target."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.events import Fill, Flatten, Kill, Rearm, Resume, RulesReport
from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.reasons import DoneReason
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.state.open_orders import OpenOrder
from tests.unit.engine.cases import EngineHarness, cancels, config, limits, places
from tests.unit.state.cases import ABC, BUY, SELL


def holding(net: str, *, size_max: str = "5", quantity_max: str = "10") -> EngineHarness:
    """A quoting harness that holds `net`, long or short."""
    bounds = limits(size_max=Decimal(size_max), inventory_max=Decimal(quantity_max))
    harness = EngineHarness(config(limits=bounds, opening=holdings(net))).quoting()
    assert harness.engine.inventory.net == Decimal(net)
    return harness


def holdings(net: str) -> dict[str, Decimal]:
    return {"ABC": Decimal(100) + Decimal(net), "USD": Decimal(100_000)}


def flatten(harness: EngineHarness, seconds: float = 0.3) -> list[PlaceOrder]:
    """Request flattening once no quote is left."""
    first = len(harness.steps)
    harness.alarm(Cause.LOOP_LAG)
    harness.end()
    harness.operator(Flatten)
    harness.alarm(Cause.LOOP_LAG, active=False)
    harness.wait(seconds, ends=True)
    return places(harness.steps[first:])


def since(harness: EngineHarness, seconds: float = 1.0) -> list[PlaceOrder]:
    """Steps after a new book and a short wait."""
    first = len(harness.steps)
    harness.tick()
    harness.book()
    harness.wait(seconds, ends=True)
    return places(harness.steps[first:])


def taking(harness: EngineHarness) -> OpenOrder:
    (order,) = [order for order in harness.engine.orders if order.is_taking]
    return order


def takes(harness: EngineHarness, size: str, price: str) -> Step:
    """The live slice fills so much and ends, by the private stream."""
    order = taking(harness)
    if order.state is OrderState.RESERVED:
        harness.sent(order)
    harness._trades += 1
    fill = Fill(
        ts_ns=harness.now_ns,
        trade_id=str(harness._trades),
        client_id=order.client_id,
        venue_id="v",
        side=order.side,
        price=Decimal(price),
        size=Decimal(size),
        fee=Decimal(0),
        fee_asset="USD",
        is_maker=False,
    )
    step = harness.give(fill)
    if order.state is not OrderState.FILLED:
        return harness.done(order, size, DoneReason.EXPIRED)
    return step


@pytest.mark.parametrize(("net", "side"), [("3", SELL), ("-3", BUY)])
def test_first_slice_takes_the_inventory_near_the_best_price(net: str, side: Side) -> None:
    harness = holding(net)
    (order,) = flatten(harness)
    assert (order.side, order.size) == (side, Decimal(3))
    assert order.time_in_force is TimeInForce.IOC
    touch = Decimal("99.5") if side is SELL else Decimal("100.5")
    assert side.sign * (order.price - touch) >= 0
    assert abs(order.price - touch) <= touch * Decimal("0.0005")


def test_slices_follow_new_market_rules() -> None:
    """Also by an engine that began with other ones (seed 1711 of the simulation)."""
    harness = holding("3")
    coarse = replace(ABC, tick=Decimal("0.2"))
    harness.give(RulesReport(ts_ns=harness.now_ns, instrument=coarse))
    (order,) = flatten(harness)
    assert (order.side, order.price) == (SELL, Decimal("99.4"))


def test_quotes_are_cancelled_first_and_their_leaves_are_not_sold_twice() -> None:
    harness = holding("3")
    harness.book()
    asks = sum((o.leaves for o in harness.orders(SELL)), start=Decimal(0))
    step = harness.operator(Flatten)
    assert {cancel.client_id for cancel in cancels(step)} == {
        order.client_id for order in harness.engine.orders if not order.is_taking
    }
    sent = [*places(step), *places(harness.wait(1.0))]
    assert sum(order.size for order in sent) == Decimal(3) - asks


def test_slices_follow_one_by_one_within_the_order_limit_until_flat() -> None:
    harness = holding("5", size_max="2")
    assert [order.size for order in flatten(harness)] == [Decimal(2)]
    assert not places(harness.wait(5.0))
    for left in ("2", "1"):
        takes(harness, "2", "99.5")
        (order,) = since(harness)
        assert order.size == Decimal(left)
    takes(harness, "1", "99.5")
    harness.book()
    assert not places(harness.wait(10.0))
    assert harness.engine.counts["flat"] == 1
    assert harness.causes == {Cause.OPERATOR_FLATTEN}
    assert harness.state() is TradingState.REDUCE_ONLY


def test_a_slice_that_finds_too_little_is_followed_by_one_from_a_newer_book() -> None:
    harness = holding("3")
    flatten(harness)
    takes(harness, "1", "99.5")
    harness.tick(0.3)
    assert not [order for order in harness.engine.orders if order.is_taking]
    order = places([harness.book(mid=99.0), *harness.wait(0.3)])[0]
    assert order.size == Decimal(2)
    assert Decimal("98.4") <= order.price <= Decimal("98.5")


def test_unchanged_book_is_used_again_after_two_seconds() -> None:
    harness = holding("3")
    flatten(harness)
    takes(harness, "1", "99.5")
    assert not places(harness.wait(1.5))
    assert places(harness.wait(1.0))


def test_remainder_below_the_venues_minimum_stays() -> None:
    harness = holding("0.001")
    assert flatten(harness, 5.0) == []
    assert harness.engine.counts["flat"] == 1


def test_a_slice_without_an_answer_keeps_its_size_and_holds_the_next() -> None:
    """It may have filled: a second one could flip us."""
    harness = holding("3")
    flatten(harness)
    order = taking(harness)
    harness.sent(order)
    harness.unknown(order)
    harness.book()
    assert not places(harness.wait(8.0))


def test_answer_after_the_end_of_a_slice_does_not_reopen_it() -> None:
    harness = holding("3")
    flatten(harness)
    order = taking(harness)
    takes(harness, "1", "99.5")
    step = harness.ack(order)
    assert not step.commands
    assert not cancels(step)
    assert harness.engine.counts["closed_order_alive"] == 0


def test_slice_reported_as_open_is_queried_within_about_a_second() -> None:
    harness = holding("3")
    flatten(harness)
    order = taking(harness)
    harness.sent(order)
    harness.ack(order)
    asked = [c for s in harness.wait(2.0) for c in s.commands if type(c).__name__ == "QueryOrder"]
    assert asked


def test_flattening_stops_during_a_pause_and_continues_afterwards() -> None:
    harness = holding("3")
    harness.alarm(Cause.CLOCK)
    assert flatten(harness, 3.0) == []
    harness.alarm(Cause.CLOCK, active=False)
    since(harness)
    assert taking(harness).size == Decimal(3)


def test_nothing_is_flattened_while_killed() -> None:
    """KS-12: the operator re-arms first and requests it again."""
    harness = holding("3")
    harness.operator(Kill)
    assert flatten(harness, 3.0) == []
    assert harness.engine.counts["flatten_refused"] == 1
    assert Cause.OPERATOR_FLATTEN not in harness.causes
    harness.look_again()
    harness.operator(Rearm)
    harness.book()
    assert harness.state() is TradingState.RUNNING
    assert all(order.time_in_force is TimeInForce.POST_ONLY for order in places(harness.wait(1.0)))


def test_a_kill_in_the_middle_ends_the_slice_too() -> None:
    harness = holding("5", size_max="2")
    flatten(harness)
    order = taking(harness)
    step = harness.operator(Kill)
    assert order.client_id in {cancel.client_id for cancel in cancels(step)}
    harness.book()
    assert not places(harness.wait(10.0))


def test_resume_quotes_both_sides_again() -> None:
    harness = holding("3")
    flatten(harness)
    takes(harness, "3", "99.5")
    since(harness)
    sent = places([harness.operator(Resume), *harness.wait(1.0)])
    assert {order.side for order in sent} == {BUY, SELL}
    assert {order.time_in_force for order in sent} == {TimeInForce.POST_ONLY}


def test_ioc_fills_do_not_update_the_estimators() -> None:
    """It would start a side cooldown, and count as unexpected fills."""
    harness = holding("5", size_max="1")
    flatten(harness)
    for _ in range(5):
        takes(harness, "1", "99.5")
        since(harness)
    assert harness.engine.inventory.net == 0
    assert harness.engine.estimators.toxic_flow.cooling_down == ()


def test_the_message_budget_holds_for_slices_too() -> None:
    harness = EngineHarness(
        config(creates_per_s=1.0, limits=limits(size_max=Decimal(1)), opening=holdings("9"))
    ).quoting()
    first, start_ns = len(harness.steps), harness.now_ns
    harness.operator(Flatten)
    harness.end()
    while harness.now_ns - start_ns < 10 * NS_PER_S:
        harness.wait(0.1, ends=True)
        if any(order.is_taking for order in harness.engine.orders):
            takes(harness, "0.1", "99.5")
        harness.book()
    assert 8 <= len(places(harness.steps[first:])) <= 13
