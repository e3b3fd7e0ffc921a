"""The conditions of a re-arm: no order may be live, reports are new, no limit is exceeded."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import Flatten, Kill, Pause, Rearm
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.outcomes import Refused
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.engine.config import ForeignPolicy
from tests.unit.engine.cases import CONFIG, EngineHarness, commands, config, limits, places


def killed() -> EngineHarness:
    """Return a harness that was quoting, was killed, and whose orders have all ended."""
    harness = EngineHarness().quoting()
    harness.operator(Kill)
    for order in list(harness.engine.orders):
        harness.done(order)
    return harness


def rearm(harness: EngineHarness, accept: Decimal | None = None) -> Step:
    return harness.operator(Rearm, accept_inventory=accept)


def refusal(step: Step) -> Refused:
    assert isinstance(step.outcome, Refused)
    assert step.anomalies == (("rearm_refused", step.outcome.text),)
    return step.outcome


def test_a_rearm_succeeds_when_all_conditions_hold() -> None:
    harness = killed()
    harness.look_again()
    assert harness.state() is TradingState.KILLED
    step = rearm(harness)
    assert step.state is not None
    assert step.state.cleared == (Cause.OPERATOR_KILL,)
    assert harness.state() is TradingState.RUNNING


def test_a_rearm_is_refused_while_an_order_may_be_live() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Kill)
    assert "2 orders may be live" in refusal(rearm(harness)).text
    assert harness.state() is TradingState.KILLED


@pytest.mark.parametrize("missing", ["open_orders", "trades", "balances"])
def test_a_missing_report_since_the_kill_refuses_a_rearm_and_is_requested(missing: str) -> None:
    harness = killed()
    harness.tick()
    for what in {"open_orders", "trades", "balances"} - {missing}:
        getattr(harness, what)()
    assert "equal to our books" in refusal(rearm(harness)).text
    asked = [c.kind for c in commands(harness.tick()) if isinstance(c, RequestReport)]
    assert ReportKind(missing) in asked
    getattr(harness, missing)()
    rearm(harness)
    assert harness.state() is TradingState.RUNNING


def test_a_rearm_is_refused_while_balances_differ() -> None:
    harness = killed()
    harness.tick()
    harness.open_orders()
    harness.trades()
    harness.balances(ABC=Decimal(99))
    assert "equal to our books" in refusal(rearm(harness)).text


def test_a_rearm_is_refused_while_an_unknown_own_order_is_at_the_venue() -> None:
    """An order left by an earlier run is not in our books but can fill."""
    harness = killed()
    harness.look_again()
    harness.tick()
    stray = VenueOrder("q01old1", "v9", Side.BUY, Decimal(90), Decimal(1), Decimal(0))
    harness.open_orders(stray)
    harness.trades()
    harness.balances()
    rearm(harness)
    assert harness.state() is TradingState.KILLED


def test_reports_from_before_another_kill_do_not_count() -> None:
    harness = killed()
    harness.look_again()
    harness.alarm(Cause.LEDGER_FAILED)
    assert "equal to our books" in refusal(rearm(harness)).text
    assert {Cause.OPERATOR_KILL, Cause.LEDGER_FAILED} <= harness.causes


def test_reports_from_before_a_pause_still_count() -> None:
    harness = killed()
    harness.look_again()
    harness.operator(Pause)
    rearm(harness)
    assert harness.state() is TradingState.PAUSED


def test_a_rearm_is_refused_while_the_book_is_out_of_sync() -> None:
    harness = killed()
    harness.feed_down()
    harness.look_again()
    assert "no usable order book" in refusal(rearm(harness)).text


@pytest.mark.parametrize("accept", [None, Decimal(11), Decimal(-12), Decimal("12.1")])
def test_an_inventory_above_the_limit_must_be_named_exactly(accept: Decimal | None) -> None:
    opening = {**CONFIG.opening, "ABC": Decimal(112)}
    harness = EngineHarness(config(opening=opening)).start()
    harness.operator(Kill)
    for order in list(harness.engine.orders):
        harness.done(order)
    harness.look_again()
    assert (
        "inventory 12 is beyond QUOTER_INVENTORY_MAX (10)" in refusal(rearm(harness, accept)).text
    )
    assert harness.state() is TradingState.KILLED
    rearm(harness, Decimal("12.0"))
    assert harness.state() is TradingState.RUNNING


def past_a_limit(**limit: Decimal) -> EngineHarness:
    """Return a harness killed by a price fall; all other re-arm conditions hold."""
    harness = EngineHarness(config(limits=limits(**limit))).quoting()
    harness.fill(harness.wanted(Side.BUY))
    harness.look_again()
    harness.book(80.0)
    harness.tick()
    assert harness.state() is TradingState.KILLED
    for order in list(harness.engine.orders):
        harness.done(order)
    harness.look_again()
    return harness


@pytest.mark.parametrize("limit", ["loss_max", "drawdown_max"])
def test_a_limit_still_exceeded_refuses_a_rearm_and_no_order_is_sent(limit: str) -> None:
    """The next check would kill again, but orders could be sent before it."""
    harness = past_a_limit(**{limit: Decimal(5)})
    step = rearm(harness)
    assert f"{limit.removesuffix('_max')}_limit: " in refusal(step).text
    assert "stop it, re-arm, start it again" in refusal(step).text
    assert harness.state() is TradingState.KILLED
    assert not places([step])


def test_a_foreign_order_refuses_a_rearm_until_it_is_gone() -> None:
    policy = replace(CONFIG.reconcile, foreign=ForeignPolicy.KILL)
    harness = EngineHarness(config(reconcile=policy)).quoting()
    human = VenueOrder(
        client_id="human",
        venue_id="v9",
        side=Side.BUY,
        price=Decimal(90),
        size=Decimal(1),
        filled=Decimal(0),
    )
    harness.open_orders(human)
    assert harness.causes == {Cause.FOREIGN_KILL}
    for order in list(harness.engine.orders):
        harness.done(order)
    harness.tick()
    harness.trades()
    harness.balances()
    harness.open_orders(human)
    assert "open orders: 1 (human)" in refusal(rearm(harness)).text
    harness.open_orders()
    rearm(harness)
    assert harness.state() is TradingState.RUNNING


def test_a_flatten_from_before_a_kill_does_not_continue_after_a_rearm() -> None:
    harness = EngineHarness().quoting()
    harness.fill(harness.wanted(Side.BUY))
    harness.operator(Flatten)
    assert Cause.OPERATOR_FLATTEN in harness.causes
    harness.operator(Kill)
    assert harness.causes == {Cause.OPERATOR_KILL}
    for order in list(harness.engine.orders):
        harness.done(order)
    harness.look_again()
    rearm(harness)
    assert harness.state() is TradingState.RUNNING
