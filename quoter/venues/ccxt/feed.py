"""Public market feed through ccxt.pro: trades, and whole books that quoter numbers."""

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from math import isfinite, nan
from random import Random

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
from quoter.domain.market import Level, Side, Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.rest import CcxtRest
from quoter.venues.clock import VenueClock
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import Purpose, declare_call
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.egress.wire_mismatch import wire_mismatch_alarm
from quoter.venues.json_values import Json, as_list, as_map, text
from quoter.venues.ports import Emit
from quoter.venues.redaction import redact
from quoter.venues.streams.backoff import Backoff, attempts_exhausted_alarm
from quoter.venues.streams.book_comparison import BookComparison
from quoter.venues.streams.latency_monitor import LatencyMonitor
from quoter.venues.streams.stall_detector import StallDetector
from quoter.venues.streams.trading_status import TradingStatusMonitor
from quoter.venues.supervised_tasks import spawn, wait_ended

LEVELS_MAX = 100
CLOSE_S_MAX = 3.0
PING_MS_MAX = 1000
BAD_BOOKS_MAX = 5  # per BAD_BOOKS_WINDOW_S; more raise BOOK_STALE, and the engine reconnects
BAD_BOOKS_WINDOW_S = 60.0
DIFFERENCES_MIN = 2  # differences in a row that prove a book wrong: one REST answer may be old
CLOCKS_DIFFER_MS = 1000  # largest difference from the venue's clock that does not pause quoting
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class CcxtFeed:
    """`MarketFeed` through ccxt.pro: one task per stream that only awaits and emits."""

    def __init__(
        self,
        config: VenueConfig,
        instrument: Instrument,
        now_ns: NowNs,
        random: Random,
        clock: VenueClock | None = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        self._symbol, self._now_ns, self._random = instrument.symbol, now_ns, random
        self._timings = config.stream
        self._client = make_client(_with_quick_pings(_without_key(config)), now_ns)
        if limiter is not None:
            self._client.limiter = limiter
        self._rest = CcxtRest(self._client, config, instrument, now_ns)
        self._latency = LatencyMonitor(self._timings, clock)
        self._comparison = BookComparison()
        self._sequence = 0
        self._confirmation_wanted = asyncio.Event()
        self._stalls: StallDetector | None = None  # set from the first book of a connection on
        self._bad_s: deque[float] = deque(maxlen=BAD_BOOKS_MAX + 1)
        self.unreadable = self.old_trades = 0
        self.book_checks = 0

    async def run(self, emit: Emit) -> None:
        """Emit the events of the market stream, reports and alarms until cancelled.

        FeedUp comes before the first book of a connection, FeedDown when the connection is lost.
        """
        status = TradingStatusMonitor(
            ask=self._rest.status,
            resync=self.resync,
            timings=self._timings,
            now_ns=self._now_ns,
        )
        self._client.gate.report_breaches(wire_mismatch_alarm(emit, self._now_ns))
        try:
            with declare_call(Purpose.READ):
                async with asyncio.TaskGroup() as tasks:
                    spawn(tasks, "market stream", self._reconnect(emit))
                    spawn(tasks, "confirmations", self._confirm_books(emit))
                    spawn(tasks, "book checks", self._check_books(emit))
                    spawn(tasks, "venue status", status.run(emit))
        finally:
            with suppress(TimeoutError):  # ccxt's close may hang on a dead peer
                async with asyncio.timeout(CLOSE_S_MAX):
                    await self._client.close()

    async def _reconnect(self, emit: Emit) -> None:
        backoff = Backoff(self._timings, self._random)

        def on_exhausted(text: str) -> None:
            emit(attempts_exhausted_alarm(self._now_ns(), Stream.MARKET, text))

        while True:
            started_s = await backoff.wait_for_attempt(on_exhausted)
            reason = await self._read_until_lost(emit)
            backoff.connection_ended(time.monotonic() - started_s)
            self._client.on_frame = self._stalls = None
            self._client.drop_sockets(reason)
            emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.MARKET, text=reason))

    def _stall_detector(self) -> StallDetector:
        return StallDetector(
            now_ns=self._now_ns, stall_s=self._timings.stall_s, on_stall=self._on_stall
        )

    def _on_stall(self, text: str) -> None:
        """Drop the sockets: what they buffered is old."""
        self._client.on_frame = None
        self._client.drop_sockets(text)

    def rejected(self) -> dict[str, int]:
        """Return how many messages were not used so far, by reason."""
        return {"unreadable": self.unreadable, "old_trade": self.old_trades}

    def confirm(self) -> None:
        """Request the book by REST and emit its best prices; no effect while one is pending."""
        self._confirmation_wanted.set()

    def reconnect(self, text: str) -> None:
        """Drop the sockets: ccxt connects and subscribes again."""
        self._client.drop_sockets(text)

    def resync(self) -> None:
        """Drop the sockets, so that ccxt subscribes again and takes a fresh snapshot."""
        self._client.drop_sockets("resync")

    async def _read_until_lost(self, emit: Emit) -> str:
        """Read the public streams until one ends; return the reason."""
        watches = [
            asyncio.create_task(self._books(emit), name="books"),
            asyncio.create_task(self._trades(emit), name="trades"),
        ]
        try:
            done, _ = await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
            watch = done.pop()
            error = None if watch.cancelled() else watch.exception()
            return redact(f"{type(error).__name__}: {error}")
        finally:
            for watch in watches:
                watch.cancel()
            await wait_ended(*watches)

    async def _books(self, emit: Emit) -> None:
        stalls: StallDetector | None = None
        while True:
            raw = await self._client.watch_order_book(self._symbol)
            bids, asks = levels(raw.get("bids")), levels(raw.get("asks"))
            if bids is None or asks is None:
                self._bad_book(emit)
                continue
            ts_ns = self._now_ns()
            if stalls is None:
                if (alarm := self._latency.restart(ts_ns)) is not None:
                    emit(alarm)
                emit(FeedUp(ts_ns=ts_ns, stream=Stream.MARKET))
                stalls = self._stalls = self._client.on_frame = self._stall_detector()
            elif stalls.check_stall():
                continue  # the book was buffered during a stall
            self._observe_latency(raw.get("timestamp"), ts_ns, emit)
            self._comparison.add(bids, asks)
            self._sequence += 1
            emit(BookSnapshot(ts_ns=ts_ns, last=self._sequence, bids=bids, asks=asks))

    async def _trades(self, emit: Emit) -> None:
        """Emit trades.

        Trades from before the connection, which some venues send, are only counted.
        """
        opened_ms = self._now_ns() // NS_PER_MS - CLOCKS_DIFFER_MS
        while True:
            rows = await self._client.watch_trades(self._symbol)
            if self._stalls is not None and self._stalls.check_stall():
                continue
            for raw in rows:
                found = trade(raw, self._now_ns())
                traded_ms = raw.get("timestamp")
                if found is None:
                    self.unreadable += 1
                elif isinstance(traded_ms, int) and traded_ms < opened_ms:
                    self.old_trades += 1
                else:
                    emit(found)

    def _observe_latency(self, timestamp: object, ts_ns: int, emit: Emit) -> None:
        event_ms = timestamp if isinstance(timestamp, int) else 0
        if (alarm := self._latency.observe(event_ms, ts_ns)) is not None:
            emit(alarm)

    def _bad_book(self, emit: Emit) -> None:
        self.unreadable += 1
        now_s = time.monotonic()
        self._bad_s.append(now_s)
        is_full = len(self._bad_s) > BAD_BOOKS_MAX
        if is_full and now_s - self._bad_s[0] <= BAD_BOOKS_WINDOW_S:
            self._bad_s.clear()
            text = f"more than {BAD_BOOKS_MAX} unreadable books within {BAD_BOOKS_WINDOW_S:g} s"
            emit(Alarm(ts_ns=self._now_ns(), cause=Cause.BOOK_STALE, active=True, text=text))

    async def _confirm_books(self, emit: Emit) -> None:
        """Emit the best prices of a REST book for each requested confirmation."""
        while True:
            await self._confirmation_wanted.wait()
            asked_ns = self._now_ns()
            raw = await self._rest.book()
            self._confirmation_wanted.clear()
            bids, asks = (levels(as_map(raw).get(side)) for side in ("bids", "asks"))
            if self._stalls is not None and self._stalls.check_stall():
                continue
            if bids and asks:
                emit(
                    BestPricesReport(
                        ts_ns=self._now_ns(), asked_ns=asked_ns, bid=bids[0], ask=asks[0]
                    )
                )
            else:
                text = "the REST answer has no book with both sides"
                emit(ReportFailed(ts_ns=self._now_ns(), kind=ReportKind.BEST_PRICES, text=text))

    async def _check_books(self, emit: Emit) -> None:
        """Repeatedly measure the venue's clock, and compare the streamed book with REST."""
        while True:
            await self._rest.measure(self._latency)
            await asyncio.sleep(self._timings.book_check_s)
            difference = await self._difference()
            for _ in range(DIFFERENCES_MIN - 1):
                difference = difference and await self._difference()
            if difference:
                text = f"the book differs from REST: {difference}"
                ts_ns = self._now_ns()
                emit(Alarm(ts_ns=ts_ns, cause=Cause.BOOK_DESYNC, active=True, text=text))
                self._client.drop_sockets(text)

    async def _difference(self) -> str:
        """Return the difference found by one comparison; empty if none, or nothing to compare."""
        settle_s, sequence = self._timings.book_check_settle_s, self._sequence
        self._comparison.begin()
        await asyncio.sleep(3 * settle_s)  # the REST answer may be a little older than the stream
        raw = await self._rest.book()
        await asyncio.sleep(settle_s)  # or a little newer
        bids, asks = (levels(as_map(raw).get(side)) for side in ("bids", "asks"))
        if not bids or not asks or not sequence:
            return ""
        self.book_checks += 1
        return self._comparison.difference(bids, asks)


