"""A KILL file stays until its kill is on disk, and causes one kill only."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from quoter.domain.trading import TradingState
from quoter.service.data_folder import KILL_REQUEST, DataFolder
from quoter.service.killswitch.latch import Latch, LatchRecord
from tests.unit.service.killswitch.test_controller import kill_rig


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
    async with kill_rig(tmp_path) as rig:
        request.write_text("enough")
        rig.stops.files.check()
        rig.handle()
        kill_id = rig.stops.kill_id()
        for _ in range(3):
            await asyncio.sleep(0.05)
            rig.stops.files.check()
        assert rig.harness.state() is TradingState.KILLED
        assert not rig.gateway.is_gate_open
        assert request.exists()
        assert rig.stops.kill_id() == kill_id, "one file is one kill"
        assert not rig.queue
        disk.is_full = False
        await rig.until_disk(is_killed=True)
        assert not request.exists()
        assert rig.on_disk() == rig.stops.latched


async def test_a_kill_file_stays_until_its_latch_is_on_disk(tmp_path: Path) -> None:
    async with kill_rig(tmp_path) as rig:
        (tmp_path / KILL_REQUEST).write_text("enough")
        rig.stops.files.check()
        assert (tmp_path / KILL_REQUEST).exists() or rig.on_disk() is not None
        await rig.until_disk(is_killed=True)  # the write does not wait for the engine
        assert not (tmp_path / KILL_REQUEST).exists()


async def test_a_new_kill_file_is_another_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, request = Disk(monkeypatch), tmp_path / KILL_REQUEST
    async with kill_rig(tmp_path) as rig:
        request.write_text("enough")
        rig.stops.files.check()
        first = rig.stops.kill_id()
        part = tmp_path / "KILL.part"
        part.write_text("enough")
        part.replace(request)
        rig.stops.files.check()
        assert rig.stops.kill_id() not in (None, first)
        disk.is_full = False
        await rig.until_disk(is_killed=True)
        assert not request.exists()


async def test_a_kill_file_that_can_not_be_removed_kills_once(tmp_path: Path) -> None:
    """Otherwise the kill could never be cleared. The next start is killed by the file again."""
    (tmp_path / KILL_REQUEST).mkdir()
    async with kill_rig(tmp_path) as rig:
        rig.stops.files.check()
        rig.handle()
        await rig.until_disk(is_killed=True)
        rig.end_orders()
        assert rig.rearm(str(rig.stops.kill_id()), "test")
        rig.handle()
        await rig.until_disk(is_killed=False)
        rig.stops.files.check()
        assert rig.harness.state() is TradingState.RUNNING
        assert DataFolder(tmp_path).request(KILL_REQUEST) is not None
