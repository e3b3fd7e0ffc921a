"""Somebody else on our account: we stop, say why, touch nothing, and go on when it is over."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import OrderOpen
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import EngineConfig, ForeignPolicy, ReconcilePolicy
from tests.unit.engine.cases import CONFIG, Desk, cancels, commands, listed
from tests.unit.state.cases import BUY, fill


def under(policy: ForeignPolicy) -> EngineConfig:
    return replace(CONFIG, reconcile=ReconcilePolicy(foreign=policy))


def foreign(client_id: str = "human1") -> VenueOrder:
    return VenueOrder(client_id, "v9", BUY, Decimal(90), Decimal(1), Decimal(0))


def mine(desk: Desk) -> list[VenueOrder]:
    return [listed(order) for order in desk.engine.orders]


@pytest.mark.parametrize("name", ["human1", ""])
def test_a_foreign_order_pauses_us_while_it_is_listed_and_is_never_touched(name: str) -> None:
    desk = Desk().quoting()
    ours = {order.client_id for order in mine(desk)}
    steps = [desk.open_orders(foreign(name), *mine(desk)), *desk.wait(1.0)]
    assert desk.causes == {Cause.FOREIGN_ACTIVITY}
    assert desk.state() is TradingState.PAUSED
    assert name in desk.engine.causes.switch.causes[Cause.FOREIGN_ACTIVITY]
    assert {cancel.client_id for cancel in cancels(steps)} == ours
    desk.open_orders(*mine(desk))
    assert desk.causes == set()


def test_news_of_a_foreign_order_pauses_us_before_any_list_and_an_older_list_clears_nothing() -> (
    None
):
    desk = Desk().quoting()
    asked_ns = desk.now_ns
    desk.now_ns += NS_PER_S // 10
    desk.tell(OrderOpen(ts_ns=desk.now_ns, order=foreign()))
    assert desk.causes == {Cause.FOREIGN_ACTIVITY}
    desk.open_orders(*mine(desk), asked_ns=asked_ns)
    assert desk.causes == {Cause.FOREIGN_ACTIVITY}
    asked = [c for c in commands(desk.wait(1.2)) if isinstance(c, RequestReport)]
    assert ReportKind.OPEN_ORDERS in {request.kind for request in asked}
    desk.open_orders(*mine(desk))
    assert desk.causes == set()


def test_a_foreign_fill_pauses_us_until_balances_asked_for_afterwards_are_as_booked() -> None:
    desk = Desk().quoting()
    desk.trades(fill("5", client_id="human1", venue_id="v77"))
    steps = desk.wait(0.2)
    assert desk.causes == {Cause.FOREIGN_ACTIVITY}
    assert desk.engine.inventory.net == 0
    asked = [c for c in commands(steps) if isinstance(c, RequestReport)]
    assert ReportKind.BALANCES in {request.kind for request in asked}
    desk.balances(USD=Decimal(7))
    assert Cause.FOREIGN_ACTIVITY in desk.causes
    desk.balances()
    assert desk.causes == set()


def test_a_foreign_fill_that_every_list_repeats_pauses_us_once() -> None:
    desk = Desk().quoting()
    told = fill("5", client_id="human1", venue_id="v77")
    desk.trades(told)
    desk.wait(0.2)
    desk.balances()
    desk.trades(told)
    desk.wait(0.2)
    assert desk.causes == set()
    assert desk.engine.counts["foreign_fill"] == 1


def test_a_nameless_fill_is_foreign_only_after_a_while() -> None:
    desk = Desk().quoting()
    desk.trades(replace(fill("5", client_id="", venue_id="v77"), ts_ns=desk.now_ns))
    desk.wait(9.9)
    assert desk.causes == set()
    desk.wait(0.3)
    assert desk.causes == {Cause.FOREIGN_ACTIVITY}


def test_who_wants_it_is_killed_by_foreign_activity() -> None:
    desk = Desk(under(ForeignPolicy.KILL)).quoting()
    desk.open_orders(foreign(), *mine(desk))
    assert desk.causes == {Cause.FOREIGN_KILL}
    assert desk.state() is TradingState.KILLED
    desk.open_orders(*mine(desk))
    assert desk.state() is TradingState.KILLED


def test_who_shares_an_account_on_purpose_goes_on() -> None:
    desk = Desk(under(ForeignPolicy.IGNORE)).quoting()
    desk.trades(fill("5", client_id="human1", venue_id="v77"))
    steps = [desk.open_orders(foreign(), foreign(""), *mine(desk)), *desk.wait(1.0)]
    assert desk.state() is TradingState.RUNNING
    assert cancels(steps) == []
    assert desk.engine.counts["foreign_fill"] == 1
