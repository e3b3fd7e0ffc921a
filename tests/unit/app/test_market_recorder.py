"""A recorder of a market requests a lost book once a second, and ends if the disk fails."""

import asyncio
import os
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.market_recorder import MarketRecorder
from quoter.domain.events import BookDelta, BookSnapshot, RulesReport, Tick
from quoter.domain.units import NS_PER_S
from quoter.recording import recorder as recorder_module
from quoter.recording import run_files
from quoter.recording.codec import NO_STATE
from quoter.recording.files import recording_files
from quoter.recording.reader import Recording
from quoter.recording.recorder import Recorder
from quoter.tapes.formats import read_tape, tape_market
from quoter.tapes.messages import Depth, Snapshot
from quoter.tapes.reading import ReadProgress
from quoter.venues.ports import Emit
from tests.instruments import BTC_USDT
from tests.unit.recording.cases import delta, header
from tests.unit.service.test_outbox import Feed

WAIT_S = 20.0
START_NS = 10**18


class EndlessFeed(Feed):
    """A feed without news."""

    async def run(self, emit: Emit) -> None:
        await asyncio.Event().wait()


def snapshot(ts_ns: int) -> BookSnapshot:
    return BookSnapshot(ts_ns=ts_ns, last=5, bids=((100.0, 1.0),), asks=((101.0, 1.0),))


def made(folder: Path, feed: Feed) -> tuple[MarketRecorder, Recorder]:
    recorder = Recorder(folder, header(None), bytes_max=10**8, state=lambda: NO_STATE)
    return MarketRecorder(feed, recorder, BTC_USDT), recorder


async def test_a_lost_book_is_requested_at_most_once_a_second(tmp_path: Path) -> None:
    feed = Feed()
    market, recorder = made(tmp_path, feed)
    market.put(snapshot(START_NS))
    market.put(delta(START_NS + 1)._replace(prev=7))
    assert feed.resyncs == 1
    market.put(snapshot(START_NS + 2))
    market.put(delta(START_NS + 3)._replace(prev=7))  # lost again within the second
    assert feed.resyncs == 1
    market.put(delta(START_NS + NS_PER_S + 1))
    assert feed.resyncs == 2
    market.put(snapshot(START_NS + NS_PER_S + 2))
    market.put(Tick(ts_ns=START_NS + 3 * NS_PER_S))
    assert feed.resyncs == 2
    await recorder.close(1)
    records = [record for _, record in Recording(recording_files(tmp_path)).records()]
    assert records[0] == RulesReport(ts_ns=START_NS, instrument=BTC_USDT)
    assert len(records) == 8 == market.progress.events


async def test_a_disk_that_fails_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market, recorder = made(tmp_path, EndlessFeed())

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    market.put(delta(1))
    async with asyncio.timeout(WAIT_S):
        await market.run(None, lambda _: None)
    assert recorder.failure == "No space left on device"
    await recorder.close(1)


def last_levels(files: list[Path]) -> dict[Decimal, Decimal]:
    """Return the levels that a tape of these files ends with, which begins with a book."""
    rows = [row for _, row in read_tape(files, "", on_bad=pytest.fail, progress=ReadProgress(()))]
    assert isinstance(rows[0], Snapshot)
    levels: dict[Decimal, Decimal] = {}
    for row in rows:
        assert isinstance(row, Snapshot | Depth)
        levels |= dict((*row.bids, *row.asks))
    return {price: size for price, size in levels.items() if size}


async def test_each_file_of_a_market_is_a_tape_without_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "FLUSH_S", 0.001)
    monkeypatch.setattr(run_files, "FILE_BYTES_MAX", 20_000)
    market, recorder = made(tmp_path, Feed())
    market.put(snapshot(START_NS))
    task = asyncio.create_task(recorder.run())
    number = 5
    async with asyncio.timeout(WAIT_S):
        while len(recording_files(tmp_path)) < 4:
            number += 1
            bid, ask = ((100 - number % 7, number),), ((101 + number % 5, number),)
            market.put(BookDelta(START_NS + number, number - 1, number, bid, ask))
            if not number % 20:
                await asyncio.sleep(0.001)
    task.cancel()
    await recorder.close(START_NS + number)
    files = recording_files(tmp_path)
    whole = last_levels(files)
    assert len(whole) == 12
    for earlier in range(1, len(files)):
        files[earlier - 1].unlink()
        assert last_levels(files[earlier:]) == whole
        market_then = tape_market(files[earlier:], "BTC/USDT", filters=None)
        assert market_then.tick == BTC_USDT.tick
