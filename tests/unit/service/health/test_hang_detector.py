"""Somebody outside of the loop sees that it hangs, and writes down where."""

import asyncio
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from quoter.service import clock as clock_module
from quoter.service.clock import LoopProbe
from quoter.service.health import hang_detector as module
from quoter.service.health.hang_detector import NAME, HangDetector

CANARY = "c4n4ry-S3cret"
HANG_S_MAX = 10.0


def the_work_that_never_ends(secret: str, watch: HangDetector) -> None:
    """Holds the loop until the watch has seen it."""
    end_s = time.monotonic() + HANG_S_MAX
    while secret and not watch.hang_count and time.monotonic() < end_s:
        time.sleep(0.01)


async def test_a_blocked_loop_is_seen_from_a_thread_while_it_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_S", 0.02)
    monkeypatch.setattr(module, "STUCK_S", 0.2)
    monkeypatch.setattr(clock_module, "STUCK_S", 0.2)
    lags = asyncio.Queue[float]()
    probe = LoopProbe(lags.put_nowait, period_s=0.01)
    watch = HangDetector(silence_s=probe.silence_s, folder=tmp_path)
    task = asyncio.create_task(probe.run())
    with watch:
        await asyncio.sleep(0.02)
        the_work_that_never_ends(CANARY, watch)
        assert watch.hang_count == 1
        assert watch.is_running
        async with asyncio.timeout(HANG_S_MAX):
            while await lags.get() < 0.1:
                pass  # the ticker has come round before the block and after it
    task.cancel()
    assert not watch.is_running
    stacks = (tmp_path / NAME).read_text()
    assert "the_work_that_never_ends" in stacks
    assert "the loop has been silent for" in stacks
    assert CANARY not in stacks


class Silence:
    """How long the ticker has been silent, as the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_one_hang_is_written_once_and_the_next_one_again(tmp_path: Path) -> None:
    silence = Silence()
    watch = HangDetector(silence_s=silence, folder=tmp_path)
    with capture_logs() as lines:
        for seconds in (0.1, 1.9, 2.0, 2.5, 9.0, 0.1, 3.0):
            silence.seconds = seconds
            watch.check()
    assert [line["silent_s"] for line in lines] == [2.0, 3.0]
    assert watch.hang_count == 2
    assert (tmp_path / NAME).read_text().count("the loop has been silent for") == 2


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_MAX", 10)
    silence = Silence()
    watch = HangDetector(silence_s=silence, folder=tmp_path)
    for seconds in (3.0, 0.0, 4.0):
        silence.seconds = seconds
        watch.check()
    text = (tmp_path / NAME).read_text()
    assert "4.00 s" in text
    assert "3.00 s" not in text


def test_a_disk_that_refuses_it_is_no_end_of_the_watch(tmp_path: Path) -> None:
    silence = Silence()
    watch = HangDetector(silence_s=silence, folder=tmp_path / "gone")
    silence.seconds = 3.0
    with capture_logs() as lines:
        watch.check()
    assert "No such file" in lines[0]["problem"]


def test_a_dry_run_has_no_folder_and_writes_to_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    silence = Silence()
    silence.seconds = 3.0
    watch = HangDetector(silence_s=silence, folder=None)
    with capture_logs() as lines:
        watch.check()
    assert (lines[0]["stacks"], lines[0]["problem"]) == ("stderr", "")
    assert "most recent call first" in capfd.readouterr().err


async def test_a_thread_that_looks_no_more_ends_the_task_that_stands_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which ends the run: a hang would go unseen."""
    monkeypatch.setattr(module, "SUPERVISE_S", 0.01)
    watch = HangDetector(silence_s=lambda: 0.0, folder=None)
    with watch:
        task = asyncio.create_task(watch.supervise())
        await asyncio.sleep(0.1)
        assert not task.done()
    async with asyncio.timeout(HANG_S_MAX):
        await task
