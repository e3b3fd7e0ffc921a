"""Every change of a cause is told in the turn it happened in, and only changes are."""

from quoter.domain.events import Tick
from quoter.domain.trading import Cause, TradingState
from quoter.engine.causes import Causes
from quoter.engine.turn import Turn


def turn() -> Turn:
    return Turn(Tick(ts_ns=1), 1)


def test_a_cause_is_told_when_it_comes_and_when_it_goes() -> None:
    causes = Causes()
    first = turn()
    causes.trip(first, Cause.CLOCK, "off by 2 s")
    causes.trip(first, Cause.CLOCK, "off by 3 s")
    assert first.raised == [(Cause.CLOCK, "off by 2 s")]
    second = turn()
    causes.settle(second, Cause.CLOCK)
    causes.settle(second, Cause.CLOCK)
    assert second.cleared == [Cause.CLOCK]


def test_holding_a_cause_follows_its_condition() -> None:
    causes = Causes()
    for active in (True, True, False, False, True):
        causes.hold(turn(), Cause.LOOP_LAG, active=active, text="slow")
    assert causes.state is TradingState.PAUSED


def test_resume_and_rearm_tell_what_they_cleared() -> None:
    causes = Causes()
    causes.trip(turn(), Cause.OPERATOR_PAUSE, "")
    causes.trip(turn(), Cause.LOSS_LIMIT, "")
    resumed, rearmed = turn(), turn()
    causes.resume(resumed)
    causes.rearm(rearmed)
    assert (resumed.cleared, rearmed.cleared) == ([Cause.OPERATOR_PAUSE], [Cause.LOSS_LIMIT])


def test_a_step_says_what_changed_and_nothing_where_nothing_did() -> None:
    causes = Causes()
    quiet = turn().step(1, TradingState.RUNNING, causes.state)
    assert quiet.state is None
    loud = turn()
    causes.trip(loud, Cause.LOSS_LIMIT, "lost")
    step = loud.step(2, TradingState.RUNNING, causes.state)
    assert step.state is not None
    assert (step.state.before, step.state.after) == (TradingState.RUNNING, TradingState.KILLED)
    assert step.state.raised == ((Cause.LOSS_LIMIT, "lost"),)
