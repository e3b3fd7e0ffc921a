"""Time for the core, and the lag of the loop."""

import asyncio
import time
from collections.abc import Callable

import pytest

from quoter.service import clock as module
from quoter.service.clock import Clock, LoopProbe


def readings_of(*readings: int) -> Callable[[], int]:
    left = list(readings)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_the_clock_starts_at_the_wall_time() -> None:
    before = time.time_ns()
    now = Clock().now_ns()
    assert before - 1_000_000 <= now <= time.time_ns() + 1_000_000


def test_the_clock_does_not_step_back_with_the_wall_clock() -> None:
    clock = Clock(wall_ns=readings_of(1_000, 400), monotonic_ns=readings_of(0, 10, 20, 30))
    assert [clock.now_ns(), clock.now_ns()] == [1_010, 1_020]
    assert clock.offset_ns() == 400 - 1_030


def test_readings_never_decrease() -> None:
    clock = Clock()
    readings = [clock.now_ns() for _ in range(1_000)]
    assert readings == sorted(readings)


async def test_a_blocked_loop_is_reported_as_lag() -> None:
    seen = asyncio.Queue[float]()
    probe = LoopProbe(seen.put_nowait, period_s=0.005)
    task = asyncio.create_task(probe.run())
    async with asyncio.timeout(5):
        await seen.get()
        time.sleep(0.1)  # noqa: ASYNC251 - the block is what the test is about
        worst = 0.0
        while worst < 0.05:
            worst = max(worst, await seen.get())
    assert probe.is_alive()
    task.cancel()


def test_a_probe_that_does_not_run_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = LoopProbe(lambda _lag: None)
    assert probe.is_alive()
    monkeypatch.setattr(module, "STUCK_S", 0.0)
    assert not probe.is_alive()
