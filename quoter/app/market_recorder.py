"""Record a market without a key and without orders, until a signal or for some seconds."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from quoter.app.recording import BYTES_PER_MB, header_of
from quoter.app.settings_to_config import venue_config
from quoter.app.startup import connect, start_failure
from quoter.domain.errors import VenueError
from quoter.domain.events import Event, RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.units import NS_PER_S
from quoter.recording.codec import NO_STATE
from quoter.recording.recorder import Recorder
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings
from quoter.state.watched_book import WatchedBook
from quoter.venues.factory import make_feed, make_gateway
from quoter.venues.ports import MarketFeed

log = structlog.get_logger()

POLL_S = 0.5
RESYNC_APART_NS = NS_PER_S


@dataclass(slots=True)
class Progress:
    """Counts of a recording in progress: events, and requests for a new book."""

    events: int = 0
    resyncs: int = 0


class MarketRecorder:
    """Recorder of one market feed.

    The market's rules are recorded before the first event. Each file but the first begins with a
    checkpoint, the rules and the book, so that it is a tape without those before it. A new book is
    requested when the book is lost.
    """

    def __init__(self, feed: MarketFeed, recorder: Recorder, instrument: Instrument) -> None:
        self._feed, self._recorder, self._instrument = feed, recorder, instrument
        self._book = WatchedBook()
        self._resync_ns = 0
        self.progress = Progress()

    def put(self, event: Event) -> None:
        """Record one event of the feed."""
        if not self.progress.events:
            self._record(RulesReport(ts_ns=event.ts_ns, instrument=self._instrument))
        self._record(event)
        self._book.observe(event)
        if self._book.is_ready and self._recorder.checkpoint_if_due(event.ts_ns):
            self._record(RulesReport(ts_ns=event.ts_ns, instrument=self._instrument))
            self._record(self._book.snapshot(event.ts_ns))
        if self._book.fault and event.ts_ns - self._resync_ns >= RESYNC_APART_NS:
            self._resync_ns = event.ts_ns
            self.progress.resyncs += 1
            log.warning("book_lost", reason=self._book.fault)
            self._feed.resync()

    def _record(self, event: Event) -> None:
        self._recorder.event(event)
        self._recorder.flush_if_large()
        self.progress.events += 1

    async def run(self, seconds: float | None, show: Callable[[Progress], None]) -> None:
        """Record for `seconds` (None: until cancelled), or until the disk fails.

        `show` is called twice a second.
        """
        loop = asyncio.get_running_loop()
        end_s = None if seconds is None else loop.time() + seconds
        tasks = [
            asyncio.create_task(self._feed.run(self.put), name="feed"),
            asyncio.create_task(self._recorder.run(), name="recording"),
        ]
        try:
            while not self._recorder.failure and (end_s is None or loop.time() < end_s):
                done, _ = await asyncio.wait(tasks, timeout=POLL_S)
                for task in done:
                    task.result()
                show(self.progress)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def record_market(
    settings: Settings,
    folder: Path,
    *,
    max_mb: int,
    seconds: float | None,
    show: Callable[[Progress], None],
) -> ExitCode:
    """Record until `seconds` are over (None: no limit), SIGTERM or Ctrl-C; return the exit code.

    The exit code is 1 if the disk fails. `max_mb` limits all recordings in `folder` together, in
    MiB. `show` is called twice a second. Raises StartFailed.
    """
    clock = Clock()
    config = venue_config(settings, with_key=False)
    try:
        gateway = make_gateway(config, now_ns=clock.now_ns)
    except VenueError as error:
        raise start_failure(error, settings) from None
    try:
        instrument = await connect(gateway, settings)
    finally:
        await gateway.close()
    feed = make_feed(config, instrument, now_ns=clock.now_ns, limiter=gateway.limiter)
    recorder = Recorder(
        folder,
        header_of(settings, None, clock.now_ns()),
        bytes_max=max_mb * BYTES_PER_MB,
        secrets=settings.secrets(),
        state=lambda: NO_STATE,
    )
    market = MarketRecorder(feed, recorder, instrument)
    running = asyncio.create_task(market.run(seconds, show), name="market")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    await asyncio.wait({running})
    await recorder.close(clock.now_ns())
    if not running.cancelled():
        running.result()
    return ExitCode.CRASHED if recorder.failure else ExitCode.CLEAN
