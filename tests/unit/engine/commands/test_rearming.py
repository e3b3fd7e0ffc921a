"""A kill is lifted when nothing of ours is alive, everything was looked at since, and we may."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import OperatorCommand
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import OperatorAction, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.engine.config import ForeignPolicy
from tests.unit.engine.cases import CONFIG, Desk, commands, config, limits, places


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
        OperatorCommand(
            ts_ns=desk.now_ns, action=action, actor="test", text="id", accept_inventory=accept
        )
    )


def refusal(step: Step) -> str:
    (text,) = (detail for what, detail in step.anomalies if what == "rearm_refused")
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


def past_a_limit(**limit: Decimal) -> Desk:
    """Killed by a fall of the price on what is held; nothing else speaks against a re-arm."""
    desk = Desk(config(limits=limits(**limit))).quoting()
    desk.fill(desk.wanted(Side.BUY))
    desk.look_again()
    desk.book(80.0)
    desk.tick()
    assert desk.state() is TradingState.KILLED
    for order in list(desk.engine.orders):
        desk.done(order)
    desk.look_again()
    return desk


@pytest.mark.parametrize("limit", ["loss_max", "drawdown_max"])
def test_a_limit_that_is_still_past_forbids_it_and_no_order_leaves(limit: str) -> None:
    """The next look would kill us again; orders could leave before it."""
    desk = past_a_limit(**{limit: Decimal(5)})
    step = rearm(desk)
    assert f"{limit.removesuffix('_max')}_limit: " in refusal(step)
    assert "stop, re-arm, start again" in refusal(step)
    assert desk.state() is TradingState.KILLED
    assert not places([step])


def test_an_order_that_would_kill_us_again_forbids_it_until_it_is_gone() -> None:
    policy = replace(CONFIG.reconcile, foreign=ForeignPolicy.KILL)
    desk = Desk(config(reconcile=policy)).quoting()
    human = VenueOrder(
        client_id="human",
        venue_id="v9",
        side=Side.BUY,
        price=Decimal(90),
        size=Decimal(1),
        filled=Decimal(0),
    )
    desk.open_orders(human)
    assert desk.causes == {Cause.FOREIGN_KILL}
    for order in list(desk.engine.orders):
        desk.done(order)
    desk.tick()
    desk.trades()
    desk.balances()
    desk.open_orders(human)
    assert "1 open orders (human)" in refusal(rearm(desk))
    desk.open_orders()
    rearm(desk)
    assert desk.state() is TradingState.RUNNING


def test_selling_that_was_asked_for_before_a_kill_does_not_go_on_after_it() -> None:
    desk = Desk().quoting()
    desk.fill(desk.wanted(Side.BUY))
    desk.operator(OperatorAction.FLATTEN)
    assert Cause.OPERATOR_FLATTEN in desk.causes
    desk.operator(OperatorAction.KILL)
    assert desk.causes == {Cause.OPERATOR_KILL}
    for order in list(desk.engine.orders):
        desk.done(order)
    desk.look_again()
    rearm(desk)
    assert desk.state() is TradingState.RUNNING
