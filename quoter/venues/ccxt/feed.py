"""The public feed of any exchange that ccxt.pro can watch: whole books, numbered by ourselves."""

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from math import isfinite, nan
from random import Random

from quoter.domain.events import Alarm, BookSnapshot, FeedDown, FeedUp, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Side, Stream
from quoter.domain.trading import Cause
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.rest import CcxtRest
from quoter.venues.clock import VenueClock
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import Purpose, calling
from quoter.venues.egress.wire_mismatch import wire_mismatch_alarm
from quoter.venues.json_values import Json, as_list, as_map, text
from quoter.venues.ports import Emit
from quoter.venues.redaction import redact
from quoter.venues.streams.backoff import Backoff, attempts_exhausted_alarm
from quoter.venues.streams.book_comparison import BookComparison
from quoter.venues.streams.latency_monitor import LatencyMonitor
from quoter.venues.streams.liveness import LivenessReporter
from quoter.venues.streams.trading_status import StatusWatch
from quoter.venues.supervised_tasks import ended, spawn

LEVELS_MAX = 100
CLOSE_S_MAX = 3.0
PING_MS_MAX = 1000
BAD_BOOKS_MAX = 5  # per minute; more means that we misunderstand each other
BAD_BOOKS_WINDOW_S = 60.0
CHECKS = 2  # comparisons in a row that must fail: REST answers may be old
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class CcxtFeed:
    """`MarketFeed` through ccxt.pro: one task per stream, nothing but wait and hand on."""

    def __init__(
        self,
        config: VenueConfig,
        instrument: Instrument,
        now_ns: NowNs,
        random: Random,
        clock: VenueClock | None = None,
    ) -> None:
        self._symbol, self._now_ns, self._random = instrument.symbol, now_ns, random
        self._timings = config.stream
        self._client = make_client(_with_quick_pings(_without_key(config)), now_ns)
        self._rest = CcxtRest(self._client, config, instrument, now_ns)
        self._lag = LatencyMonitor(self._timings, clock)
        self._check = BookComparison()
        self._sequence = 0
        self._signs: LivenessReporter | None = None  # of the connection since its first book
        self._bad_s: deque[float] = deque(maxlen=BAD_BOOKS_MAX + 1)
        self.unreadable = 0
        self.checks = 0

    async def run(self, emit: Emit) -> None:
        """Emit FeedUp with the first book, then books and trades, until cancelled."""
        status = StatusWatch(
            ask=self._rest.status,
            resync=self.resync,
            timings=self._timings,
            now_ns=self._now_ns,
        )
        self._client.gate.report_breaches(wire_mismatch_alarm(emit, self._now_ns))
        try:
            with calling(Purpose.READ):
                async with asyncio.TaskGroup() as tasks:
                    spawn(tasks, "market stream", self._connections(emit))
                    spawn(tasks, "checks", self._checks(emit))
                    spawn(tasks, "venue status", status.run(emit))
        finally:
            with suppress(TimeoutError):  # ccxt's close may hang on a dead peer
                async with asyncio.timeout(CLOSE_S_MAX):
                    await self._client.close()

    async def _connections(self, emit: Emit) -> None:
        backoff = Backoff(self._timings, self._random)

        def spent(text: str) -> None:
            emit(attempts_exhausted_alarm(self._now_ns(), Stream.MARKET, text))

        while True:
            started_s = await backoff.turn(spent)
            ending = await self._connection(emit)
            backoff.lived(time.monotonic() - started_s)
            self._client.alive = self._signs = None
            self._client.drop_sockets(ending)
            emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.MARKET, text=ending))

    def _signs_of_life(self, emit: Emit) -> LivenessReporter:
        return LivenessReporter(
            emit=emit,
            stream=Stream.MARKET,
            now_ns=self._now_ns,
            stall_s=self._timings.stall_s,
            on_stall=self._stalled,
        )

    def _stalled(self, text: str) -> None:
        """What waits in the sockets is old, and no sign of life either."""
        self._client.alive = None
        self._client.drop_sockets(text)

    def resync(self) -> None:
        """Drop the sockets: ccxt subscribes anew and takes a fresh snapshot."""
        self._client.drop_sockets("resync")

    async def _connection(self, emit: Emit) -> str:
        """One life of the public sockets; how it ended."""
        pumps = [
            asyncio.create_task(self._books(emit), name="books"),
            asyncio.create_task(self._trades(emit), name="trades"),
        ]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            pump = done.pop()
            error = None if pump.cancelled() else pump.exception()
            return redact(f"{type(error).__name__}: {error}")
        finally:
            for pump in pumps:
                pump.cancel()
            await ended(*pumps)

    async def _books(self, emit: Emit) -> None:
        signs: LivenessReporter | None = None
        while True:
            raw = await self._client.watch_order_book(self._symbol)
            bids, asks = levels(raw.get("bids")), levels(raw.get("asks"))
            if bids is None or asks is None:
                self._bad_book()
                continue
            ts_ns = self._now_ns()
            if signs is None:
                if (alarm := self._lag.restart(ts_ns)) is not None:
                    emit(alarm)
                emit(FeedUp(ts_ns=ts_ns, stream=Stream.MARKET))
                signs = self._signs = self._client.alive = self._signs_of_life(emit)
            elif signs.look():
                continue  # this book waited for us
            self._tell_lag(raw.get("timestamp"), ts_ns, emit)
            self._check.saw(bids, asks)
            self._sequence += 1
            emit(BookSnapshot(ts_ns=ts_ns, last=self._sequence, bids=bids, asks=asks))

    async def _trades(self, emit: Emit) -> None:
        while True:
            rows = await self._client.watch_trades(self._symbol)
            if self._signs is not None and self._signs.look():
                continue
            for raw in rows:
                news = trade(raw, self._now_ns())
                if news is None:
                    self.unreadable += 1
                else:
                    emit(news)

    def _tell_lag(self, timestamp: object, ts_ns: int, emit: Emit) -> None:
        event_ms = timestamp if isinstance(timestamp, int) else 0
        if (alarm := self._lag.see(event_ms, ts_ns)) is not None:
            emit(alarm)

    def _bad_book(self) -> None:
        self.unreadable += 1
        now_s = time.monotonic()
        self._bad_s.append(now_s)
        is_full = len(self._bad_s) > BAD_BOOKS_MAX
        if is_full and now_s - self._bad_s[0] <= BAD_BOOKS_WINDOW_S:
            self._bad_s.clear()
            self.resync()

    async def _checks(self, emit: Emit) -> None:
        """Measure the venue's clock, and compare what is streamed with a REST book."""
        while True:
            await self._rest.measure(self._lag)
            await asyncio.sleep(self._timings.book_check_s)
            difference = await self._difference()
            for _ in range(CHECKS - 1):
                difference = difference and await self._difference()
            if difference:
                text = f"the book differs from REST: {difference}"
                ts_ns = self._now_ns()
                emit(Alarm(ts_ns=ts_ns, cause=Cause.BOOK_DESYNC, active=True, text=text))
                self._client.drop_sockets(text)

    async def _difference(self) -> str:
        """One comparison; empty also when there is nothing to compare with."""
        settle_s, sequence = self._timings.book_check_settle_s, self._sequence
        self._check.begin()
        await asyncio.sleep(3 * settle_s)  # REST answers may be a little behind
        raw = await self._rest.book()
        await asyncio.sleep(settle_s)  # or the stream
        bids, asks = (levels(as_map(raw).get(side)) for side in ("bids", "asks"))
        if not bids or not asks or not sequence:
            return ""
        self.checks += 1
        return self._check.difference(bids, asks)


