"""A kill is lifted when nothing of ours is alive, everything was looked at since, and we may."""

from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import Operator
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import OperatorAction, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import CONFIG, Desk, commands, config


def killed() -> Desk:
    """Quoting, then killed, and every order provably over."""
    desk = Desk().quoting()
    desk.operator(OperatorAction.KILL)
    for order in list(desk.engine.orders):
        desk.done(order)
    return desk


def rearm(desk: Desk, accept: Decimal | None = None) -> Step:
    action = OperatorAction.REARM
    return desk.tell(
        Operator(ts_ns=desk.now_ns, action=action, actor="test", text="id", accept_inventory=accept)
    )


def refusal(step: Step) -> str:
    (text,) = (detail for what, detail in step.notes if what == "rearm_refused")
    return text


def test_everything_clean_and_it_trades_again() -> None:
    desk = killed()
    desk.look_again()
    assert desk.state() is TradingState.KILLED
    step = rearm(desk)
    assert step.state is not None
    assert step.state.cleared == (Cause.OPERATOR_KILL,)
    assert desk.state() is TradingState.RUNNING


def test_an_order_that_may_be_alive_forbids_it() -> None:
    desk = Desk().quoting()
    desk.operator(OperatorAction.KILL)
    assert "2 orders may be alive" in refusal(rearm(desk))
    assert desk.state() is TradingState.KILLED


@pytest.mark.parametrize("missing", ["open_orders", "trades", "balances"])
def test_what_was_not_looked_at_since_the_kill_forbids_it_and_is_asked_for(missing: str) -> None:
    desk = killed()
    desk.tick()
    for what in {"open_orders", "trades", "balances"} - {missing}:
        getattr(desk, what)()
    assert "found clean" in refusal(rearm(desk))
    asked = [c.kind for c in commands(desk.tick()) if isinstance(c, RequestReport)]
    assert ReportKind(missing) in asked
    getattr(desk, missing)()
    rearm(desk)
    assert desk.state() is TradingState.RUNNING


def test_balances_that_differ_are_not_clean() -> None:
    desk = killed()
    desk.tick()
    desk.open_orders()
    desk.trades()
    desk.balances(ABC=Decimal(99))
    assert "found clean" in refusal(rearm(desk))


def test_an_order_of_our_prefix_at_the_venue_is_not_clean() -> None:
    """One that a run before us left behind: not in our books, but it can fill."""
    desk = killed()
    desk.look_again()
    desk.tick()
    stray = VenueOrder("q01old1", "v9", Side.BUY, Decimal(90), Decimal(1), Decimal(0))
    desk.open_orders(stray)
    desk.trades()
    desk.balances()
    rearm(desk)
    assert desk.state() is TradingState.KILLED


def test_another_kill_makes_what_was_known_worthless() -> None:
    desk = killed()
    desk.look_again()
    desk.alarm(Cause.LEDGER_FAILED)
    assert "found clean" in refusal(rearm(desk))
    assert {Cause.OPERATOR_KILL, Cause.LEDGER_FAILED} <= desk.causes


def test_a_pause_while_killed_does_not() -> None:
    desk = killed()
    desk.look_again()
    desk.operator(OperatorAction.PAUSE)
    rearm(desk)
    assert desk.state() is TradingState.PAUSED


def test_a_book_out_of_sync_forbids_it() -> None:
    desk = killed()
    desk.feed_down()
    desk.look_again()
    assert "not in sync" in refusal(rearm(desk))


@pytest.mark.parametrize("accept", [None, Decimal(11), Decimal(-12), Decimal("12.1")])
def test_an_inventory_past_the_limit_must_be_named_exactly(accept: Decimal | None) -> None:
    opening = {**CONFIG.opening, "ABC": Decimal(112)}
    desk = Desk(config(opening=opening)).start()
    desk.operator(OperatorAction.KILL)
    for order in list(desk.engine.orders):
        desk.done(order)
    desk.look_again()
    assert "inventory 12 is past the limit of 10" in refusal(rearm(desk, accept))
    assert desk.state() is TradingState.KILLED
    rearm(desk, Decimal("12.0"))
    assert desk.state() is TradingState.RUNNING
