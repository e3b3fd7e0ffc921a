"""A resume by file: it clears latched pauses without a token, never a kill, and only once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quoter.domain.events import Alarm, Resume
from quoter.domain.trading import Cause, TradingState
from quoter.service.data_folder import RESUME_REQUEST, DataFolder
from quoter.service.killswitch.file_requests import ResumeRequest
from tests.unit.service.control_rig import Rig, rigged


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path, {}) as it:
        yield it


def latch(rig: Rig, cause: Cause = Cause.REPEATED_EXECUTION) -> None:
    rig.harness.give(Alarm(ts_ns=rig.clock.now_ns(), cause=cause, active=True, text="why"))


def check(rig: Rig) -> None:
    rig.stops.files.check()
    rig.drain()


def resumes(rig: Rig) -> list[Resume]:
    return [step.event for step in rig.harness.steps if isinstance(step.event, Resume)]


@pytest.mark.parametrize("text", ["", "the network is repaired", "PAUSED\nrepaired"])
async def test_file_clears_a_latched_pause(rig: Rig, text: str) -> None:
    latch(rig)
    (rig.folder / RESUME_REQUEST).write_text(text)
    check(rig)
    assert rig.state is TradingState.RUNNING
    assert not (rig.folder / RESUME_REQUEST).exists()


async def test_file_for_another_state_is_refused_and_removed(rig: Rig) -> None:
    latch(rig)
    (rig.folder / RESUME_REQUEST).write_text("REDUCE_ONLY\nrepaired")
    check(rig)
    assert rig.state is TradingState.PAUSED
    assert not (rig.folder / RESUME_REQUEST).exists()


async def test_file_never_clears_a_kill(rig: Rig) -> None:
    rig.stops.kill("test", "why")
    rig.drain()
    (rig.folder / RESUME_REQUEST).write_text("KILLED\nplease")
    check(rig)
    assert rig.state is TradingState.KILLED
    assert resumes(rig) == []


async def test_file_that_cannot_be_removed_is_carried_out_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DataFolder, "drop", lambda *_: False)
    latch(rig)
    (rig.folder / RESUME_REQUEST).write_text("")
    check(rig)
    latch(rig)
    check(rig)
    assert rig.state is TradingState.PAUSED
    assert len(resumes(rig)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ResumeRequest()),
        ("why", ResumeRequest(reason="why")),
        ("PAUSED", ResumeRequest(seen=TradingState.PAUSED)),
        ("PAUSED\nwhy\x1b", ResumeRequest(seen=TradingState.PAUSED, reason="why")),
    ],
)
def test_request_is_parsed_as_it_is_written(text: str, expected: ResumeRequest) -> None:
    found = ResumeRequest.parse(text)
    assert found.seen == expected.seen
    assert found.reason.startswith(expected.reason)
    assert ResumeRequest.parse(str(found)) == found