def _without_key(config: VenueConfig) -> VenueConfig:
    """Public news needs no key, and what is not there can't leak."""
    return replace(config, api_key="", secret="", password="")


def _with_quick_pings(config: VenueConfig) -> VenueConfig:
    """Ping within the 2 s of silence that count as stale; give up no sooner than configured."""
    ping_ms = min(PING_MS_MAX, int(config.stream.ping_s * 1000))
    if config.keep_alive_ms <= ping_ms:
        return config
    patience_ms = config.keep_alive_ms * config.pongs_missed_max
    return replace(config, keep_alive_ms=ping_ms, pongs_missed_max=patience_ms // ping_ms)


def levels(side: object) -> tuple[Level, ...] | None:
    """The best LEVELS_MAX levels of one side, copied; None if a number is not usable."""
    found = []
    for row in as_list(side)[:LEVELS_MAX]:
        price, size = (_number(value) for value in as_list(row)[:2])
        if not (price > 0 and size > 0):
            return None
        found.append(Level(price, size))
    return tuple(found)


def trade(raw: Json, ts_ns: int) -> Trade | None:
    """A public print; None without side, price or size."""
    fields = as_map(raw)
    side = _SIDES.get(text(fields.get("side")))
    price, size = _number(fields.get("price")), _number(fields.get("amount"))
    if side is None or not (price > 0 and size > 0):
        return None
    return Trade(ts_ns=ts_ns, trade_id=text(fields.get("id")), price=price, size=size, taker=side)


def _number(value: object) -> float:
    """A finite number, or NaN, which fails every comparison."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return nan
    return float(value)
