"""The latch holds the cause of a kill, but no secret."""

import asyncio
import time
from pathlib import Path

import pytest

from quoter.app.startup import latched
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, DataFolder
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.killswitch.latch import NAME
from quoter.telemetry.redaction import TEXT_CHARS_MAX, Redactor

CANARY = "c4n4ry-S3cret-0123456789"
WAIT_S = 20.0


def kill_change(cause: Cause, text: str) -> StateChange:
    before, after = TradingState.RUNNING, TradingState.KILLED
    return StateChange(before=before, after=after, raised=((cause, text),), cleared=())


@pytest.mark.parametrize("lead", [0, TEXT_CHARS_MAX - 9], ids=["whole", "cut in two"])
async def test_a_latch_contains_no_known_secret(tmp_path: Path, lead: int) -> None:
    """The text of a cause may come from the venue, which knows our key."""
    stops = KillSwitchController(
        gateway=None,
        folder=DataFolder(tmp_path, redactor=Redactor([CANARY])),
        latched=None,
        clock=Clock(),
    )
    writing = asyncio.create_task(stops.run())
    text = "x" * lead + f"{CANARY} is no key of mine"
    for cause in (Cause.KEY_REFUSED, Cause.WIRE_MISMATCH):
        stops.state_changed(kill_change(cause, text))
        assert stops.latched is not None
        end_s = time.monotonic() + WAIT_S
        while stops.latched.kill_id not in latch_text(tmp_path):
            assert time.monotonic() < end_s
            await asyncio.sleep(0.01)
        assert "c4n4ry" not in latch_text(tmp_path)
    writing.cancel()
    await stops.settle()


def test_a_latch_of_an_earlier_kill_file_contains_no_secret(tmp_path: Path) -> None:
    (tmp_path / KILL_REQUEST).write_text(f"reason {CANARY}")
    record = latched(DataFolder(tmp_path, redactor=Redactor([CANARY])), Clock())
    assert record is not None
    assert "reason [redacted]" in record.text
    assert "c4n4ry" not in latch_text(tmp_path)


def latch_text(folder: Path) -> str:
    path = folder / NAME
    return path.read_text() if path.exists() else ""
