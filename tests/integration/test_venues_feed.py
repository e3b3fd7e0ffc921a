"""Public feeds against the sandbox: native and through ccxt.pro."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random

import pytest

from quoter.domain.events import (
    Alarm,
    BestPricesReport,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    ReportFailed,
    TopOfBook,
    Trade,
)
from quoter.domain.market import Level
from quoter.domain.trading import Cause
from quoter.sandbox.config import SandboxConfig
from quoter.state.book import Book
from quoter.venues.binance.feed import BinanceFeed
from quoter.venues.ccxt.feed import CcxtFeed
from quoter.venues.config import StreamTimings, VenueConfig
from quoter.venues.factory import make_feed
from quoter.venues.ports import MarketFeed
from tests.instruments import BTC_USDT
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.sandbox_client import running as running_sandbox
from tests.integration.test_venues_ws import until

QUICK = StreamTimings(
    ping_s=0.2,
    pong_s_max=0.3,
    backoff_base_s=0.02,
    backoff_s_min=0.05,
    backoff_s_max=0.1,
    resync_pause_s=0.05,
)
# Compares a few times a second instead of every 45 s.
ONE_SIDED = '{"lastUpdateId":1,"bids":[["60000.00","1.00000"]],"asks":[]}'
AUDITING = replace(QUICK, book_check_s=0.2, book_check_settle_s=0.15)
USELESS_BOOKS = 7
HANG_S = 1.0  # longer than the stall limit of the tests that use it


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


class EventRecorder:
    """Recorder of a feed's events; its book follows the rule `prev == last`."""

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
async def emitting(feed: MarketFeed, received: EventRecorder) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run(received))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def running(feed: MarketFeed) -> AsyncIterator[EventRecorder]:
    received = EventRecorder()
    async with emitting(feed, received):
        yield received


@asynccontextmanager
async def holding(feed: MarketFeed) -> AsyncIterator["Books"]:
    books = Books(feed.resync)
    async with emitting(feed, books):
        yield books


async def test_native_feed_is_gapless(sandbox: RunningSandbox) -> None:
    feed = make_feed(config(sandbox), BTC_USDT, random=Random(1))
    assert isinstance(feed, BinanceFeed)
    async with running(feed) as received:
        await until(lambda: received.count(BookDelta) >= 8 and received.count(Trade) >= 1)
    assert isinstance(received.events[0], FeedUp)
    assert received.count(BookSnapshot) == 1
    assert received.gaps == 0
    assert received.count(TopOfBook) >= 1
    stamps = [event.ts_ns for event in received.events]
    assert stamps == sorted(stamps), "time never runs back"


async def test_gap_is_passed_on_and_followed_by_a_fresh_snapshot(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookDelta) >= 3)
        await sandbox.arm("depth_gap", count=1)
        await until(lambda: received.count(BookSnapshot) >= 2)
        await until(lambda: isinstance(received.events[-1], BookDelta))
    assert received.gaps == 1
    assert feed.sync.gaps == 1
    assert received.count(FeedDown) == 0, "the socket was never given up"


class Books(EventRecorder):
    """A consumer that keeps the book and requests snapshots as the engine does."""

    def __init__(self, resync: Callable[[], None]) -> None:
        super().__init__()
        self._resync, self.book = resync, Book()
        self.faults: list[str] = []
        self.alarms: list[Alarm] = []

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        fault: str | None = None
        match event:
            case BookSnapshot():
                fault = self.book.load(event)
            case BookDelta():
                fault = self.book.apply(event)
            case TopOfBook():
                fault = self.book.apply_top(event)
            case Alarm():
                self.alarms.append(event)
            case _:
                pass
        if fault is not None:
            self.faults.append(fault)
            self._resync()


async def test_right_book_passes_every_check(sandbox: RunningSandbox) -> None:
    auditing = replace(config(sandbox), stream=AUDITING)
    feed = BinanceFeed(auditing, BTC_USDT, time.time_ns, Random(1))
    async with holding(feed) as received:
        await until(lambda: feed.book_checks >= 4)
    assert received.faults == []
    assert received.count(BookSnapshot) == 1 + feed.book_checks


