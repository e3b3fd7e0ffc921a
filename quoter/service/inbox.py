"""Everything the engine will hear next: bounded, fills first, book news folded together.

Contiguous deltas of the book become one, and only the newest best price is kept, so that a burst is
decided once, on its end. Fills and answers are never folded or dropped, trades never folded. When
the market's news piles up past the bound, book news is thrown away and so are the oldest trades:
the engine then sees the gap and asks for a snapshot.
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
DELTAS_MERGED_MAX = 64  # one merged delta never gets larger than this many


class KillObserver(Protocol):
    """Is told of every kill that waits in the inbox, before the engine handles it."""

    def kill_queued(self) -> None:
        """A kill is about to be queued: close the egress gate now."""

    def kill_taken(self) -> None:
        """A kill was taken out, to be handled now."""


class Inbox:
    """`put` from any task of the loop, `take` from the engine's task only."""

    def __init__(self, kills: KillObserver | None = None) -> None:
        """`kills` closes the egress gate; None where there is none."""
        self._kills = kills
        self._first: deque[Event] = deque()  # orders, reports, control
        self._market: deque[MarketEvent] = deque()
        self._folded = 0
        self._wake = asyncio.Event()
        self.overflows = 0

    def __len__(self) -> int:
        return len(self._first) + len(self._market)

    def put(self, event: Event) -> None:
        """Never blocks, never raises."""
        match event:
            case BookDelta() | TopOfBook() | BookSnapshot() | Trade():
                self._put_market(event)
            case FeedDown(stream=Stream.MARKET):
                # It overtakes what is queued: old book news must not bring the lost book back.
                self._drop_book_news()
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
                    self._folded += 1
                    market[-1] = _folded(newest, event)
                    return
                self._folded = 0
            case TopOfBook():
                if isinstance(newest, TopOfBook):
                    market[-1] = event
                    return
            case BookSnapshot():
                kept = [news for news in market if isinstance(news, Trade)]
                market.clear()
                market.extend(kept)
            case Trade():
                pass
            case _:
                assert_never(event)
        if len(market) >= MARKET_EVENTS_MAX and not isinstance(event, Trade):
            self.overflows += 1
            self._drop_book_news()
            return
        market.append(event)

    def _follows(self, newest: BookDelta, event: BookDelta) -> bool:
        return event.prev == newest.last and self._folded < DELTAS_MERGED_MAX

    def _drop_book_news(self) -> None:
        """Trades stay, but for the oldest when even they are too many."""
        kept = [news for news in self._market if isinstance(news, Trade)]
        self._market.clear()
        self._market.extend(kept[-MARKET_EVENTS_MAX // 2 :])

    async def wait(self) -> None:
        """Return once there is something to take."""
        await self._wake.wait()

    def take(self) -> Event | None:
        """The next event, fills and answers before the market's news; None when empty."""
        if self._first:
            event = self._first.popleft()
            if self._kills is not None and is_kill(event):
                self._kills.kill_taken()
            return event
        if self._market:
            return self._market.popleft()
        self._wake.clear()
        return None


def _folded(first: BookDelta, second: BookDelta) -> BookDelta:
    """Two deltas as one: sizes are absolute, so applying both in order is enough."""
    return BookDelta(
        ts_ns=second.ts_ns,
        prev=first.prev,
        last=second.last,
        bids=first.bids + second.bids,
        asks=first.asks + second.asks,
    )
