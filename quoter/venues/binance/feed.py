"""Native public feed of Binance spot: depth, best prices and trades of one symbol."""

import asyncio
import time
from collections import deque
from dataclasses import replace
from random import Random

import aiohttp

from quoter.domain.errors import VenueRateLimited
from quoter.domain.events import (
    Alarm,
    BestPricesReport,
    BookSnapshot,
    FeedDown,
    FeedUp,
    ReportFailed,
    Trade,
)
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.venues.binance.bad_frames import BadFrames
from quoter.venues.binance.depth_sync import STUCK, DepthDiff, DepthSync
from quoter.venues.binance.messages import TRADING, BadFrame, CloseAnnouncement, parse, streams
from quoter.venues.binance.rest import NO_ANSWER, REQUESTS_PER_S, BinanceRest, SymbolUnknown
from quoter.venues.clock import VenueClock
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.ports import Emit
from quoter.venues.profiles import feed_urls
from quoter.venues.streams.backoff import attempts_exhausted_alarm
from quoter.venues.streams.latency_monitor import LatencyMonitor
from quoter.venues.streams.reconnecting import StreamReader
from quoter.venues.streams.trading_status import TradingStatusMonitor
from quoter.venues.supervised_tasks import spawn

# after a sync that lasted this long, the pause between snapshots is short again
SYNC_LASTS_S = 10.0
BOOK_CHECK_RETRY_S = 2.0  # after a snapshot that did not overlap the stream