@pytest.mark.parametrize(
    ("price", "timings", "found_by"),
    [("59999.50", AUDITING, "the ticker"), ("59998.90", AUDITING, "by the snapshot")],
)
async def test_corrupted_book_is_found_and_replaced(
    still_sandbox: RunningSandbox, price: str, timings: StreamTimings, found_by: str
) -> None:
    """The best price is wrong, or a level behind it, which only a snapshot shows."""
    chosen = replace(config(still_sandbox), stream=timings)
    feed = BinanceFeed(chosen, BTC_USDT, time.time_ns, Random(1))
    async with holding(feed) as received:
        await until(lambda: received.book.ready)
        await still_sandbox.arm("depth_corrupt", symbol="BTCUSDT", count=1)
        await still_sandbox.rest_order("BUY", price, "0.5")
        await until(lambda: len(received.faults) >= 1)
        await until(lambda: received.book.ready)
        assert received.book.bids.size(float(price)) == 0.5
    # without a second ticker to compare with, the snapshot finds it
    assert found_by in received.faults[0] or "by the snapshot" in received.faults[0]
    assert received.gaps == 0, "the numbers were right all the time"


async def test_corrupted_book_of_ccxt_is_found_and_replaced(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    auditing = replace(config(sandbox, native=False), stream=AUDITING)
    feed = CcxtFeed(auditing, BTC_USDT, time.time_ns, Random(1))
    async with holding(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 1)
        await until(lambda: feed.book_checks >= 2)
        assert received.alarms == []
        await sandbox.arm("depth_corrupt", symbol="BTCUSDT", count=1)
        await sandbox.rest_order("BUY", "59999.50", "0.5")
        await until(lambda: len(received.alarms) >= 1)
        assert received.alarms[0].cause is Cause.BOOK_DESYNC
        downs = received.count(FeedDown)
        await until(lambda: received.count(FeedUp) > max(1, downs - 1))
        best = Level(59_999.5, 0.5)
        await until(lambda: received.book.bids.levels(1, {}) == (best,))


async def test_announced_ends_cause_no_feed_down(sandbox_config: SandboxConfig) -> None:
    short = replace(sandbox_config, disconnect_s=4.0, shutdown_notice_s=2.0)
    async with running_sandbox(short) as sandbox:
        feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
        async with holding(feed) as received:
            await until(lambda: feed.handovers >= 3)
    assert (received.count(FeedUp), received.count(FeedDown)) == (1, 0)
    assert (received.gaps, received.faults, received.count(BookSnapshot)) == (0, [], 1)
    trades = [int(event.trade_id) for event in received.events if isinstance(event, Trade)]
    assert trades == list(range(trades[0], trades[0] + len(trades))), "none lost, none twice"


async def test_connection_is_replaced_before_its_maximum_age(
    sandbox: RunningSandbox,
) -> None:
    aging = replace(config(sandbox), stream=replace(QUICK, handover_s=0.3))
    feed = BinanceFeed(aging, BTC_USDT, time.time_ns, Random(1))
    async with holding(feed) as received:
        await until(lambda: feed.handovers >= 3)
    assert (received.count(FeedUp), received.count(FeedDown), received.gaps) == (1, 0, 0)
    assert StreamTimings().handover_s == (23 * 60 + 50) * 60


@pytest.mark.parametrize("native", [True, False])
async def test_closed_and_reopened_symbol_is_reported(
    sandbox: RunningSandbox, *, native: bool
) -> None:
    quick = replace(QUICK, status_s=0.1, reopen_s=0.1)
    feed = make_feed(
        replace(config(sandbox, native=native), stream=quick), BTC_USDT, random=Random(1)
    )
    async with holding(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 1)
        await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": True})
        await until(lambda: len(received.alarms) == 1)
        books = received.count(BookSnapshot)
        await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": False})
        await until(lambda: len(received.alarms) == 2)
        await until(lambda: received.count(BookSnapshot) > books)
    assert [(alarm.cause, alarm.active) for alarm in received.alarms] == [
        (Cause.VENUE_STATUS, True),
        (Cause.VENUE_STATUS, False),
    ]
    assert received.alarms[0].text == "BTCUSDT is BREAK"


@pytest.mark.parametrize("native", [True, False])
async def test_late_frames_raise_feed_slow(sandbox: RunningSandbox, *, native: bool) -> None:
    """Our clock runs ahead after it was measured, so every frame looks late."""
    ahead_ns = 0

    def now_ns() -> int:
        return time.time_ns() + ahead_ns

    feed = make_feed(config(sandbox, native=native), BTC_USDT, now_ns=now_ns, random=Random(1))
    async with holding(feed) as received:
        await until(lambda: received.count(BookSnapshot) + received.count(BookDelta) >= 6)
        assert received.alarms == []
        ahead_ns = 1_500_000_000
        await until(lambda: len(received.alarms) == 1)
        ahead_ns = 0
        await until(lambda: len(received.alarms) == 2)
    assert [(alarm.cause, alarm.active) for alarm in received.alarms] == [
        (Cause.FEED_SLOW, True),
        (Cause.FEED_SLOW, False),
    ]


async def test_resync_brings_a_snapshot_and_is_idempotent(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookDelta) >= 1)
        for _ in range(5):
            feed.resync()
        await until(lambda: received.count(BookSnapshot) == 2)
        deltas = received.count(BookDelta)
        await until(lambda: received.count(BookDelta) >= deltas + 3)
    assert received.count(BookSnapshot) == 2
    assert received.gaps == 0


