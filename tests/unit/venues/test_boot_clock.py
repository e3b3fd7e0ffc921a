"""Ages include the time that the machine was suspended."""

import time

import pytest

from quoter.service.clock import Clock
from quoter.service.external_stops.dead_man import DeadManRefresher
from quoter.venues.boot_clock import boot_clock_ns, boot_clock_s

SLEPT_S = 90


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Append seconds to simulate a suspend, which CLOCK_MONOTONIC does not count."""
    slept: list[int] = []
    read = time.clock_gettime_ns

    def read_ns(clock: int) -> int:
        return read(clock) + (sum(slept) * 10**9 if clock == time.CLOCK_BOOTTIME else 0)

    monkeypatch.setattr(time, "clock_gettime_ns", read_ns)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: read_ns(clock) / 1e9)
    return slept


def test_both_units_agree() -> None:
    before, between, after = boot_clock_s(), boot_clock_ns() / 1e9, boot_clock_s()
    assert before <= between <= after


def test_clock_continues_during_suspend(asleep: list[int]) -> None:
    """The ages of a book, of a decision and of the engine's tick use this clock."""
    clock = Clock()
    before_ns = clock.now_ns()
    asleep.append(SLEPT_S)
    assert clock.now_ns() - before_ns >= SLEPT_S * 10**9


async def test_dead_mans_switch_counts_as_fired_after_a_suspend(asleep: list[int]) -> None:
    class Switch:
        async def set_dead_man(self, seconds: float) -> None:
            """Confirm."""

    switch = DeadManRefresher(switch=Switch(), timeout_s=60.0, clock=Clock())
    await switch._refresh()
    assert switch.block_reason() == ""
    asleep.append(SLEPT_S)
    assert "fired" in switch.block_reason()
