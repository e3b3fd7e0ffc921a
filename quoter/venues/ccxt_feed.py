"""The public feed of any exchange that ccxt.pro can watch: whole books, numbered by ourselves."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from math import isfinite, nan
from random import Random

from quoter.domain.events import BookSnapshot, FeedDown, FeedUp, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Side, Stream
from quoter.venues.alive import SignsOfLife
from quoter.venues.backoff import Backoff
from quoter.venues.ccxt_client import make_client
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.parse import Json, as_list, as_map, text
from quoter.venues.ports import Emit
from quoter.venues.redact import redact
from quoter.venues.transport import Purpose, calling

LEVELS_MAX = 100
CLOSE_S_MAX = 3.0
PING_MS_MAX = 1000
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class CcxtFeed:
    """`MarketFeed` through ccxt.pro: one task per stream, nothing but wait and hand on."""

    def __init__(
        self, config: VenueConfig, instrument: Instrument, now_ns: NowNs, random: Random
    ) -> None:
        self._symbol, self._now_ns, self._random = instrument.symbol, now_ns, random
        self._timings = config.stream
        self._client = make_client(_with_quick_pings(config), now_ns)
        self._sequence = 0
        self.unreadable = 0

    async def run(self, emit: Emit) -> None:
        """Emit FeedUp with the first book, then books and trades, until cancelled."""
        backoff = Backoff(self._timings, self._random)
        try:
            with calling(Purpose.READ):
                while True:
                    await asyncio.sleep(backoff.pause_s(time.monotonic()))
                    started_s = time.monotonic()
                    backoff.attempted(started_s)
                    ending = await self._connection(emit)
                    backoff.lived(time.monotonic() - started_s)
                    self._client.alive = None
                    self._client.drop_sockets(ending)
                    emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.MARKET, text=ending))
        finally:
            with suppress(TimeoutError):  # ccxt's close may hang on a dead peer
                async with asyncio.timeout(CLOSE_S_MAX):
                    await self._client.close()

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
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _books(self, emit: Emit) -> None:
        is_first = True
        while True:
            raw = await self._client.watch_order_book(self._symbol)
            bids, asks = levels(raw.get("bids")), levels(raw.get("asks"))
            if bids is None or asks is None:
                self.unreadable += 1
                continue
            ts_ns = self._now_ns()
            if is_first:
                is_first = False
                emit(FeedUp(ts_ns=ts_ns, stream=Stream.MARKET))
                self._client.alive = SignsOfLife(
                    emit=emit, stream=Stream.MARKET, now_ns=self._now_ns
                )
            self._sequence += 1
            emit(BookSnapshot(ts_ns=ts_ns, last=self._sequence, bids=bids, asks=asks))

    async def _trades(self, emit: Emit) -> None:
        while True:
            for raw in await self._client.watch_trades(self._symbol):
                news = trade(raw, self._now_ns())
                if news is None:
                    self.unreadable += 1
                else:
                    emit(news)


def _with_quick_pings(config: VenueConfig) -> VenueConfig:
    """Ping within the 2 s of silence that count as stale; give up no sooner than configured."""
    if config.keep_alive_ms <= PING_MS_MAX:
        return config
    patience_ms = config.keep_alive_ms * config.pongs_missed_max
    return replace(config, keep_alive_ms=PING_MS_MAX, pongs_missed_max=patience_ms // PING_MS_MAX)


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
