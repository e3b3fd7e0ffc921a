"""The state follows the most severe cause; operators and conditions clear different causes."""

from itertools import permutations

import pytest

from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY, KillSwitch

KILLS = [c for c in Cause if SEVERITY[c].state is TradingState.KILLED]
LATCHED = [c for c in Cause if SEVERITY[c].is_latched]
SELF_CLEARING = [c for c in Cause if not SEVERITY[c].is_latched]


def active(*causes: Cause) -> KillSwitch:
    switch = KillSwitch()
    for cause in causes:
        assert switch.raise_cause(cause, f"text of {cause}")
    return switch


def test_every_cause_has_a_severity_and_every_kill_is_latched() -> None:
    assert set(SEVERITY) == set(Cause)
    assert all(SEVERITY[cause].is_latched for cause in KILLS)


def test_severities_are_those_of_the_documentation() -> None:
    by_state: dict[TradingState, set[Cause]] = {}
    for cause, severity in SEVERITY.items():
        by_state.setdefault(severity.state, set()).add(cause)
    assert by_state[TradingState.KILLED] == {
        Cause.OPERATOR_KILL, Cause.INVENTORY_BREACH, Cause.LOSS_LIMIT, Cause.INVARIANT_BROKEN,
        Cause.ORDER_REAPPEARED, Cause.LEDGER_CONFLICT, Cause.KEY_REFUSED,
        Cause.LEDGER_FAILED, Cause.DUPLICATE_INSTANCE, Cause.DRAWDOWN_LIMIT, Cause.WIRE_MISMATCH,
        Cause.SENTINEL_KILL, Cause.FOREIGN_KILL,
    }  # fmt: skip
    assert by_state[TradingState.REDUCE_ONLY] == {
        Cause.OPERATOR_REDUCE, Cause.OPERATOR_FLATTEN, Cause.MARKET_REGIME, Cause.MARK_MISSING,
        Cause.NOTIONAL_LIMIT,
    }  # fmt: skip
    assert {
        Cause.OPERATOR_PAUSE,
        Cause.REPEATED_EXECUTION,
        Cause.CONNECT_BUDGET,
        Cause.FLAPPING,
        Cause.OPERATOR_REDUCE,
        Cause.OPERATOR_FLATTEN,
    } == {cause for cause in LATCHED if cause not in KILLS}


def test_state_is_running_without_a_cause() -> None:
    assert KillSwitch().state is TradingState.RUNNING


def test_more_severe_of_two_causes_sets_the_state_in_any_order() -> None:
    wrong = [
        (first, second)
        for first, second in permutations(Cause, 2)
        if active(first, second).state is not max(SEVERITY[first].state, SEVERITY[second].state)
    ]
    assert wrong == []


@pytest.mark.parametrize("cause", Cause)
def test_newer_text_replaces_that_of_an_active_cause_unless_it_is_latched(cause: Cause) -> None:
    switch = active(cause)
    assert not switch.raise_cause(cause, "newer")
    text = f"text of {cause}" if SEVERITY[cause].is_latched else "newer"
    assert switch.causes == {cause: text}


@pytest.mark.parametrize("cause", SELF_CLEARING)
def test_clear_removes_a_cause_that_is_not_latched(cause: Cause) -> None:
    switch = active(cause)
    assert switch.clear(cause)
    assert not switch.clear(cause)
    assert switch.state is TradingState.RUNNING


@pytest.mark.parametrize("cause", LATCHED)
def test_clear_keeps_a_latched_cause(cause: Cause) -> None:
    switch = active(cause)
    assert not switch.clear(cause)
    assert switch.is_active(cause)


@pytest.mark.parametrize("cause", list(Cause))
def test_resume_clears_latched_pauses_and_reductions_but_no_kill(cause: Cause) -> None:
    switch = active(cause)
    gone = switch.resume()
    may_go = SEVERITY[cause].is_latched and cause not in KILLS
    assert gone == ([cause] if may_go else [])
    assert switch.is_active(cause) == (not may_go)


@pytest.mark.parametrize("cause", list(Cause))
def test_rearm_clears_kills_and_nothing_else(cause: Cause) -> None:
    switch = active(cause)
    assert switch.rearm() == ([cause] if cause in KILLS else [])
    assert switch.is_active(cause) == (cause not in KILLS)


def test_remaining_causes_set_the_state_after_a_rearm() -> None:
    switch = active(Cause.OPERATOR_PAUSE, Cause.LOSS_LIMIT, Cause.ORDER_REAPPEARED)
    assert set(switch.rearm()) == {Cause.LOSS_LIMIT, Cause.ORDER_REAPPEARED}
    assert switch.state is TradingState.PAUSED


def test_causes_are_returned_as_a_copy() -> None:
    switch = active(Cause.CLOCK)
    switch.causes.clear()
    assert switch.is_active(Cause.CLOCK)