async def test_silent_socket_is_replaced(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookDelta) >= 1)
        await sandbox.arm("silent_socket", socket="market", count=1)
        await until(lambda: received.count(FeedDown) == 1)
        await until(lambda: received.count(BookSnapshot) == 2)
        await until(lambda: isinstance(received.events[-1], BookDelta))
    assert received.gaps == 0


async def test_closed_socket_reconnects_with_a_fresh_book(sandbox: RunningSandbox) -> None:
    feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookDelta) >= 1)
        await sandbox.admin("POST", "streams/close", {"socket": "market"})
        await until(lambda: received.count(BookSnapshot) == 2)
    kinds = [type(e) for e in received.events if isinstance(e, FeedUp | FeedDown | BookSnapshot)]
    assert kinds == [FeedUp, BookSnapshot, FeedDown, FeedUp, BookSnapshot]


@pytest.mark.parametrize("native", [True, False])
async def test_best_prices_are_those_of_the_book(sandbox: RunningSandbox, native: bool) -> None:
    feed = make_feed(config(sandbox, native=native), BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 1)
        feed.confirm()
        await until(lambda: received.count(BestPricesReport) == 1)
    report = next(event for event in received.events if isinstance(event, BestPricesReport))
    assert 0 < report.bid.price < report.ask.price
    assert report.asked_ns < report.ts_ns
    newest = max(event.last for event in received.events if isinstance(event, BookSnapshot))
    assert (report.last >= newest) is native  # ccxt numbers REST and stream differently


async def test_best_prices_of_a_book_with_one_side_are_a_failed_report(
    sandbox: RunningSandbox,
) -> None:
    feed = make_feed(config(sandbox), BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 1)
        await sandbox.arm("garbled", endpoint="depth", text=ONE_SIDED)
        feed.confirm()
        await until(lambda: received.count(ReportFailed) == 1)
        await sandbox.admin("DELETE", "faults")
        feed.confirm()
        await until(lambda: received.count(BestPricesReport) == 1)


@pytest.mark.parametrize("native", [True, False])
async def test_reconnect_ends_the_connection_and_makes_another(
    sandbox: RunningSandbox, native: bool
) -> None:
    feed = make_feed(config(sandbox, native=native), BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 1)
        feed.reconnect("the stream is silent")
        await until(lambda: received.count(FeedDown) == 1 and received.count(FeedUp) == 2)
    lost = next(event for event in received.events if isinstance(event, FeedDown))
    assert "the stream is silent" in lost.text


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("depth_ids_shifted", {"shift": -(10**9)}),
        ("snapshot_ids_shifted", {"shift": 10**9}),
        ("market_frames_unreadable", {"event": "depth", "text": "<html>"}),
    ],
)
async def test_ids_that_can_not_be_and_unreadable_frames_are_reported(
    sandbox: RunningSandbox, kind: str, fields: dict[str, str | int]
) -> None:
    """A snapshot ahead of its stream, or ids that ran back, would freeze the book."""
    await sandbox.arm(kind, **fields)
    feed = make_feed(config(sandbox), BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(Alarm) >= 1)
    alarm = next(event for event in received.events if isinstance(event, Alarm))
    assert (alarm.cause, alarm.active) == (Cause.BOOK_STALE, True)


async def test_refused_snapshot_is_requested_again(sandbox: RunningSandbox) -> None:
    fault = await sandbox.arm("error_before", endpoint="depth", count=2, status=503)
    feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) == 1)
    assert await sandbox.fired(fault) == 2


