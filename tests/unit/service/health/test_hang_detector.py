"""A thread detects that the event loop hangs and writes the stacks to a file."""

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
ROOT = Path(__file__).parents[4]
HANG_S_MAX = 10.0


def block_the_loop(secret: str, detector: HangDetector) -> None:
    """Block the loop until the detector has counted a hang."""
    end_s = time.monotonic() + HANG_S_MAX
    while secret and not detector.hang_count and time.monotonic() < end_s:
        time.sleep(0.01)


async def test_a_blocked_loop_is_detected_while_it_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_S", 0.02)
    monkeypatch.setattr(module, "STUCK_S", 0.2)
    monkeypatch.setattr(clock_module, "STUCK_S", 0.2)
    lags = asyncio.Queue[float]()
    probe = LoopProbe(lags.put_nowait, period_s=0.01)
    detector = HangDetector(silence_s=probe.silence_s, folder=tmp_path)
    task = asyncio.create_task(probe.run())
    with detector:
        await asyncio.sleep(0.02)
        block_the_loop(CANARY, detector)
        assert detector.hang_count == 1
        assert detector.is_running
        async with asyncio.timeout(HANG_S_MAX):
            while await lags.get() < 0.1:
                pass  # lags from before the block, then the one after it
    task.cancel()
    assert not detector.is_running
    stacks = (tmp_path / NAME).read_text()
    assert "block_the_loop" in stacks
    assert "the loop has been silent for" in stacks
    assert CANARY not in stacks


class Silence:
    """Returns the time that the loop has been silent, set by the test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_each_hang_is_written_once(tmp_path: Path) -> None:
    silence = Silence()
    detector = HangDetector(silence_s=silence, folder=tmp_path)
    with capture_logs() as lines:
        for seconds in (0.1, 1.9, 2.0, 2.5, 9.0, 0.1, 3.0):
            silence.seconds = seconds
            detector.check()
    assert [line["silent_s"] for line in lines] == [2.0, 3.0]
    assert detector.hang_count == 2
    assert (tmp_path / NAME).read_text().count("the loop has been silent for") == 2


def test_the_file_is_replaced_above_its_maximum_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_MAX", 10)
    silence = Silence()
    detector = HangDetector(silence_s=silence, folder=tmp_path)
    for seconds in (3.0, 0.0, 4.0):
        silence.seconds = seconds
        detector.check()
    text = (tmp_path / NAME).read_text()
    assert "4.00 s" in text
    assert "3.00 s" not in text


def test_a_failed_write_of_the_stacks_is_logged(tmp_path: Path) -> None:
    silence = Silence()
    detector = HangDetector(silence_s=silence, folder=tmp_path / "gone")
    silence.seconds = 3.0
    with capture_logs() as lines:
        detector.check()
    assert "No such file" in lines[0]["problem"]


def test_a_dry_run_has_no_folder_and_writes_to_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    silence = Silence()
    silence.seconds = 3.0
    detector = HangDetector(silence_s=silence, folder=None)
    with capture_logs() as lines:
        detector.check()
    assert (lines[0]["stacks"], lines[0]["problem"]) == ("stderr", "")
    assert "most recent call first" in capfd.readouterr().err


async def test_the_supervising_task_ends_when_the_thread_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end of this task ends the run, because a hang would not be detected."""
    monkeypatch.setattr(module, "SUPERVISE_S", 0.01)
    detector = HangDetector(silence_s=lambda: 0.0, folder=None)
    with detector:
        task = asyncio.create_task(detector.supervise())
        await asyncio.sleep(0.1)
        assert not task.done()
    async with asyncio.timeout(HANG_S_MAX):
        await task


@pytest.mark.parametrize(
    "document", ["deploy/prometheus/rules/quoter.yml", "deploy/docs/runbook.md"]
)
def test_the_alert_and_the_runbook_name_the_file_with_the_stacks(document: str) -> None:
    assert NAME in (ROOT / document).read_text()