def _without_key(config: VenueConfig) -> VenueConfig:
    """Return the config without secrets: public data needs none, and absent ones can't leak."""
    return replace(config, api_key="", secret="", password="")


def _with_quick_pings(config: VenueConfig) -> VenueConfig:
    """Return the config with pings at least every second and the configured total time-out."""
    ping_ms = min(PING_MS_MAX, int(config.stream.ping_s * 1000))
    if config.keep_alive_ms <= ping_ms:
        return config
    dead_after_ms = config.keep_alive_ms * config.pongs_missed_max
    return replace(config, keep_alive_ms=ping_ms, pongs_missed_max=dead_after_ms // ping_ms)


def levels(side: object) -> tuple[Level, ...] | None:
    """Return the best LEVELS_MAX levels of one side, copied.

    None if the side is not a list, or if a level lacks a valid number: absent is not empty.
    """
    if not isinstance(side, list | tuple):
        return None
    found = []
    for row in side[:LEVELS_MAX]:
        price, size = (_number(value) for value in (*as_list(row)[:2], None, None)[:2])
        if not (price > 0 and size > 0):
            return None
        found.append(Level(price, size))
    return tuple(found)


def trade(raw: Json, ts_ns: int) -> Trade | None:
    """Return a public trade; None without side, price or size."""
    fields = as_map(raw)
    side = _SIDES.get(text(fields.get("side")))
    price, size = _number(fields.get("price")), _number(fields.get("amount"))
    if side is None or not (price > 0 and size > 0):
        return None
    return Trade(ts_ns=ts_ns, trade_id=text(fields.get("id")), price=price, size=size, taker=side)


def _number(value: object) -> float:
    """Return a finite number, or NaN, which fails every comparison."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return nan
    return float(value)