async def test_useless_book_is_requested_more_and_more_rarely(sandbox: RunningSandbox) -> None:
    """One side is empty for long: the engine wants another snapshot after each one."""
    timings = replace(QUICK, resync_pause_s=0.02, backoff_s_max=30.0)
    await sandbox.arm("one_sided_book", event="asks")
    feed = make_feed(replace(config(sandbox), stream=timings), BTC_USDT, random=Random(1))
    async with running(feed) as recorder:
        begun_s = time.monotonic()
        for number in range(1, USELESS_BOOKS + 1):
            await until(lambda n=number: recorder.count(BookSnapshot) >= n)  # type: ignore[misc]
            feed.resync()
        took_s = time.monotonic() - begun_s
    assert took_s > 0.5  # without a growing pause they may follow each other within 0.14 s


async def test_bad_frames_are_counted_and_many_of_them_are_reported(
    sandbox: RunningSandbox,
) -> None:
    feed = BinanceFeed(config(sandbox), BTC_USDT, time.time_ns, Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookDelta) >= 1)
        for _ in range(5):
            feed.on_frame(b"{]")
        assert received.count(Alarm) == 0
        feed.on_frame(b"{]")
        assert received.count(Alarm) == 1
    assert feed.rejected()["unreadable"] == 6


@pytest.mark.parametrize("exchange", ["binance", "binanceus"])
async def test_any_ccxt_exchange_feeds_whole_books(sandbox: RunningSandbox, exchange: str) -> None:
    feed = make_feed(config(sandbox, exchange=exchange, native=False), BTC_USDT, random=Random(1))
    assert isinstance(feed, CcxtFeed)
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 5 and received.count(Trade) >= 1)
        await sandbox.admin("POST", "streams/close", {"socket": "market"})
        await until(lambda: received.count(FeedDown) >= 1)
        books = received.count(BookSnapshot)
        await until(lambda: received.count(BookSnapshot) >= books + 2)
    assert isinstance(received.events[0], FeedUp)
    numbers = [event.last for event in received.events if isinstance(event, BookSnapshot)]
    assert numbers == list(range(1, len(numbers) + 1))
    for book in received.events:
        if isinstance(book, BookSnapshot):
            assert book.bids[0][0] < book.asks[0][0]


async def test_dead_socket_of_ccxt_is_found_by_pings(sandbox: RunningSandbox) -> None:
    feed = make_feed(config(sandbox, native=False), BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 2)
        await sandbox.arm("silent_socket", socket="market", count=2)
        await until(lambda: received.count(FeedDown) >= 1)
        books = received.count(BookSnapshot)
        await until(lambda: received.count(BookSnapshot) > books)


@pytest.mark.parametrize("native", [True, False])
async def test_after_a_hang_nothing_is_emitted_before_a_fresh_snapshot(
    sandbox: RunningSandbox, native: bool
) -> None:
    stalling = replace(config(sandbox, native=native), stream=replace(QUICK, stall_s=0.5))
    feed = make_feed(stalling, BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 1 and received.count(Trade) >= 1)
        before = len(received.events)
        time.sleep(HANG_S)  # noqa: ASYNC251 - the loop is to hang
        await until(lambda: any(isinstance(e, BookSnapshot) for e in received.events[before:]))
    after = received.events[before:]
    kinds = [type(e) for e in after if isinstance(e, FeedDown | FeedUp | BookSnapshot)]
    assert kinds[:3] == [FeedDown, FeedUp, BookSnapshot]
    deltas = (type(e) for e in after if isinstance(e, BookSnapshot | BookDelta))
    assert next(deltas) is BookSnapshot, "a delta of the old book"
    assert isinstance(after[0], FeedDown)
    # by the hang itself, or by the pong of ccxt's that was late through it
    assert any(words in after[0].text for words in ("nothing was read", "ping-pong"))


async def test_resync_of_a_ccxt_feed_subscribes_again(sandbox: RunningSandbox) -> None:
    feed = make_feed(config(sandbox, native=False), BTC_USDT, random=Random(1))
    async with running(feed) as received:
        await until(lambda: received.count(BookSnapshot) >= 2)
        feed.resync()
        await until(lambda: received.count(FeedUp) == 2)


def test_default_settings_find_a_dead_ccxt_socket_within_10_s() -> None:
    shipped = VenueConfig(
        exchange="binance", symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    assert (shipped.pongs_missed_max + 1) * shipped.keep_alive_ms < 10_000
    quick = CcxtFeed(shipped, BTC_USDT, time.time_ns, Random(1))
    assert quick._client.streaming == {"keepAlive": 1000, "maxPingPongMisses": 6}
