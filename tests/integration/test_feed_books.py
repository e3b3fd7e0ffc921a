"""Books of the ccxt feed over real sockets: of the present connection only, and without a gap."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from quoter.domain.events import BookSnapshot, Event, FeedDown, FeedUp, Trade
from tests.integration.book_frames import (
    ALL,
    BITGET,
    KRAKEN,
    NUMBERED,
    BookServer,
    Frame,
    Frames,
    Rows,
    bitget_trades,
    kraken_trades,
    listening,
)
from tests.integration.sandbox_client import END_S

OLD_BIDS: Rows = [(100, 5), (99, 4), (98, 3)]
OLD_ASKS: Rows = [(110, 5), (111, 4)]
NEW_BIDS: Rows = [(50, 2), (49, 1)]
NEW_ASKS: Rows = [(60, 2), (61, 1)]

type Prices = tuple[tuple[float, ...], tuple[float, ...]]  # bids, asks

NEW: Prices = ((50.0, 49.0), (60.0, 61.0))


async def events_until(
    server: BookServer, is_last: Callable[[Event], bool]
) -> tuple[list[Event], Mapping[str, int]]:
    """Run the feed until it emits such an event; return its events, and what it rejected."""
    found: list[Event] = []
    is_there = asyncio.Event()

    def emit(event: Event) -> None:
        found.append(event)
        if is_last(event):
            is_there.set()

    async with listening(server) as feed:
        running = asyncio.create_task(feed.run(emit))
        try:
            async with asyncio.timeout(END_S):
                await is_there.wait()
        finally:
            running.cancel()
            await asyncio.wait({running})
        return found, feed.rejected()


async def events_until_new_book(
    frames: Frames, connections: Sequence[Sequence[Frame]], *, closing: frozenset[int]
) -> list[Event]:
    """Run the feed until it has emitted the book with the new prices; return its events."""
    found, _ = await events_until(
        BookServer(frames, connections, closing),
        lambda event: isinstance(event, BookSnapshot) and prices(event) == NEW,
    )
    return found


def prices(book: BookSnapshot) -> Prices:
    return tuple(price for price, _ in book.bids), tuple(price for price, _ in book.asks)


def books_by_connection(events: Sequence[Event]) -> list[list[Prices]]:
    """Return the books after each FeedUp."""
    found: list[list[Prices]] = []
    for event in events:
        if isinstance(event, FeedUp):
            found.append([])
        elif isinstance(event, BookSnapshot):
            found[-1].append(prices(event))
    return found


@pytest.mark.parametrize("frames", ALL, ids=lambda frames: frames.exchange)
async def test_a_book_is_never_older_than_its_connection(frames: Frames) -> None:
    old = [frames.whole(OLD_BIDS, OLD_ASKS, 1)]
    new = [frames.whole(NEW_BIDS, NEW_ASKS, 900)]
    events = await events_until_new_book(frames, [old, new], closing=frozenset({0}))
    first, *later = books_by_connection(events)
    assert first
    assert set(first) == {((100.0, 99.0, 98.0), (110.0, 111.0))}
    assert [book for books in later for book in books] == [NEW]


@pytest.mark.parametrize("frames", ALL, ids=lambda frames: frames.exchange)
async def test_an_update_before_any_whole_book_of_the_connection_is_not_used(
    frames: Frames,
) -> None:
    old = [frames.whole(OLD_BIDS, OLD_ASKS, 1)]
    continued = [frames.update([(100, 7)], [], 2)]
    new = [frames.whole(NEW_BIDS, NEW_ASKS, 900)]
    events = await events_until_new_book(frames, [old, continued, new], closing=frozenset({0, 1}))
    _, *later = books_by_connection(events)
    books = [book for books in later for book in books]
    assert books[-1] == NEW
    assert not [book for book in books if set(book[0]) & {100.0, 99.0, 98.0} and book[1]]


@pytest.mark.parametrize("frames", NUMBERED, ids=lambda frames: frames.exchange)
async def test_a_lost_update_ends_the_connection_and_the_next_whole_book_is_used(
    frames: Frames,
) -> None:
    torn = [
        frames.whole(OLD_BIDS, OLD_ASKS, 1),
        frames.update([(100, 6)], [], 2),
        frames.update([(101, 1)], [], 4),
        frames.update([(102, 1)], [], 5),
    ]
    new = [frames.whole(NEW_BIDS, NEW_ASKS, 900)]
    events = await events_until_new_book(frames, [torn, new], closing=frozenset())
    first, *later = books_by_connection(events)
    assert {price for bids, _ in first for price in bids} <= {100.0, 99.0, 98.0}
    assert [book for books in later for book in books] == [NEW]
    down = next(event for event in events if isinstance(event, FeedDown))
    assert "an update of the book was lost" in down.text


@pytest.mark.parametrize("frames", NUMBERED, ids=lambda frames: frames.exchange)
async def test_a_whole_book_amid_updates_replaces_the_book(frames: Frames) -> None:
    rows = [
        frames.whole(OLD_BIDS, OLD_ASKS, 1),
        frames.update([(100, 6)], [], 2),
        frames.whole([(50, 9)], NEW_ASKS, 900),
        frames.update([(49, 1)], [], 901),
    ]
    events = await events_until_new_book(frames, [rows], closing=frozenset())
    assert not [event for event in events if isinstance(event, FeedDown)]


def trades_of(exchange: str, times_ms: Sequence[int]) -> Frame:
    if exchange == "bitget":
        return bitget_trades(*times_ms)
    stamps = [datetime.fromtimestamp(at_ms / 1000, UTC) for at_ms in times_ms]
    return kraken_trades(*(f"{at:%Y-%m-%dT%H:%M:%S.%f}Z" for at in stamps))


@pytest.mark.parametrize("frames", [KRAKEN, BITGET], ids=lambda frames: frames.exchange)
async def test_trades_from_before_the_connection_are_not_new(frames: Frames) -> None:
    now_ms = time.time_ns() // 1_000_000
    trades = trades_of(frames.exchange, [now_ms - 60_000, now_ms - 5_000, now_ms + 500])
    server = BookServer(frames, [[frames.whole(OLD_BIDS, OLD_ASKS, 1)]], trades=[trades])
    found, rejected = await events_until(server, lambda event: isinstance(event, Trade))
    assert [event.size for event in found if isinstance(event, Trade)] == [0.5]
    assert rejected["old_trade"] == 2
