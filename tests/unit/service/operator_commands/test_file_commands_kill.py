"""A KILL file stays until its kill is on disk, and causes one kill only."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from quoter.domain.trading import TradingState
from quoter.service.data_folder import KILL_REQUEST, DataFolder
from quoter.service.killswitch.latch import Latch, LatchRecord
from tests.unit.service.killswitch.test_controller import posted


class Disk:
    """A disk that refuses every latch while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = True
        save = Latch.save

        def saving(latch: Latch, record: LatchRecord) -> None:
            if self.is_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            save(latch, record)

        monkeypatch.setattr(Latch, "save", saving)


async def test_a_kill_file_stays_while_the_latch_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a process that dies now would trade after its restart."""
    disk, request = Disk(monkeypatch), tmp_path / KILL_REQUEST
    async with posted(tmp_path) as post:
        request.write_text("enough")
        post.stops.files.check()
        post.handle()
        kill_id = post.stops.kill_id()
        for _ in range(3):
            await asyncio.sleep(0.05)
            post.stops.files.check()
        assert post.harness.state() is TradingState.KILLED
        assert not post.gateway.is_gate_open
        assert request.exists()
        assert post.stops.kill_id() == kill_id, "one file is one kill"
        assert not post.queue
        disk.is_full = False
        await post.until_disk(is_killed=True)
        assert not request.exists()
        assert post.on_disk() == post.stops.latched


async def test_a_kill_file_stays_until_its_latch_is_on_disk(tmp_path: Path) -> None:
    async with posted(tmp_path) as post:
        (tmp_path / KILL_REQUEST).write_text("enough")
        post.stops.files.check()
        assert (tmp_path / KILL_REQUEST).exists() or post.on_disk() is not None
        await post.until_disk(is_killed=True)  # which does not wait for the engine
        assert not (tmp_path / KILL_REQUEST).exists()


async def test_a_new_kill_file_is_another_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, request = Disk(monkeypatch), tmp_path / KILL_REQUEST
    async with posted(tmp_path) as post:
        request.write_text("enough")
        post.stops.files.check()
        first = post.stops.kill_id()
        part = tmp_path / "KILL.part"
        part.write_text("enough")
        part.replace(request)
        post.stops.files.check()
        assert post.stops.kill_id() not in (None, first)
        disk.is_full = False
        await post.until_disk(is_killed=True)
        assert not request.exists()


async def test_a_kill_file_that_can_not_be_removed_kills_once(tmp_path: Path) -> None:
    """Otherwise it could never be cleared; the next start is killed by it nevertheless."""
    (tmp_path / KILL_REQUEST).mkdir()
    async with posted(tmp_path) as post:
        post.stops.files.check()
        post.handle()
        await post.until_disk(is_killed=True)
        post.let_go()
        assert post.rearm(str(post.stops.kill_id()), "test")
        post.handle()
        await post.until_disk(is_killed=False)
        post.stops.files.check()
        assert post.harness.state() is TradingState.RUNNING
        assert DataFolder(tmp_path).request(KILL_REQUEST) is not None
