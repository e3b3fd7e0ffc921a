"""`quoter record`: a market over sockets, without a key and without an order."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from quoter.app.market_recorder import Progress, record_market
from quoter.app.startup import StartFailed
from quoter.domain.events import BookDelta, BookSnapshot, Event, RulesReport, TopOfBook, Trade
from quoter.recording.codec import Decision
from quoter.recording.files import recording_files
from quoter.recording.reader import Recording
from quoter.service.exit_codes import ExitCode
from quoter.state.book import Book
from tests.integration.daemon_harness import LIVELY, market, quiet_logs, settings
from tests.integration.sandbox_client import running

EVENTS = 400


def events_of(recording: Recording) -> list[Event]:
    return [record for _, record in recording.records() if not isinstance(record, Decision)]


async def test_a_market_is_recorded_with_its_rules_and_a_lost_book_comes_back(
    tmp_path: Path,
) -> None:
    """A signal ends it."""

    def stop_when_enough(progress: Progress) -> None:
        if progress.events >= EVENTS and progress.resyncs:
            signal.raise_signal(signal.SIGTERM)

    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, seed=6)) as sandbox:
            await sandbox.arm("depth_gap", probability=0.1, count=4)  # then the book stays whole
            code = await record_market(
                settings(sandbox, tmp_path),
                tmp_path / "market",
                max_mb=10,
                seconds=None,
                show=stop_when_enough,
            )
            wire = (await sandbox.admin("GET", "wire-log?since=0")).rows
    assert code is ExitCode.CLEAN
    assert wire == []
    recording = Recording(recording_files(tmp_path / "market"))
    events = events_of(recording)
    assert recording.end is not None
    assert recording.end.events == len(events) >= EVENTS
    assert recording.header.config is None
    assert isinstance(events[0], RulesReport)
    assert events[0].instrument.venue_symbol == LIVELY.symbol
    counts = Counter(type(event) for event in events)
    assert counts[BookSnapshot] >= 2
    assert counts[BookDelta] > 10
    assert counts[TopOfBook] > 10
    assert counts[Trade] > 0
    book = Book()
    applied = 0
    for event in events:
        if isinstance(event, BookSnapshot):
            book.load(event)
        elif isinstance(event, BookDelta):
            applied += book.apply(event) is None
    assert applied > 10


async def test_a_market_that_the_venue_does_not_list_is_not_recorded(tmp_path: Path) -> None:
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, seed=6)) as sandbox:
            chosen = settings(sandbox, tmp_path, symbol="NO/SUCH")
            with pytest.raises(StartFailed, match="NO/SUCH"):
                await record_market(
                    chosen, tmp_path / "market", max_mb=10, seconds=1, show=lambda _: None
                )
    assert not (tmp_path / "market").exists()
