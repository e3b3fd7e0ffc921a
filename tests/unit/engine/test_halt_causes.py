"""Every change of a cause is recorded in the step it happened in, and nothing else is."""

import pytest

from quoter.domain.events import Tick
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder


def builder() -> StepBuilder:
    return StepBuilder(Tick(ts_ns=1), 1)


def test_raising_and_clearing_a_cause_are_recorded_once() -> None:
    causes = HaltCauses()
    first = builder()
    causes.raise_cause(first, Cause.CLOCK, "off by 2 s")
    causes.raise_cause(first, Cause.CLOCK, "off by 3 s")
    assert first.raised == [(Cause.CLOCK, "off by 2 s")]
    second = builder()
    causes.clear(second, Cause.CLOCK)
    causes.clear(second, Cause.CLOCK)
    assert second.cleared == [Cause.CLOCK]


def test_set_follows_the_condition() -> None:
    causes = HaltCauses()
    for active in (True, True, False, False, True):
        causes.set(builder(), Cause.LOOP_LAG, active=active, text="slow")
    assert causes.state is TradingState.PAUSED


def test_resume_and_rearm_record_what_they_cleared() -> None:
    causes = HaltCauses()
    causes.raise_cause(builder(), Cause.OPERATOR_PAUSE, "")
    causes.raise_cause(builder(), Cause.LOSS_LIMIT, "")
    resumed, rearmed = builder(), builder()
    causes.resume(resumed)
    causes.rearm(rearmed)
    assert (resumed.cleared, rearmed.cleared) == ([Cause.OPERATOR_PAUSE], [Cause.LOSS_LIMIT])


def test_step_has_a_state_change_only_if_something_changed() -> None:
    causes = HaltCauses()
    quiet = builder().build(1, TradingState.RUNNING, causes.state)
    assert quiet.state is None
    loud = builder()
    causes.raise_cause(loud, Cause.LOSS_LIMIT, "lost")
    step = loud.build(2, TradingState.RUNNING, causes.state)
    assert step.state is not None
    assert (step.state.before, step.state.after) == (TradingState.RUNNING, TradingState.KILLED)
    assert step.state.raised == ((Cause.LOSS_LIMIT, "lost"),)


def at(seconds: float) -> StepBuilder:
    ts_ns = round(seconds * NS_PER_S)
    return StepBuilder(Tick(ts_ns=ts_ns), ts_ns)


def test_book_desync_clears_after_two_seconds() -> None:
    causes = HaltCauses()
    causes.raise_cause(at(0), Cause.BOOK_DESYNC, "gap")
    causes.clear(at(1), Cause.BOOK_DESYNC)
    causes.clear(at(2), Cause.BOOK_DESYNC)  # a condition that is still over changes nothing
    early, due = at(2.9), at(3.0)
    causes.clear_due(early)
    causes.clear_due(due)
    assert (early.cleared, due.cleared) == ([], [Cause.BOOK_DESYNC])


def test_fault_that_returns_within_the_delay_restarts_it() -> None:
    causes = HaltCauses()
    for n in range(20):
        causes.raise_cause(at(n), Cause.BOOK_DESYNC, "gap")
        causes.clear(at(n + 0.5), Cause.BOOK_DESYNC)
        causes.clear_due(at(n + 0.9))
        assert causes.state == TradingState.PAUSED
    assert not causes.switch.is_active(Cause.FLAPPING)
    causes.clear_due(at(30))
    assert not causes.switch.causes


def test_cause_of_the_start_clears_without_a_delay() -> None:
    causes = HaltCauses()
    causes.raise_at_start(Cause.MARKET_FEED_DOWN, "not connected yet")
    causes.clear(at(0), Cause.MARKET_FEED_DOWN)
    assert not causes.switch.causes
    causes.raise_cause(at(1), Cause.MARKET_FEED_DOWN, "lost")
    causes.clear(at(2), Cause.MARKET_FEED_DOWN)
    assert causes.state == TradingState.PAUSED