class BinanceFeed:
    """`MarketFeed` of Binance spot; its book is kept in sequence by `DepthSync`."""

    def __init__(
        self,
        config: VenueConfig,
        instrument: Instrument,
        now_ns: NowNs,
        random: Random,
        clock: VenueClock | None = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        self._limiter = limiter or RateLimiter(requests_per_s=REQUESTS_PER_S)
        self._config, self._now_ns, self._random = config, now_ns, random
        self._timings = config.stream
        self._symbol = instrument.venue_symbol
        self._reader = StreamReader(
            url=f"{feed_urls(config).stream}?streams={streams(self._symbol)}",
            handler=self,
            timings=self._timings,
            random=random,
        )
        self._sync = DepthSync()
        self._latency = LatencyMonitor(self._timings, clock)
        self._newest_trade = -1
        self._snapshot_wanted, self._confirmation_wanted = asyncio.Event(), asyncio.Event()
        self._is_up = False
        self._epoch = 0  # of the sync: snapshots requested before the latest restart are discarded
        self._emit: Emit = _discard
        self._status_monitor: TradingStatusMonitor | None = None
        self._bad_frames = BadFrames()
        self.snapshots_failed = 0
        self.connections = 0
        self.book_checks = 0  # snapshots that overlapped the stream

    @property
    def sync(self) -> DepthSync:
        """The depth synchronisation, for its counters."""
        return self._sync

    async def run(self, emit: Emit) -> None:
        """Emit the events of `MarketFeed.run`, reports and alarms until cancelled."""
        self._emit = emit
        timeout = aiohttp.ClientTimeout(total=self._timings.snapshot_s_max)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            rest = BinanceRest(
                session,
                self._config,
                venue_symbol=self._symbol,
                now_ns=self._now_ns,
                limiter=self._limiter,
            )
            status = self._status_monitor = TradingStatusMonitor(
                ask=lambda: self._status(rest),
                resync=self.resync,
                timings=self._timings,
                now_ns=self._now_ns,
            )
            spawn(tasks, "market stream", self._reader.run())
            spawn(tasks, "depth snapshots", self._snapshots(rest))
            spawn(tasks, "confirmations", self._confirm_books(rest))
            spawn(tasks, "book checks", self._check_books(rest))
            spawn(tasks, "venue status", status.run(emit))

    @property
    def handovers(self) -> int:
        """Number of handovers from one connection to another."""
        return self._reader.handovers

    def rejected(self) -> dict[str, int]:
        """Return how many messages were not used so far, by reason."""
        sync = self._sync
        return {
            "unreadable": self._bad_frames.count,
            "known_update": sync.ignored,
            "gap": sync.gaps,
            "old_snapshot": sync.stale_snapshots,
            "failed_request": self.snapshots_failed,
        }

    def confirm(self) -> None:
        """Request the best prices by REST and emit them; no effect while a request is pending."""
        self._confirmation_wanted.set()

    def reconnect(self, text: str) -> None:
        """Close the connection and open another. `text`: the reason."""
        self._reader.reconnect(text)

    def resync(self) -> None:
        """Start again from a fresh snapshot; no effect while a sync is in progress."""
        if self._sync.is_synced:
            self._begin_sync()

    def on_open(self) -> None:
        """Emit FeedUp and start a sync for the new connection."""
        self._is_up = True
        self.connections += 1
        self._restart_latency()
        self._newest_trade = -1
        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))
        self._begin_sync()

    def on_stall(self, silent_s: float) -> None:
        """Emit FeedDown and FeedUp, and restart the sync.

        Buffered frames are old: only a snapshot requested now is current.
        """
        text = f"nothing was read for {silent_s:.1f} s"
        self._emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.MARKET, text=text))
        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))
        self._begin_sync()

    def on_lost(self, text: str) -> None:
        """Emit FeedDown and discard the book."""
        self._is_up = False
        self._snapshot_wanted.clear()
        self._sync.restart()
        self._epoch += 1
        self._emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.MARKET, text=text))

    def on_attempts_exhausted(self, text: str) -> None:
        """Emit the alarm that the limit of connection attempts is reached."""
        self._emit(attempts_exhausted_alarm(self._now_ns(), Stream.MARKET, text))

    def trim_overlap(self, frames: deque[bytes]) -> bool:
        """Drop the second connection's known frames; return whether the rest fits our book.

        It fits if its first new diff continues our book, or if all diffs are known. It does not fit
        after a gap, or if the frames contain no diff.
        """
        is_behind = False
        while frames:
            try:
                message = parse(frames[0], venue_symbol=self._symbol, ts_ns=0)
            except BadFrame:
                message = None
            if isinstance(message, DepthDiff):
                follows = self._sync.follows(message)
                if follows is not None:
                    return follows
                is_behind = True
            frames.popleft()
        return is_behind

    def _restart_latency(self) -> None:
        alarm = self._latency.restart(self._now_ns())
        if alarm is not None:
            self._emit(alarm)

    def on_frame(self, data: bytes) -> None:
        """Parse one frame and emit its events."""
        try:
            message = parse(data, venue_symbol=self._symbol, ts_ns=self._now_ns())
        except BadFrame:
            self._bad_frame()
            return
        if isinstance(message, DepthDiff):
            alarm = self._latency.observe(message.event_ms, message.ts_ns)
            if alarm is not None:
                self._emit(alarm)
            delta = self._sync.on_diff(message)
            if delta is not None:
                self._emit(delta)
                if not self._sync.is_synced:  # that was a gap
                    self._begin_sync()
            elif self._sync.is_stuck:
                self._report_wrong(STUCK)
                self._begin_sync()
        elif isinstance(message, Trade):
            self._on_trade(message)
        elif isinstance(message, CloseAnnouncement):
            self._reader.request_handover()
        elif message is not None:
            self._emit(message)

    def _on_trade(self, trade: Trade) -> None:
        """Emit a trade unless it is known: a new connection may repeat trades."""
        number = int(trade.trade_id)
        if number > self._newest_trade:
            self._newest_trade = number
            self._emit(trade)

    def _bad_frame(self) -> None:
        if text := self._bad_frames.add(time.monotonic()):
            self._report_wrong(text)

    def _report_wrong(self, text: str) -> None:
        """Raise `book_stale`: the stream or its book can't be right. The engine reconnects."""
        alarm = Alarm(ts_ns=self._now_ns(), cause=Cause.BOOK_STALE, active=True, text=text)
        self._emit(alarm)

    def _begin_sync(self) -> None:
        if self._sync.is_synced:
            self._sync.restart()
        self._epoch += 1
        self._snapshot_wanted.set()

    async def _snapshots(self, rest: BinanceRest) -> None:
        """Fetch a depth snapshot whenever one is wanted, with a pause between requests.

        The pause grows with each snapshot, and is short again after a sync that lasted. So a book
        that stays unusable costs few requests. The limiter reserves what cancels need.
        """
        fetched, applied_s = 0, float("inf")
        while True:
            await self._snapshot_wanted.wait()
            if time.monotonic() - applied_s >= SYNC_LASTS_S:
                fetched = 0
            fetched, applied_s = fetched + 1, float("inf")
            epoch = self._epoch
            snapshot, retry_s = None, 0.0
            try:
                snapshot = await rest.depth()
            except VenueRateLimited as error:
                retry_s = self._refused(error)
            except NO_ANSWER:
                self.snapshots_failed += 1
            self._reader.check_stall()  # the answer may be as old as buffered frames
            if snapshot is not None and epoch == self._epoch and self._apply(snapshot):
                applied_s = time.monotonic()
            await asyncio.sleep(max(retry_s, self._pause_s(fetched)))

    def _apply(self, snapshot: BookSnapshot) -> bool:
        events = self._sync.on_snapshot(snapshot)
        if events is None:
            return False
        self._snapshot_wanted.clear()
        for event in events:
            self._emit(event)
        return True

    def _pause_s(self, fetched: int) -> float:
        timings = self._timings
        cap_s = min(timings.backoff_s_max, timings.resync_pause_s * 2 ** min(fetched, 10))
        return self._random.uniform(timings.resync_pause_s, max(timings.resync_pause_s, cap_s))

    async def _confirm_books(self, rest: BinanceRest) -> None:
        """Emit the best prices from REST for each requested confirmation."""
        while True:
            await self._confirmation_wanted.wait()
            pause_s = 0.0
            try:
                report = await self._best_prices(rest)
            except VenueRateLimited as error:
                pause_s, report = self._refused(error), self._no_best_prices(_text(error))
            except NO_ANSWER as error:
                report = self._no_best_prices(_text(error))
            self._confirmation_wanted.clear()
            self._reader.check_stall()  # the answer may be as old as buffered frames
            self._emit(report)
            await asyncio.sleep(pause_s)

    async def _best_prices(self, rest: BinanceRest) -> BestPricesReport | ReportFailed:
        asked_ns = self._now_ns()
        book = await rest.best_levels()
        if not book.bids or not book.asks:
            return self._no_best_prices("REST returned no book with both sides")
        return BestPricesReport(
            ts_ns=self._now_ns(),
            asked_ns=asked_ns,
            bid=Level(*book.bids[0]),
            ask=Level(*book.asks[0]),
            last=book.last,
        )

    def _no_best_prices(self, text: str) -> ReportFailed:
        return ReportFailed(ts_ns=self._now_ns(), kind=ReportKind.BEST_PRICES, text=text)

    async def _check_books(self, rest: BinanceRest) -> None:
        """Measure the venue's clock and compare the book with a REST snapshot, at an interval."""
        is_first = True
        while True:
            pause_s = self._timings.book_check_s
            try:
                await self._measure(rest)
                if not is_first and not await self._emit_rest_book(rest):
                    pause_s = min(pause_s, BOOK_CHECK_RETRY_S)
            except VenueRateLimited as error:
                pause_s = max(pause_s, self._refused(error))
            except NO_ANSWER:
                self.snapshots_failed += 1
            is_first = False
            await asyncio.sleep(pause_s)

    async def _measure(self, rest: BinanceRest) -> None:
        if self._latency.is_measured_elsewhere:
            return
        asked_ns = self._now_ns()
        venue_ms = await rest.time_ms()
        self._latency.record_clock(venue_ms=venue_ms, asked_ns=asked_ns, answered_ns=self._now_ns())

    async def _emit_rest_book(self, rest: BinanceRest) -> bool:
        """Emit the book from REST, brought up to our newest update.

        The engine compares it with its own. Returns False if the snapshot did not overlap the
        stream.
        """
        self._sync.begin_book_check()
        # The snapshot may be a little older or newer than the stream.
        await asyncio.sleep(self._timings.book_check_settle_s)
        snapshot = await rest.depth()
        await asyncio.sleep(self._timings.book_check_settle_s)
        self._reader.check_stall()
        found = self._sync.finish_book_check(snapshot)
        if found is None:
            return False
        self.book_checks += 1
        self._emit(replace(found, ts_ns=self._now_ns()))
        return True

    def _refused(self, error: VenueRateLimited) -> float:
        """Return the seconds to wait; for an unknown symbol also check the trading status now."""
        if isinstance(error, SymbolUnknown) and self._status_monitor is not None:
            self._status_monitor.check_now()
        return error.retry_s

    async def _status(self, rest: BinanceRest) -> str | None:
        try:
            status = await rest.status()
        except (VenueRateLimited, *NO_ANSWER):
            return None
        return "" if status == TRADING else f"{self._symbol} is {status}"


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _discard(event: object) -> None:
    """Discard events that come before `run`."""
