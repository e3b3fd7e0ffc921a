"""Ten times more market data than the daemon can read (FD-08): it pauses or fetches the book again.

The real feed, inbox and engine with a simulated clock: reading and handling a frame takes time, and
what the venue sends meanwhile waits in the socket. No order may be priced from old data.
"""

import json
from collections import deque
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from quoter.domain.commands import CancelOrder, PlaceOrder, RequestReport
from quoter.domain.events import BookSnapshot, Event, OrderAck, OrderDone, OrderSent, Tick
from quoter.domain.market import Level, Stream
from quoter.domain.reasons import DoneReason, ReportKind
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_MS
from quoter.risk.monitors.market_regime import RegimePolicy
from quoter.service.inbox import MARKET_EVENTS_MAX, Inbox
from quoter.venues.binance.feed import BinanceFeed
from quoter.venues.config import VenueConfig
from tests.unit.engine.cases import CONFIG, EngineHarness
from tests.unit.state.cases import ABC, START_NS

COST_MS = 40  # to read one frame and decide
CALM_MS = 50  # between frames of a calm market
BURST_MS = 10_000
SNAPSHOT_MS = 100
STALE_MS = 2_000
TICK_MS = 100
LEVELS = 5


# Any price is allowed here; only the age of the book is checked.
ANY_PRICE = replace(
    CONFIG,
    limits=replace(CONFIG.limits, price_collar=Decimal(100)),
    regime=RegimePolicy(is_on=False),
)


class Market:
    """Depth diffs of a price that rises by one tick each, with the venue's time."""

    def __init__(self, start_ms: int) -> None:
        self.number = 1_000
        self._ticks = 1_000  # of the best bid; the ask is five above
        self.dated_ms = {self.number: start_ms}

    def snapshot(self, ts_ns: int) -> BookSnapshot:
        bids = tuple(Level((self._ticks - n) / 10, 1_000.0) for n in range(LEVELS))
        asks = tuple(Level((self._ticks + 5 + n) / 10, 1_000.0) for n in range(LEVELS))
        return BookSnapshot(ts_ns=ts_ns, last=self.number, bids=bids, asks=asks)

    def diff(self, event_ms: int) -> bytes:
        """Return the next diff as a frame of the combined stream."""
        ticks = self._ticks = self._ticks + 1
        self.number += 1
        self.dated_ms[self.number] = event_ms
        bids = [(ticks, 1_000), (ticks - LEVELS, 0)]
        asks = [(ticks + 4, 0), (ticks + 4 + LEVELS, 1_000)]
        data = {"e": "depthUpdate", "E": event_ms, "s": ABC.venue_symbol}
        data |= {"U": self.number, "u": self.number, "b": _rows(bids), "a": _rows(asks)}
        return json.dumps({"stream": "abcusd@depth@100ms", "data": data}).encode()