def test_sixth_pause_raises_flapping_with_the_last_text() -> None:
    causes = HaltCauses()
    for n in range(6):
        step = at(20 * n)
        causes.raise_cause(step, Cause.MARKET_FEED_DOWN, f"reset {n}")
        causes.clear(step, Cause.MARKET_FEED_DOWN)
        assert causes.switch.is_active(Cause.FLAPPING) is (n == 5)
        causes.clear_due(at(20 * n + 10))
    text = causes.switch.causes[Cause.FLAPPING]
    assert text.startswith("market_feed_down paused quoting more than 5 times within 10 min")
    assert "`quoter resume`" in text
    assert text.endswith("reset 5")
    assert causes.state == TradingState.PAUSED
    causes.resume(at(200))
    assert not causes.switch.causes
    causes.raise_cause(at(201), Cause.MARKET_FEED_DOWN, "again")
    assert not causes.switch.is_active(Cause.FLAPPING)


def test_one_outage_is_one_pause_however_often_its_causes_come_and_go() -> None:
    """The book is wrong throughout, and each reconnect fails: quoting never resumes between."""
    causes = HaltCauses()
    for outage in range(6):
        begin = 60 * outage
        causes.raise_cause(at(begin), Cause.BOOK_STALE, "wrong")
        for n in range(5):
            step = at(begin + 10 * n)
            causes.raise_cause(step, Cause.MARKET_FEED_DOWN, "lost")
            causes.clear(step, Cause.MARKET_FEED_DOWN)
            causes.clear_due(at(begin + 10 * n + 5))
            assert causes.switch.is_active(Cause.FLAPPING) is (outage == 5)
        causes.clear(at(begin + 50), Cause.BOOK_STALE)
        causes.clear_due(at(begin + 55))
    text = causes.switch.causes[Cause.FLAPPING]
    assert text.startswith("book_stale paused quoting more than 5 times within 10 min")


def test_attempts_to_connect_that_belong_to_one_outage_are_no_reason_to_latch() -> None:
    causes, step = HaltCauses(), at(300)
    causes.raise_cause(at(0), Cause.MARKET_FEED_DOWN, "refused")
    causes.on_attempts_exhausted(step, "20 connects in 300 s")
    assert step.anomalies == [("connect_budget", "20 connects in 300 s")]
    causes.clear(at(400), Cause.MARKET_FEED_DOWN)
    causes.clear_due(at(402))
    assert causes.state is TradingState.RUNNING


def test_attempts_to_connect_of_several_outages_latch() -> None:
    causes = HaltCauses()
    for n in range(2):
        causes.raise_cause(at(100 * n), Cause.MARKET_FEED_DOWN, "lost")
        causes.clear(at(100 * n + 50), Cause.MARKET_FEED_DOWN)
        causes.clear_due(at(100 * n + 52))
    causes.on_attempts_exhausted(at(300), "20 connects in 300 s")
    assert causes.switch.causes.keys() == {Cause.CONNECT_BUDGET}
    assert "`quoter resume`" in causes.switch.causes[Cause.CONNECT_BUDGET]
    later = HaltCauses()
    for n in range(2):
        later.raise_cause(at(601 * n), Cause.BOOK_STALE, "wrong")
        later.clear(at(601 * n), Cause.BOOK_STALE)
        later.clear_due(at(601 * n + 2))
    later.on_attempts_exhausted(at(602), "20 connects in 300 s")
    assert not later.switch.causes  # the first of the two is forgotten


def test_slow_machine_never_raises_flapping() -> None:
    """The event loop is late every 20 s, and the book is old each time."""
    causes = HaltCauses()
    for n in range(60):
        step = at(20 * n)
        causes.raise_cause(step, Cause.LOOP_LAG, "late by 0.40 s")
        causes.raise_cause(step, Cause.BOOK_STALE, "3.2 s old")
        causes.clear(step, Cause.BOOK_STALE)
        causes.clear_due(at(20 * n + 5))
        causes.clear(at(20 * n + 10), Cause.LOOP_LAG)
        assert causes.state is TradingState.RUNNING


@pytest.mark.parametrize("cause", [Cause.REPEATED_EXECUTION, Cause.CONNECT_BUDGET])
def test_the_text_of_a_latched_cause_says_how_to_clear_it(cause: Cause) -> None:
    causes = HaltCauses()
    causes.raise_cause(at(0), cause, "61 fills in 60 s")
    assert causes.switch.causes[cause] == "61 fills in 60 s; clear it with `quoter resume`"
