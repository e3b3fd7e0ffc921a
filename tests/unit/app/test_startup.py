"""Kill and re-arm requests in the data folder, written before the start."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from quoter.app.startup import StartFailed, latched, until_available
from quoter.domain.errors import VenueUnavailable
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.file_requests import RearmRequest
from quoter.service.killswitch.latch import NAME, Latch


def kill_id_at_start(folder: Path) -> str | None:
    """Return the kill id that is in force at a start, None without a kill."""
    record = latched(DataFolder(folder), Clock())
    return record.kill_id if record is not None else None


def rearm(folder: Path, text: str, *, after_s: float) -> Path:
    """Write a REARM file whose modification time is `after_s` seconds from now; return its path."""
    path = folder / REARM_REQUEST
    path.write_text(text)
    now_ns = Clock().now_ns() + round(after_s * NS_PER_S)
    os.utime(path, ns=(now_ns, now_ns))
    return path


def kill(folder: Path) -> str:
    return Latch(folder).write(Cause.OPERATOR_KILL, "test", Clock().now_ns()).kill_id


def test_a_kill_that_can_not_be_latched_stays_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / KILL_REQUEST).write_text("enough")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StartFailed, match="No space left") as failed:
            kill_id_at_start(tmp_path)
    assert failed.value.code is ExitCode.INTEGRITY
    assert kill_id_at_start(tmp_path) is not None
    record = Latch(tmp_path).read()
    assert record is not None
    assert "enough" in record.text
    assert not (tmp_path / KILL_REQUEST).exists()


def test_a_second_kill_gets_a_new_kill_id(tmp_path: Path) -> None:
    """An operator who has seen only the first kill must not clear both."""
    first = kill(tmp_path)
    (tmp_path / KILL_REQUEST).touch()
    request = rearm(tmp_path, first, after_s=60)
    assert kill_id_at_start(tmp_path) not in (None, first)
    assert not request.exists()


def test_a_rearm_without_a_kill_is_removed(tmp_path: Path) -> None:
    request = rearm(tmp_path, "old", after_s=60)
    assert kill_id_at_start(tmp_path) is None
    assert not request.exists()


@pytest.mark.parametrize("after_s", [-60, 60])
def test_a_rearm_request_older_than_its_kill_is_removed(tmp_path: Path, after_s: float) -> None:
    request = rearm(tmp_path, f"{kill(tmp_path)} 0.5", after_s=after_s)
    assert kill_id_at_start(tmp_path) is not None
    assert request.exists() is (after_s > 0)


def test_a_rearm_of_an_earlier_kill_is_removed(tmp_path: Path) -> None:
    request = rearm(tmp_path, kill(tmp_path), after_s=60)
    kill(tmp_path)
    assert kill_id_at_start(tmp_path) is not None
    assert not request.exists()


def test_a_rearm_of_an_unreadable_latch_is_removed(tmp_path: Path) -> None:
    """Every unreadable latch has the same kill id."""
    (tmp_path / NAME).write_text("{")
    request = rearm(tmp_path, "unreadable", after_s=60)
    assert kill_id_at_start(tmp_path) == "unreadable"
    assert not request.exists()


def test_a_rearm_with_a_reason_newer_than_the_kill_is_kept_for_the_daemon(tmp_path: Path) -> None:
    """`quoter rearm` always writes a reason after the kill id."""
    kill_id = kill(tmp_path)
    path = rearm(tmp_path, str(RearmRequest(kill_id, reason="the venue is back")), after_s=1.0)
    assert kill_id_at_start(tmp_path) == kill_id
    assert path.exists()


def test_a_rearm_that_can_not_be_parsed_is_removed(tmp_path: Path) -> None:
    kill_id = kill(tmp_path)
    path = rearm(tmp_path, f"{kill_id} many", after_s=1.0)
    assert kill_id_at_start(tmp_path) == kill_id
    assert not path.exists()


async def ask_after(failures: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses of a start at a venue that can't be used the first times."""
    pauses: list[float] = []
    now_s = 0.0
    loop = asyncio.get_running_loop()

    async def sleep(seconds: float) -> None:
        nonlocal now_s
        pauses.append(seconds)
        now_s += seconds

    async def ask() -> str:
        if len(pauses) < failures:
            raise VenueUnavailable("maintenance")
        return "open"

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(loop, "time", lambda: now_s)
    assert await until_available(ask) == "open"
    return pauses


async def test_start_waits_with_growing_pauses_for_a_venue_in_maintenance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        pauses = await ask_after(5, patch)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 15.0]


async def test_start_at_a_venue_that_stays_unavailable_ends_with_its_own_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch, pytest.raises(StartFailed, match="maintenance") as failed:
        await ask_after(100, patch)
    assert failed.value.code is ExitCode.VENUE_UNAVAILABLE
