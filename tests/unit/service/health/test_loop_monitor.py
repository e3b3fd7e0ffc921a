"""Alarms for a late event loop, a moved clock and memory: raised once and cleared once."""

from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.health.loop_monitor import LoopMonitor
from quoter.service.recovery import RELAPSE_NS


class MonitorRig:
    """A monitor with simulated wall and monotonic clocks."""

    def __init__(self) -> None:
        self.wall_ns = 1_700_000_000 * NS_PER_S
        self.monotonic_ns = 0
        self.alarms: list[tuple[Cause, bool]] = []
        clock = Clock(wall_ns=lambda: self.wall_ns, monotonic_ns=lambda: self.monotonic_ns)
        self.monitor = LoopMonitor(clock=clock, post=self._receive)

    def _receive(self, event: Event) -> None:
        assert isinstance(event, Alarm)
        self.alarms.append((event.cause, event.active))

    def wake(self, after_s: float, lag_s: float = 0.0) -> None:
        self.wall_ns += round(after_s * NS_PER_S)
        self.monotonic_ns += round(after_s * NS_PER_S)
        self.monitor.record_lag(lag_s)


def test_three_late_wake_ups_in_ten_seconds_pause_and_ten_seconds_without_one_resume() -> None:
    rig = MonitorRig()
    for _ in range(3):
        assert rig.alarms == []
        rig.wake(1.0, lag_s=0.3)
    assert rig.alarms == [(Cause.LOOP_LAG, True)]
    for _ in range(9):
        rig.wake(1.0)
    assert len(rig.alarms) == 1
    for _ in range(2):
        rig.wake(1.0)
    assert rig.alarms == [(Cause.LOOP_LAG, True), (Cause.LOOP_LAG, False)]


def test_late_wake_ups_far_apart_do_not_pause() -> None:
    rig = MonitorRig()
    for _ in range(10):
        rig.wake(6.0, lag_s=0.3)
    assert rig.alarms == []


def test_a_clock_that_was_moved_pauses_until_it_is_back() -> None:
    rig = MonitorRig()
    rig.wall_ns += 2 * NS_PER_S
    rig.wake(0.05)
    rig.wake(0.05)
    assert rig.alarms == [(Cause.CLOCK, True)]
    rig.wall_ns -= 2 * NS_PER_S
    rig.wake(0.05)
    assert rig.alarms == [(Cause.CLOCK, True), (Cause.CLOCK, False)]


def test_the_clock_cause_is_cleared_when_both_reasons_are_over() -> None:
    rig = MonitorRig()
    rig.monitor.set_venue_clock_problem("the venue's clock differs from ours by +1.50 s")
    rig.wall_ns += 2 * NS_PER_S
    rig.wake(0.05)
    rig.monitor.set_venue_clock_problem("")
    rig.wake(0.05)
    assert rig.alarms == [(Cause.CLOCK, True)]
    rig.wall_ns -= 2 * NS_PER_S
    rig.wake(0.05)
    assert rig.alarms == [(Cause.CLOCK, True), (Cause.CLOCK, False)]


def test_a_memory_problem_raises_and_clears_one_alarm() -> None:
    rig = MonitorRig()
    for text in ("", "500 MiB", "501 MiB", "", ""):
        rig.monitor.set_memory_problem(text)
    assert rig.alarms == [(Cause.MEMORY, True), (Cause.MEMORY, False)]


def calm_s(rig: MonitorRig, cause: Cause) -> float:
    """Let the machine be fast until the cause is cleared; return how long that took, seconds."""
    for tenths in range(1, 10_000):
        rig.wake(0.1)
        if rig.alarms[-1] == (cause, False):
            return tenths / 10
    raise AssertionError("never cleared")


def test_calm_time_doubles_while_the_machine_stays_slow_and_starts_anew_later() -> None:
    rig = MonitorRig()
    found = []
    for _ in range(7):
        for _ in range(3):
            rig.wake(0.5, lag_s=0.3)
        found.append(calm_s(rig, Cause.LOOP_LAG))
    assert found == [10.0, 20.0, 40.0, 80.0, 160.0, 160.0, 160.0]
    rig.wake(RELAPSE_NS / NS_PER_S)
    for _ in range(3):
        rig.wake(0.5, lag_s=0.3)
    assert calm_s(rig, Cause.LOOP_LAG) == 10.0


def test_late_wake_up_during_the_calm_time_restarts_it() -> None:
    rig = MonitorRig()
    for _ in range(3):
        rig.wake(0.5, lag_s=0.3)
    rig.wake(9.0)
    rig.wake(0.5, lag_s=0.3)
    assert calm_s(rig, Cause.LOOP_LAG) == 10.0


def test_one_long_delay_is_enough() -> None:
    """Else a process that hangs for seconds, once a minute, would never be taken for slow."""
    rig = MonitorRig()
    rig.wake(2.0, lag_s=0.99)
    assert rig.alarms == []
    rig.wake(2.0, lag_s=1.01)
    assert rig.alarms == [(Cause.LOOP_LAG, True)]


def test_memory_that_returns_pauses_longer() -> None:
    rig = MonitorRig()
    for text in ("500 MiB", "", "500 MiB", ""):
        rig.monitor.set_memory_problem(text)
    assert rig.alarms[-1] == (Cause.MEMORY, True)
    rig.wake(20.0)
    rig.monitor.set_memory_problem("")
    assert rig.alarms[-1] == (Cause.MEMORY, False)
