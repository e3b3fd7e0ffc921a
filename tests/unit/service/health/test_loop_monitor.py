"""A loop that is late and a clock that was moved are told when they begin and when they end."""

from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.health.loop_monitor import LoopMonitor


class Hands:
    """Both clocks of the machine, moved by the test."""

    def __init__(self) -> None:
        self.wall_ns = 1_700_000_000 * NS_PER_S
        self.monotonic_ns = 0
        self.told: list[tuple[Cause, bool]] = []
        clock = Clock(wall_ns=lambda: self.wall_ns, monotonic_ns=lambda: self.monotonic_ns)
        self.watchdog = LoopMonitor(clock=clock, post=self._receive)

    def _receive(self, event: Event) -> None:
        assert isinstance(event, Alarm)
        self.told.append((event.cause, event.active))

    def wake(self, after_s: float, lag_s: float = 0.0) -> None:
        self.wall_ns += round(after_s * NS_PER_S)
        self.monotonic_ns += round(after_s * NS_PER_S)
        self.watchdog.record_lag(lag_s)


def test_three_late_wake_ups_in_ten_seconds_pause_and_ten_calm_ones_resume() -> None:
    hands = Hands()
    for _ in range(3):
        assert hands.told == []
        hands.wake(1.0, lag_s=0.3)
    assert hands.told == [(Cause.LOOP_LAG, True)]
    for _ in range(9):
        hands.wake(1.0)
    assert len(hands.told) == 1
    for _ in range(2):
        hands.wake(1.0)
    assert hands.told == [(Cause.LOOP_LAG, True), (Cause.LOOP_LAG, False)]


def test_late_wake_ups_far_apart_are_nothing() -> None:
    hands = Hands()
    for _ in range(10):
        hands.wake(6.0, lag_s=0.3)
    assert hands.told == []


def test_a_clock_that_was_moved_pauses_until_it_is_back() -> None:
    hands = Hands()
    hands.wall_ns += 2 * NS_PER_S
    hands.wake(0.05)
    hands.wake(0.05)
    assert hands.told == [(Cause.CLOCK, True)]
    hands.wall_ns -= 2 * NS_PER_S
    hands.wake(0.05)
    assert hands.told == [(Cause.CLOCK, True), (Cause.CLOCK, False)]


def test_both_reasons_to_mistrust_the_clock_must_be_over() -> None:
    hands = Hands()
    hands.watchdog.set_venue_clock_problem("the venue's clock differs from ours by +1.50 s")
    hands.wall_ns += 2 * NS_PER_S
    hands.wake(0.05)
    hands.watchdog.set_venue_clock_problem("")
    hands.wake(0.05)
    assert hands.told == [(Cause.CLOCK, True)]
    hands.wall_ns -= 2 * NS_PER_S
    hands.wake(0.05)
    assert hands.told == [(Cause.CLOCK, True), (Cause.CLOCK, False)]


def test_memory_is_reported_when_it_begins_and_when_it_ends() -> None:
    hands = Hands()
    for text in ("", "500 MiB", "501 MiB", "", ""):
        hands.watchdog.set_memory_problem(text)
    assert hands.told == [(Cause.MEMORY, True), (Cause.MEMORY, False)]
