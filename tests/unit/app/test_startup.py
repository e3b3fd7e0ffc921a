"""Requests in the data folder from before the start."""

import errno
import os
from pathlib import Path

import pytest

from quoter.app.startup import StartFailed, latched
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.file_requests import RearmRequest
from quoter.service.killswitch.latch import NAME, Latch


def look(folder: Path) -> str | None:
    """The kill id that a start finds."""
    record = latched(DataFolder(folder), Clock())
    return record.kill_id if record is not None else None


def rearm(folder: Path, text: str, *, after_s: float) -> Path:
    """A REARM file, so long after the latch of this moment."""
    path = folder / REARM_REQUEST
    path.write_text(text)
    now_ns = Clock().now_ns() + round(after_s * NS_PER_S)
    os.utime(path, ns=(now_ns, now_ns))
    return path


def kill(folder: Path) -> str:
    return Latch(folder).write(Cause.OPERATOR_KILL, "test", Clock().now_ns()).kill_id


def test_a_kill_that_the_disk_does_not_take_is_there_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / KILL_REQUEST).write_text("enough")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StartFailed, match="No space left") as failed:
            look(tmp_path)
    assert failed.value.code is ExitCode.INTEGRITY
    assert look(tmp_path) is not None
    record = Latch(tmp_path).read()
    assert record is not None
    assert "enough" in record.text
    assert not (tmp_path / KILL_REQUEST).exists()


def test_a_kill_on_top_of_a_latch_has_an_id_of_its_own(tmp_path: Path) -> None:
    """Who has seen the first one only must not lift them both."""
    first = kill(tmp_path)
    (tmp_path / KILL_REQUEST).touch()
    asked = rearm(tmp_path, first, after_s=60)
    assert look(tmp_path) not in (None, first)
    assert not asked.exists()


def test_nobody_killed_is_nobody_rearmed(tmp_path: Path) -> None:
    asked = rearm(tmp_path, "old", after_s=60)
    assert look(tmp_path) is None
    assert not asked.exists()


@pytest.mark.parametrize("after_s", [-60, 60])
def test_a_rearm_left_behind_counts_only_if_it_came_after_the_kill_that_it_names(
    tmp_path: Path, after_s: float
) -> None:
    asked = rearm(tmp_path, f"{kill(tmp_path)} 0.5", after_s=after_s)
    assert look(tmp_path) is not None
    assert asked.exists() is (after_s > 0)


def test_a_rearm_of_another_kill_is_forgotten(tmp_path: Path) -> None:
    asked = rearm(tmp_path, kill(tmp_path), after_s=60)
    kill(tmp_path)
    assert look(tmp_path) is not None
    assert not asked.exists()


def test_a_rearm_of_something_unreadable_is_asked_for_again(tmp_path: Path) -> None:
    """All that is unreadable has the same id."""
    (tmp_path / NAME).write_text("{")
    asked = rearm(tmp_path, "unreadable", after_s=60)
    assert look(tmp_path) == "unreadable"
    assert not asked.exists()


def test_a_rearm_with_a_reason_from_after_the_kill_stays_for_the_daemon(tmp_path: Path) -> None:
    """`quoter rearm` writes a reason always; the start must find the kill id before it."""
    kill_id = kill(tmp_path)
    path = rearm(tmp_path, str(RearmRequest(kill_id, reason="the venue is back")), after_s=1.0)
    assert look(tmp_path) == kill_id
    assert path.exists()


def test_a_rearm_that_can_not_be_parsed_is_removed(tmp_path: Path) -> None:
    kill_id = kill(tmp_path)
    path = rearm(tmp_path, f"{kill_id} many", after_s=1.0)
    assert look(tmp_path) == kill_id
    assert not path.exists()
