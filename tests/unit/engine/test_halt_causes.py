"""Every change of a cause is told in the turn it happened in, and only changes are."""

from quoter.domain.events import Tick
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder


def turn() -> StepBuilder:
    return StepBuilder(Tick(ts_ns=1), 1)


def test_a_cause_is_told_when_it_comes_and_when_it_goes() -> None:
    causes = HaltCauses()
    first = turn()
    causes.trip(first, Cause.CLOCK, "off by 2 s")
    causes.trip(first, Cause.CLOCK, "off by 3 s")
    assert first.raised == [(Cause.CLOCK, "off by 2 s")]
    second = turn()
    causes.settle(second, Cause.CLOCK)
    causes.settle(second, Cause.CLOCK)
    assert second.cleared == [Cause.CLOCK]


def test_holding_a_cause_follows_its_condition() -> None:
    causes = HaltCauses()
    for active in (True, True, False, False, True):
        causes.hold(turn(), Cause.LOOP_LAG, active=active, text="slow")
    assert causes.state is TradingState.PAUSED


def test_resume_and_rearm_tell_what_they_cleared() -> None:
    causes = HaltCauses()
    causes.trip(turn(), Cause.OPERATOR_PAUSE, "")
    causes.trip(turn(), Cause.LOSS_LIMIT, "")
    resumed, rearmed = turn(), turn()
    causes.resume(resumed)
    causes.rearm(rearmed)
    assert (resumed.cleared, rearmed.cleared) == ([Cause.OPERATOR_PAUSE], [Cause.LOSS_LIMIT])


def test_a_step_says_what_changed_and_nothing_where_nothing_did() -> None:
    causes = HaltCauses()
    quiet = turn().step(1, TradingState.RUNNING, causes.state)
    assert quiet.state is None
    loud = turn()
    causes.trip(loud, Cause.LOSS_LIMIT, "lost")
    step = loud.step(2, TradingState.RUNNING, causes.state)
    assert step.state is not None
    assert (step.state.before, step.state.after) == (TradingState.RUNNING, TradingState.KILLED)
    assert step.state.raised == ((Cause.LOSS_LIMIT, "lost"),)


def at(seconds: float) -> StepBuilder:
    ts_ns = round(seconds * NS_PER_S)
    return StepBuilder(Tick(ts_ns=ts_ns), ts_ns)


def test_a_lost_book_stays_a_cause_until_it_has_been_whole_for_two_seconds() -> None:
    causes = HaltCauses()
    causes.trip(at(0), Cause.BOOK_DESYNC, "gap")
    causes.settle(at(1), Cause.BOOK_DESYNC)
    causes.settle(at(2), Cause.BOOK_DESYNC)  # that it still is over changes nothing
    early, due = at(2.9), at(3.0)
    causes.ripen(early)
    causes.ripen(due)
    assert (early.cleared, due.cleared) == ([], [Cause.BOOK_DESYNC])


def test_a_fault_that_is_back_within_the_window_begins_it_anew_and_is_one_pause() -> None:
    causes = HaltCauses()
    for n in range(20):
        causes.trip(at(n), Cause.BOOK_DESYNC, "gap")
        causes.settle(at(n + 0.5), Cause.BOOK_DESYNC)
        causes.ripen(at(n + 0.9))
        assert causes.state == TradingState.PAUSED
    assert not causes.switch.is_active(Cause.FLAPPING)
    causes.ripen(at(30))
    assert not causes.switch.causes


def test_what_every_start_begins_with_is_no_fault_and_waits_for_nothing() -> None:
    causes = HaltCauses()
    causes.begin(Cause.MARKET_FEED_DOWN, "not connected yet")
    causes.settle(at(0), Cause.MARKET_FEED_DOWN)
    assert not causes.switch.causes
    causes.trip(at(1), Cause.MARKET_FEED_DOWN, "lost")
    causes.settle(at(2), Cause.MARKET_FEED_DOWN)
    assert causes.state == TradingState.PAUSED


def test_the_sixth_pause_waits_for_a_person_who_reads_what_it_was() -> None:
    causes = HaltCauses()
    for n in range(6):
        turn = at(20 * n)
        causes.trip(turn, Cause.MARKET_FEED_DOWN, f"reset {n}")
        causes.settle(turn, Cause.MARKET_FEED_DOWN)
        assert causes.switch.is_active(Cause.FLAPPING) is (n == 5)
        causes.ripen(at(20 * n + 10))
    text = causes.switch.causes[Cause.FLAPPING]
    assert text.startswith("market_feed_down came more than 5 times within 10 min")
    assert text.endswith("reset 5")
    assert causes.state == TradingState.PAUSED
    causes.resume(at(200))
    assert not causes.switch.causes
    causes.trip(at(201), Cause.MARKET_FEED_DOWN, "again")
    assert not causes.switch.is_active(Cause.FLAPPING)