def _rows(side: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [(f"{ticks / 10:.1f}", str(size)) for ticks, size in side]


class Process:
    """Feed, inbox and engine; records the age of the book behind every order."""

    def __init__(self) -> None:
        self.now_ms = START_NS // NS_PER_MS
        self.market = Market(self.now_ms)
        self.socket: deque[bytes] = deque()
        self.inbox = Inbox()
        self.inbox_peak = 0
        self.harness = EngineHarness(ANY_PRICE)
        self.ages_ms: list[int] = []
        self.causes: set[Cause] = set()
        self._snapshot_ms: int | None = None
        self._tick_ms = self.now_ms
        config = VenueConfig(
            exchange="binance",
            symbol=ABC.symbol,
            environment="sandbox",
            order_prefix="q1",
            sandbox_url="http://127.0.0.1:1",
        )
        self.feed = BinanceFeed(config, ABC, self.now_ns, Random(1))
        self.feed._emit = self._put
        ns = self.now_ns()
        self.feed._latency.record_clock(venue_ms=self.now_ms, asked_ns=ns, answered_ns=ns)
        self.harness.feed_up(Stream.PRIVATE)
        self.harness.open_orders()
        self.harness.trades()
        self.harness.balances()
        self.feed.on_open()
        self._snapshot_ms = self.now_ms

    def now_ns(self) -> int:
        return self.now_ms * NS_PER_MS

    def _put(self, event: Event) -> None:
        self.inbox.put(event)
        self.inbox_peak = max(self.inbox_peak, len(self.inbox))

    def run(self, for_ms: int, every_ms: int) -> None:
        """Run for `for_ms`; the venue sends a frame every `every_ms` (0: none)."""
        send_ms, end_ms = self.now_ms, self.now_ms + for_ms
        while self.now_ms < end_ms:
            while every_ms and send_ms <= self.now_ms:
                self.socket.append(self.market.diff(send_ms))
                send_ms += every_ms
            if self.socket:
                self.feed.on_frame(self.socket.popleft())
                self.now_ms += COST_MS
            else:
                self.now_ms += 1
            self.handle()

    def handle(self) -> None:
        """Do what is due, and handle everything in the inbox."""
        if self._snapshot_ms is not None and self.now_ms >= self._snapshot_ms:
            is_fit = self.feed._apply(self.market.snapshot(self.now_ns()))
            self._snapshot_ms = None if is_fit else self.now_ms + SNAPSHOT_MS
        if self.now_ms >= self._tick_ms:
            self._tick_ms = self.now_ms + TICK_MS
            self._put(Tick(ts_ns=self.now_ns()))
        while (event := self.inbox.take()) is not None:
            step = self.harness.engine.handle(event)
            self.causes |= self.harness.causes
            for command in step.commands:
                match command:
                    case PlaceOrder():
                        self._placed(command)
                    case CancelOrder():
                        self._cancelled(command)
                    case RequestReport(kind=ReportKind.BOOK):
                        self.feed.resync()
                        self._snapshot_ms = self.now_ms + SNAPSHOT_MS
                    case _:
                        pass  # reports: nothing to answer

    def _placed(self, order: PlaceOrder) -> None:
        book = self.harness.engine.market.book
        self.ages_ms.append(self.now_ms - self.market.dated_ms[book.last])
        name, ts_ns = order.client_id, self.now_ns()
        self._put(OrderSent(ts_ns=ts_ns, client_id=name))
        self._put(OrderAck(ts_ns=ts_ns, client_id=name, venue_id=f"v-{name}"))

    def _cancelled(self, order: CancelOrder) -> None:
        self._put(
            OrderDone(
                ts_ns=self.now_ns(),
                client_id=order.client_id,
                reason=DoneReason.CANCELED,
                filled=Decimal(0),
            )
        )


@pytest.mark.parametrize("times", [2, 10])
def test_burst_beyond_reading_speed_pauses_and_no_order_uses_old_data(
    times: int,
) -> None:
    process = Process()
    process.run(3_000, CALM_MS)
    assert process.ages_ms, "a calm market is quoted"
    assert process.causes <= {Cause.MARKET_FEED_DOWN}
    process.run(BURST_MS, CALM_MS // times)
    assert Cause.FEED_SLOW in process.causes
    assert len(process.socket) > BURST_MS // COST_MS // 2, "it was too much to read"
    calm = len(process.ages_ms)
    while process.socket:  # the venue is silent until everything is read
        process.run(COST_MS, 0)
    process.run(5_000, CALM_MS)
    assert process.harness.state() is TradingState.RUNNING
    assert len(process.ages_ms) > calm, "it quotes again"
    assert max(process.ages_ms) <= STALE_MS
    assert process.inbox_peak <= MARKET_EVENTS_MAX


def test_events_that_pile_up_in_the_inbox_are_dropped_and_the_book_is_fetched_again() -> None:
    """The reader goes on while the engine waits, for example for its disk."""
    process = Process()
    process.run(3_000, CALM_MS)
    placed = len(process.ages_ms)
    for number in range(10 * MARKET_EVENTS_MAX):
        process.feed.on_frame(process.market.diff(process.now_ms))
        if number % 2:  # a ticker between two diffs keeps them from being folded
            ticker = {"s": ABC.venue_symbol, "u": 1, "b": "1", "B": "1", "a": "2", "A": "1"}
            frame = {"stream": "abcusd@bookTicker", "data": ticker}
            process.feed.on_frame(json.dumps(frame).encode())
    assert process.inbox_peak <= MARKET_EVENTS_MAX + 10
    assert process.inbox.overflows > 0
    process.handle()
    assert process.harness.causes == {Cause.BOOK_DESYNC}
    assert len(process.ages_ms) == placed
    process.run(3_000, CALM_MS)
    assert process.harness.state() is TradingState.RUNNING
    assert len(process.ages_ms) > placed
    assert max(process.ages_ms) <= STALE_MS
