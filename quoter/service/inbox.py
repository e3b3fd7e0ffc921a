"""The queue of events for the engine: own orders and control first, then market data.

Contiguous book deltas are merged into one, and only the newest best prices are kept. So a burst of
book events leads to one decision. Trades are never merged. Fills and replies are never merged or
dropped. At most MARKET_EVENTS_MAX market events wait. One more drops the book events and the oldest
trades; the engine then detects the gap and requests a snapshot.
"""

import asyncio
from collections import deque
from typing import Protocol, assert_never

from quoter.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    MarketEvent,
    TopOfBook,
    Trade,
)
from quoter.domain.market import Stream
from quoter.risk.kill_switch import is_kill

MARKET_EVENTS_MAX = 1_000
DELTAS_MERGED_MAX = 64  # deltas in one merged delta, at most


class KillObserver(Protocol):
    """Receiver of every kill in the inbox, before the engine handles it."""

    def kill_queued(self) -> None:
        """Close the egress gate: a kill is about to be queued."""

    def kill_taken(self) -> None:
        """Record that a kill was taken out of the inbox, to be handled now."""


class Inbox:
    """The queue. Any task of the event loop may `put`; only the engine's task may `take`."""

    def __init__(self, kills: KillObserver | None = None) -> None:
        """`kills`: gets every kill, and closes the egress gate; None: there is no gate."""
        self._kills = kills
        self._first: deque[Event] = deque()  # orders, reports, control
        self._market: deque[MarketEvent] = deque()
        self._merged_deltas = 0
        self._wake = asyncio.Event()
        self.overflows = 0

    def __len__(self) -> int:
        return len(self._first) + len(self._market)

    def put(self, event: Event) -> None:
        """Queue an event; never blocks, never raises."""
        match event:
            case BookDelta() | TopOfBook() | BookSnapshot() | Trade():
                self._put_market(event)
            case FeedDown(stream=Stream.MARKET):
                # It is handled before what is queued: older deltas must not restore the lost book.
                self._drop_book_events()
                self._first.append(event)
            case _:
                if self._kills is not None and is_kill(event):
                    self._kills.kill_queued()
                self._first.append(event)
        self._wake.set()

    def _put_market(self, event: MarketEvent) -> None:
        market = self._market
        newest = market[-1] if market else None
        match event:
            case BookDelta():
                if isinstance(newest, BookDelta) and self._follows(newest, event):
                    self._merged_deltas += 1
                    market[-1] = _merged(newest, event)
                    return
                self._merged_deltas = 0
            case TopOfBook():
                if isinstance(newest, TopOfBook):
                    market[-1] = event
                    return
            case BookSnapshot():
                kept = [queued for queued in market if isinstance(queued, Trade)]
                market.clear()
                market.extend(kept)
            case Trade():
                pass
            case _:
                assert_never(event)
        if len(market) >= MARKET_EVENTS_MAX:
            self.overflows += 1
            self._drop_book_events()
            if not isinstance(event, Trade):
                return
        market.append(event)

    def _follows(self, newest: BookDelta, event: BookDelta) -> bool:
        return event.prev == newest.last and self._merged_deltas < DELTAS_MERGED_MAX

    def _drop_book_events(self) -> None:
        """Drop all but the newest MARKET_EVENTS_MAX / 2 trades."""
        kept = [queued for queued in self._market if isinstance(queued, Trade)]
        self._market.clear()
        self._market.extend(kept[-MARKET_EVENTS_MAX // 2 :])

    async def wait(self) -> None:
        """Return once an event is queued."""
        await self._wake.wait()

    def take(self) -> Event | None:
        """Return the next event, own orders and control before market data; None when empty."""
        if self._first:
            event = self._first.popleft()
            if self._kills is not None and is_kill(event):
                self._kills.kill_taken()
            return event
        if self._market:
            return self._market.popleft()
        self._wake.clear()
        return None


def _merged(first: BookDelta, second: BookDelta) -> BookDelta:
    """Return two contiguous deltas as one.

    Sizes are absolute: a later level replaces an earlier.
    """
    return BookDelta(
        ts_ns=second.ts_ns,
        prev=first.prev,
        last=second.last,
        bids=first.bids + second.bids,
        asks=first.asks + second.asks,
    )
