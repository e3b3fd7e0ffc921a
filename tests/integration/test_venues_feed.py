"""Public feeds against the sandbox: native and through ccxt.pro."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from quoter.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    FeedAlive,
    FeedDown,
    FeedUp,
    TopOfBook,
    Trade,
)
from quoter.domain.instrument import Instrument
from quoter.venues.binance import BinanceFeed
from quoter.venues.build import make_feed
from quoter.venues.ccxt_feed import CcxtFeed
from quoter.venues.config import StreamTimings, VenueConfig
from quoter.venues.ports import MarketFeed
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_ws import until

QUICK = StreamTimings(
    ping_s=0.2,
    pong_s_max=0.3,
    backoff_base_s=0.02,
    backoff_s_min=0.05,
    backoff_s_max=0.1,
    resync_pause_s=0.05,
)
BTCUSDT = Instrument(
    symbol="BTC/USDT",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    size_min=Decimal("0.00001"),
    size_max=Decimal(9000),
    notional_min=Decimal(5),
    fee_maker=Decimal(0),
)


def config(
    sandbox: RunningSandbox, *, exchange: str = "binance", native: bool = True
) -> VenueConfig:
    return VenueConfig(
        exchange=exchange,
        symbol="BTC/USDT",
        environment="sandbox",
        order_prefix="q1",
        sandbox_url=sandbox.url,
        native_feed=native,
        stream=QUICK,
        keep_alive_ms=200,
    )


class Told:
    """Everything a feed emitted; a book that follows the rule `prev == last`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.last: int | None = None
        self.gaps = 0

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, BookSnapshot):
            self.last = event.last
        elif isinstance(event, BookDelta):
            if event.prev != self.last:
                self.gaps += 1
            self.last = event.last

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


@asynccontextmanager
async def running(feed: MarketFeed) -> AsyncIterator[Told]:
    told = Told()
    task = asyncio.create_task(feed.run(told))
    try:
        yield told
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_the_native_feed_tells_one_gapless_story(sandbox: RunningSandbox) -> None:
    feed = make_feed(config(sandbox), BTCUSDT, random=Random(1))
    assert isinstance(feed, BinanceFeed)
    async with running(feed) as told:
        await until(lambda: told.count(BookDelta) >= 8 and told.count(Trade) >= 1)
    assert isinstance(told.events[0], FeedUp)
    assert told.count(BookSnapshot) == 1
    assert told.gaps == 0
    assert told.count(TopOfBook) >= 1
    stamps = [event.ts_ns for event in told.events]
    assert stamps == sorted(stamps), "time never runs back"


async def test_a_gap_is_passed_on_and_then_a_fresh_snapshot(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTCUSDT, time.time_ns, Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookDelta) >= 3)
        await sandbox.arm("depth_gap", count=1)
        await until(lambda: told.count(BookSnapshot) >= 2)
        await until(lambda: isinstance(told.events[-1], BookDelta))
    assert told.gaps == 1
    assert feed.sync.gaps == 1
    assert told.count(FeedDown) == 0, "the socket was never given up"


async def test_resync_brings_a_snapshot_and_is_idempotent(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTCUSDT, time.time_ns, Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookDelta) >= 1)
        for _ in range(5):
            feed.resync()
        await until(lambda: told.count(BookSnapshot) == 2)
        deltas = told.count(BookDelta)
        await until(lambda: told.count(BookDelta) >= deltas + 3)
    assert told.count(BookSnapshot) == 2
    assert told.gaps == 0


async def test_a_silent_socket_is_left_and_replaced(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTCUSDT, time.time_ns, Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookDelta) >= 1)
        await sandbox.arm("silent_socket", socket="market", count=1)
        took_s = await until(lambda: told.count(FeedDown) == 1)
        await until(lambda: told.count(BookSnapshot) == 2)
        await until(lambda: isinstance(told.events[-1], BookDelta))
    assert took_s < 2.0
    assert told.gaps == 0


