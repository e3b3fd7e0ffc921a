"""The loss of our own fills within a minute, and the pause after it."""

from decimal import Decimal

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.markout_loss import MarkoutLossMonitor

MAX = Decimal(10)


def looks(minute: MarkoutLossMonitor, *totals: float, start_s: int = 0) -> list[bool]:
    """One update a second with a running total of markouts."""
    return [
        minute.update((start_s + second) * NS_PER_S, Decimal(str(total)))
        for second, total in enumerate(totals)
    ]


def test_loss_above_the_limit_within_a_minute_pauses_for_a_minute() -> None:
    minute = MarkoutLossMonitor(MAX)
    assert looks(minute, 0, -4, -9.9) == [False] * 3
    assert looks(minute, *[-10] * 60, start_s=3) == [True] * 60
    assert "lost 10" in minute.text
    assert looks(minute, -10, start_s=63) == [False]


def test_same_loss_over_a_longer_time_does_not_pause() -> None:
    minute = MarkoutLossMonitor(MAX)
    assert not any(looks(minute, *(-second * 10 / 90 for second in range(600))))


def test_loss_is_measured_from_the_start_of_the_minute() -> None:
    minute = MarkoutLossMonitor(MAX)
    assert looks(minute, 500, 495, 490.5, 489.9) == [False, False, False, True]


def test_count_restarts_after_the_pause() -> None:
    minute = MarkoutLossMonitor(MAX)
    looks(minute, 0, -10)
    assert looks(minute, -30, -35, -39, start_s=61) == [False] * 3
    assert looks(minute, -40, start_s=64) == [True]


def test_limit_of_zero_switches_the_check_off() -> None:
    assert looks(MarkoutLossMonitor(Decimal(0)), 0, -1e6) == [False, False]
