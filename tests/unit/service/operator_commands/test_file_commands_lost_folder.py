"""A data folder that is moved or deleted while the daemon runs kills; a moved one is latched."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quoter.domain.trading import Cause, TradingState
from quoter.service.data_folder import DataFolder
from quoter.service.killswitch.latch import Latch
from tests.unit.service.killswitch.test_controller import KillRig, kill_rig


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
async def rig(path: Path) -> AsyncIterator[KillRig]:
    async with kill_rig(path) as rig:
        folder = rig.stops.files._folder
        assert folder is not None
        folder.lock()
        yield rig
        folder.release()


def move(path: Path) -> Path:
    return path.rename(path.with_name("backup"))


def check(rig: KillRig) -> None:
    rig.stops.files.check()
    rig.handle()


def is_killed(rig: KillRig) -> bool:
    return rig.harness.state() is TradingState.KILLED


async def test_folder_in_its_place_does_not_kill(rig: KillRig) -> None:
    check(rig)
    assert not is_killed(rig)


@pytest.mark.slow  # the end waits SETTLE_S_MAX for a latch that has no folder
async def test_moved_folder_kills_and_is_latched_where_it_is(rig: KillRig, path: Path) -> None:
    moved = move(path)
    check(rig)
    assert is_killed(rig)
    assert not rig.gateway.is_gate_open
    assert Cause.LEDGER_FAILED in rig.harness.causes
    record = None
    for _ in range(200):
        record = record or Latch(moved).read()
        await asyncio.sleep(0.0 if record else 0.01)
    assert record is not None
    assert record.cause is Cause.LEDGER_FAILED
    assert str(moved) in record.text


@pytest.mark.slow  # the end waits SETTLE_S_MAX for a latch that has no folder
async def test_deleted_folder_kills(rig: KillRig, path: Path) -> None:
    shutil.rmtree(path)
    check(rig)
    assert is_killed(rig)
    assert not rig.gateway.is_gate_open


async def test_another_folder_at_the_same_path_kills(rig: KillRig, path: Path) -> None:
    move(path)
    other = DataFolder(path)
    other.take()
    check(rig)
    other.release()
    assert is_killed(rig)


def test_folder_that_is_not_locked_is_not_lost(tmp_path: Path) -> None:
    assert not DataFolder(tmp_path / "nowhere").is_lost()
