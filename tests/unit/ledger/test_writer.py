"""A full, broken or slow disk is reported at once, and committed rows stay."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from quoter.ledger import writer as module
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader
from quoter.ledger.schema import connect
from quoter.ledger.writer import LedgerFailed
from tests.unit.ledger.cases import MARKET, booked, opened
from tests.unit.ledger.disk import TIMEOUT_S, Disk, on_disk

FROZEN_S = 1.5  # longer than STALL_S_MAX


@pytest.fixture(autouse=True)
def _sound_disk() -> None:
    Disk.reset()


def trades(folder: Path) -> list[str]:
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        return [known.fill.trade_id for known in reader.fills(epoch.number)]


async def test_an_io_error_is_raised_to_waiting_and_later_calls(tmp_path: Path) -> None:
    failures: list[str] = []
    async with opened(tmp_path, connect=on_disk) as ledger:
        ledger.on_failure = failures.append
        await ledger.record_fills([booked(1)])
        Disk.broken.set()
        with pytest.raises(LedgerFailed, match="disk I/O error"):
            await ledger.record_fills([booked(2)])
        Disk.broken.clear()
        with pytest.raises(LedgerFailed, match="disk I/O error"):
            await ledger.record_fills([booked(3)])
    assert len(failures) == 1
    assert trades(tmp_path) == ["1"]


async def test_a_full_disk_is_reported_and_committed_rows_stay(tmp_path: Path) -> None:
    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        return connection

    written: list[str] = []

    async def fill_it(ledger: Ledger) -> None:
        for number in range(1, 1_000):
            await ledger.record_fills([booked(number)])
            written.append(str(number))

    async with opened(tmp_path, connect=small) as ledger:
        with pytest.raises(LedgerFailed, match="full"):
            await fill_it(ledger)
    assert len(written) > 10
    assert trades(tmp_path) == written


async def test_a_stalled_disk_is_waited_for_once_and_its_jobs_are_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    async with opened(tmp_path, connect=on_disk) as ledger:
        await ledger.record_fills([booked(1)])
        monkeypatch.setattr(module, "STALL_S_MAX", 0.05)
        Disk.stalled.set()
        with pytest.raises(LedgerFailed, match="not answered"):
            await ledger.record_fills([booked(2)])
        monkeypatch.setattr(module, "STALL_S_MAX", TIMEOUT_S)
        begun_s = loop.time()
        with pytest.raises(LedgerFailed):
            await ledger.record_fills([booked(3)])
        assert loop.time() - begun_s < TIMEOUT_S / 2
        assert not ledger.failure
        Disk.stalled.clear()
        Disk.may_go_on.set()
        for _ in range(100):
            if not ledger.is_stalled and trades(tmp_path) == ["1", "2", "3"]:
                break
            await asyncio.sleep(0.02)
        await ledger.record_fills([booked(4)])
    assert trades(tmp_path) == ["1", "2", "3", "4"]


@pytest.mark.slow
async def test_a_frozen_process_is_not_counted_as_a_stalled_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writing thread was frozen too, and needs a moment when it runs again."""
    monkeypatch.setattr(module, "STALL_S_MAX", 1.0)
    loop = asyncio.get_running_loop()
    async with opened(tmp_path, connect=on_disk) as ledger:
        Disk.stalled.set()
        writing = asyncio.create_task(ledger.record_fills([booked(1)]))
        await asyncio.sleep(0.01)
        time.sleep(FROZEN_S)  # noqa: ASYNC251 - nothing of us runs meanwhile
        loop.call_later(0.05, Disk.may_go_on.set)
        await writing
    assert trades(tmp_path) == ["1"]


async def test_queued_jobs_share_a_commit(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=on_disk) as ledger:
        Disk.stalled.set()
        first = asyncio.create_task(ledger.record_fills([booked(1)]))
        await asyncio.sleep(0.05)
        before = Disk.commits
        others = [asyncio.create_task(ledger.record_fills([booked(n)])) for n in range(2, 40)]
        await asyncio.sleep(0.05)
        Disk.stalled.clear()
        Disk.may_go_on.set()
        await asyncio.gather(first, *others)
        assert Disk.commits - before == 2
    assert trades(tmp_path) == [str(number) for number in range(1, 40)]


async def test_a_full_queue_fails_and_never_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 4)
    failures: list[str] = []
    async with opened(tmp_path, connect=on_disk) as ledger:
        ledger.on_failure = failures.append
        Disk.stalled.set()
        first = asyncio.create_task(ledger.record_fills([booked(1)]))
        await asyncio.sleep(0.05)
        for number in range(6):
            ledger.match_fill(str(number), "q00")
        assert failures == ["the ledger's queue is full (4)"]
        Disk.may_go_on.set()
        await first
        with pytest.raises(LedgerFailed, match="queue is full"):
            await ledger.record_fills([booked(2)])


async def test_an_unexpected_error_in_a_job_is_reported_as_a_failure(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        with pytest.raises(LedgerFailed, match="int too large"):
            await ledger.record_fills([booked(1, ts_ns=10**30)])
    assert trades(tmp_path) == []