async def test_a_closed_socket_comes_back_with_a_fresh_book(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTCUSDT, time.time_ns, Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookDelta) >= 1)
        await sandbox.admin("POST", "streams/close", {"socket": "market"})
        await until(lambda: told.count(BookSnapshot) == 2)
    kinds = [type(e) for e in told.events if isinstance(e, FeedUp | FeedDown | BookSnapshot)]
    assert kinds == [FeedUp, BookSnapshot, FeedDown, FeedUp, BookSnapshot]


async def test_between_frames_answered_pings_are_signs_of_life(sandbox: RunningSandbox) -> None:
    often = replace(config(sandbox), stream=replace(QUICK, ping_s=0.02))
    feed = make_feed(often, BTCUSDT, random=Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(FeedAlive) >= 2)
    assert told.count(BookSnapshot) == 1
    assert told.count(FeedDown) == 0


async def test_a_refused_snapshot_is_asked_for_again(sandbox: RunningSandbox) -> None:
    fault = await sandbox.arm("error_before", endpoint="depth", count=2, status=503)
    feed = BinanceFeed(config(sandbox), BTCUSDT, time.time_ns, Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookSnapshot) == 1)
    assert await sandbox.fired(fault) == 2


async def test_bad_frames_are_counted_and_many_of_them_resync(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTCUSDT, time.time_ns, Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookDelta) >= 1)
        for _ in range(5):
            feed.frame(b"{]")
        await until(lambda: told.count(BookDelta) >= 3)
        assert told.count(BookSnapshot) == 1
        feed.frame(b"{]")
        await until(lambda: told.count(BookSnapshot) == 2)
    assert feed.bad_frames == 6


@pytest.mark.parametrize("exchange", ["binance", "binanceus"])
async def test_any_ccxt_exchange_feeds_whole_books(sandbox: RunningSandbox, exchange: str) -> None:
    feed = make_feed(config(sandbox, exchange=exchange, native=False), BTCUSDT, random=Random(1))
    assert isinstance(feed, CcxtFeed)
    async with running(feed) as told:
        await until(lambda: told.count(BookSnapshot) >= 5 and told.count(Trade) >= 1)
        await until(lambda: told.count(FeedAlive) >= 1)
        await sandbox.admin("POST", "streams/close", {"socket": "market"})
        await until(lambda: told.count(FeedDown) >= 1)
        books = told.count(BookSnapshot)
        await until(lambda: told.count(BookSnapshot) >= books + 2)
    assert isinstance(told.events[0], FeedUp)
    numbers = [event.last for event in told.events if isinstance(event, BookSnapshot)]
    assert numbers == list(range(1, len(numbers) + 1))
    for book in told.events:
        if isinstance(book, BookSnapshot):
            assert book.bids[0][0] < book.asks[0][0]


async def test_a_mute_socket_of_ccxt_is_noticed_by_its_pings(sandbox: RunningSandbox) -> None:
    feed = make_feed(config(sandbox, native=False), BTCUSDT, random=Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookSnapshot) >= 2)
        await sandbox.arm("silent_socket", socket="market", count=2)
        await until(lambda: told.count(FeedDown) >= 1)
        books = told.count(BookSnapshot)
        await until(lambda: told.count(BookSnapshot) > books)


async def test_resync_of_a_ccxt_feed_subscribes_anew(sandbox: RunningSandbox) -> None:
    feed = make_feed(config(sandbox, native=False), BTCUSDT, random=Random(1))
    async with running(feed) as told:
        await until(lambda: told.count(BookSnapshot) >= 2)
        feed.resync()
        await until(lambda: told.count(FeedUp) == 2)


def test_the_shipped_settings_notice_a_mute_ccxt_socket_within_ten_seconds() -> None:
    shipped = VenueConfig(
        exchange="binance", symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    assert (shipped.pongs_missed_max + 1) * shipped.keep_alive_ms < 10_000
    quick = CcxtFeed(shipped, BTCUSDT, time.time_ns, Random(1))
    assert quick._client.streaming == {"keepAlive": 1000, "maxPingPongMisses": 6}
