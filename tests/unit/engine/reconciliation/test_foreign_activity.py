"""Foreign orders and fills on our account pause us with a reason, and are never touched."""

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
from tests.unit.engine.cases import CONFIG, EngineHarness, cancels, commands, listed
from tests.unit.state.cases import BUY, fill


def under(policy: ForeignPolicy) -> EngineConfig:
    return replace(CONFIG, reconcile=ReconcilePolicy(foreign=policy))


def foreign(client_id: str = "human1") -> VenueOrder:
    return VenueOrder(client_id, "v9", BUY, Decimal(90), Decimal(1), Decimal(0))


def mine(harness: EngineHarness) -> list[VenueOrder]:
    return [listed(order) for order in harness.engine.orders]


@pytest.mark.parametrize("name", ["human1", ""])
def test_foreign_order_pauses_while_listed_and_is_never_cancelled(name: str) -> None:
    harness = EngineHarness().quoting()
    ours = {order.client_id for order in mine(harness)}
    steps = [harness.open_orders(foreign(name), *mine(harness)), *harness.wait(1.0)]
    assert harness.causes == {Cause.FOREIGN_ACTIVITY}
    assert harness.state() is TradingState.PAUSED
    assert name in harness.engine.causes.switch.causes[Cause.FOREIGN_ACTIVITY]
    assert {cancel.client_id for cancel in cancels(steps)} == ours
    harness.open_orders(*mine(harness))
    assert harness.causes == set()


def test_foreign_order_on_the_stream_pauses_and_an_older_list_does_not_clear() -> None:
    harness = EngineHarness().quoting()
    asked_ns = harness.now_ns
    harness.now_ns += NS_PER_S // 10
    harness.give(OrderOpen(ts_ns=harness.now_ns, order=foreign()))
    assert harness.causes == {Cause.FOREIGN_ACTIVITY}
    harness.open_orders(*mine(harness), asked_ns=asked_ns)
    assert harness.causes == {Cause.FOREIGN_ACTIVITY}
    asked = [c for c in commands(harness.wait(1.2)) if isinstance(c, RequestReport)]
    assert ReportKind.OPEN_ORDERS in {request.kind for request in asked}
    harness.open_orders(*mine(harness))
    assert harness.causes == set()


def test_foreign_fill_pauses_until_later_balances_equal_our_books() -> None:
    harness = EngineHarness().quoting()
    harness.trades(fill("5", client_id="human1", venue_id="v77"))
    steps = harness.wait(0.2)
    assert harness.causes == {Cause.FOREIGN_ACTIVITY}
    assert harness.engine.inventory.net == 0
    asked = [c for c in commands(steps) if isinstance(c, RequestReport)]
    assert ReportKind.BALANCES in {request.kind for request in asked}
    harness.balances(USD=Decimal(7))
    assert Cause.FOREIGN_ACTIVITY in harness.causes
    harness.balances()
    assert harness.causes == set()


def test_a_foreign_fill_that_every_list_repeats_pauses_us_once() -> None:
    harness = EngineHarness().quoting()
    reported = fill("5", client_id="human1", venue_id="v77")
    harness.trades(reported)
    harness.wait(0.2)
    harness.balances()
    harness.trades(reported)
    harness.wait(0.2)
    assert harness.causes == set()
    assert harness.engine.counts["foreign_fill"] == 1


def test_unmatched_fill_is_foreign_only_after_a_while() -> None:
    harness = EngineHarness().quoting()
    harness.trades(replace(fill("5", client_id="", venue_id="v77"), ts_ns=harness.now_ns))
    harness.wait(9.9)
    assert harness.causes == set()
    harness.wait(0.3)
    assert harness.causes == {Cause.FOREIGN_ACTIVITY}


def test_foreign_activity_kills_if_so_configured() -> None:
    harness = EngineHarness(under(ForeignPolicy.KILL)).quoting()
    harness.open_orders(foreign(), *mine(harness))
    assert harness.causes == {Cause.FOREIGN_KILL}
    assert harness.state() is TradingState.KILLED
    harness.open_orders(*mine(harness))
    assert harness.state() is TradingState.KILLED


def test_foreign_activity_is_ignored_if_so_configured() -> None:
    harness = EngineHarness(under(ForeignPolicy.IGNORE)).quoting()
    harness.trades(fill("5", client_id="human1", venue_id="v77"))
    steps = [harness.open_orders(foreign(), foreign(""), *mine(harness)), *harness.wait(1.0)]
    assert harness.state() is TradingState.RUNNING
    assert cancels(steps) == []
    assert harness.engine.counts["foreign_fill"] == 1
