"""A recorder of a market requests a lost book once a second, and ends if the disk fails."""

import asyncio
import os
from pathlib import Path

import pytest

from quoter.app.market_recorder import MarketRecorder
from quoter.domain.events import BookSnapshot, RulesReport, Tick
from quoter.domain.units import NS_PER_S
from quoter.recording.files import recording_files
from quoter.recording.reader import Recording
from quoter.recording.recorder import Recorder
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
    recorder = Recorder(folder, header(None), bytes_max=10**8)
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
