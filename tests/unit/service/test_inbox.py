"""Order of events, merging of book events, and limits of the inbox."""

import asyncio

from quoter.domain.events import (
    Alarm,
    BookDelta,
    Event,
    FeedDown,
    Kill,
    Pause,
    Tick,
    Trade,
)
from quoter.domain.market import Stream
from quoter.domain.trading import Cause
from quoter.service import inbox as module
from quoter.service.inbox import DELTAS_MERGED_MAX, MARKET_EVENTS_MAX, Inbox
from quoter.state.book import Book
from tests.unit.state.cases import BUY, START_NS, delta, fill, levels, snapshot, top


def take_all(inbox: Inbox) -> list[Event]:
    taken = []
    while (event := inbox.take()) is not None:
        taken.append(event)
    return taken


def filled(*events: Event) -> Inbox:
    inbox = Inbox()
    for event in events:
        inbox.put(event)
    return inbox


def trade(number: int) -> Trade:
    return Trade(ts_ns=START_NS, trade_id=str(number), price=100.0, size=1.0, taker=BUY)


def test_fills_and_ticks_are_taken_before_market_events_and_in_order() -> None:
    book, first, second = snapshot(), fill("1"), Tick(ts_ns=START_NS)
    assert take_all(filled(book, first, second)) == [first, second, book]


def test_contiguous_deltas_are_merged_into_one_with_the_same_result() -> None:
    deltas = [
        delta(10, 11, levels((99.9, 1.0)), ts_ns=START_NS + 1),
        delta(11, 13, levels((99.9, 0.0), (99.7, 2.0)), levels((100.1, 3.0)), ts_ns=START_NS + 2),
    ]
    (merged,) = take_all(filled(*deltas))
    assert isinstance(merged, BookDelta)
    assert (merged.prev, merged.last, merged.ts_ns) == (10, 13, START_NS + 2)
    one, both = Book(), Book()
    one.load(snapshot())
    both.load(snapshot())
    one.apply(merged)
    for each in deltas:
        both.apply(each)
    assert one.bids.levels(9, {}) == both.bids.levels(9, {})
    assert one.asks.levels(9, {}) == both.asks.levels(9, {})


def test_deltas_with_a_gap_are_not_merged() -> None:
    gap = [delta(10, 11), delta(12, 13)]
    assert take_all(filled(*gap)) == gap


def test_a_merged_delta_has_a_maximum_number_of_parts() -> None:
    chain = [delta(n, n + 1) for n in range(DELTAS_MERGED_MAX + 2)]
    taken = take_all(filled(*chain))
    assert len(taken) == 2
    assert [event.last for event in taken if isinstance(event, BookDelta)] == [
        DELTAS_MERGED_MAX + 1,
        DELTAS_MERGED_MAX + 2,
    ]


def test_of_consecutive_tickers_only_the_newest_is_kept() -> None:
    old, new = top(11, (99.9, 1.0), (100.1, 1.0)), top(12, (99.8, 1.0), (100.1, 1.0))
    assert take_all(filled(old, new)) == [new]


def test_deltas_separated_by_other_events_are_not_merged() -> None:
    script: list[Event] = [
        delta(10, 11),
        trade(1),
        delta(11, 12),
        top(12, (99.9, 1.0), (100.1, 1.0)),
    ]
    assert take_all(filled(*script)) == script


def test_a_snapshot_drops_older_book_events_but_no_trades() -> None:
    first, book = trade(1), snapshot(20)
    assert take_all(filled(delta(10, 11), first, delta(15, 16), book)) == [first, book]


def test_trades_are_never_merged() -> None:
    trades = [trade(n) for n in range(5)]
    assert take_all(filled(*trades)) == trades


def test_too_many_book_events_are_dropped_all_at_once() -> None:
    inbox = Inbox()
    for number in range(MARKET_EVENTS_MAX + 1):  # no two of them are contiguous
        inbox.put(delta(3 * number, 3 * number + 1))
    assert inbox.overflows == 1
    assert len(inbox) == 0
    inbox.put(fill("1"))
    assert len(take_all(inbox)) == 1


def test_too_many_trades_drop_the_oldest_of_them() -> None:
    """Without a book event nothing was ever dropped: the queue of trades had no bound."""
    inbox = Inbox()
    for number in range(3 * MARKET_EVENTS_MAX):
        inbox.put(trade(number))
    assert len(inbox) <= MARKET_EVENTS_MAX
    assert inbox.overflows > 0
    assert take_all(inbox)[-1] == trade(3 * MARKET_EVENTS_MAX - 1)


def test_fills_are_never_dropped() -> None:
    inbox = Inbox()
    fills = [fill(str(number)) for number in range(3 * module.MARKET_EVENTS_MAX)]
    for number, each in enumerate(fills):
        inbox.put(delta(3 * number, 3 * number + 1))
        inbox.put(each)
    assert [event for event in take_all(inbox) if not isinstance(event, BookDelta)] == fills


async def test_wait_returns_at_the_first_event_and_blocks_again_when_the_inbox_is_empty() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(fill("1"))
    async with asyncio.timeout(1):
        await waiting
    take_all(inbox)
    waiting = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


def test_a_lost_market_feed_drops_queued_book_events_but_no_trades() -> None:
    """It is taken before them: applied later they would restore the lost book."""
    down = FeedDown(ts_ns=START_NS, stream=Stream.MARKET, text="closed")
    inbox = filled(snapshot(), trade(1), top(12, (99.5, 1.0), (100.5, 1.0)), down)
    assert take_all(inbox) == [down, trade(1)]
    assert inbox.overflows == 0


def test_a_lost_private_stream_keeps_the_market_events() -> None:
    down = FeedDown(ts_ns=START_NS, stream=Stream.PRIVATE, text="closed")
    assert take_all(filled(snapshot(), down)) == [down, snapshot()]


class KillRecorder:
    """Records each call for a kill, with the number of events in the inbox."""

    def __init__(self) -> None:
        self.inbox = Inbox(self)
        self.calls: list[tuple[str, int]] = []

    def kill_queued(self) -> None:
        self.calls.append(("queued", len(self.inbox)))

    def kill_taken(self) -> None:
        self.calls.append(("taken", len(self.inbox)))


def test_the_observer_is_called_before_a_kill_is_queued_and_after_it_was_taken() -> None:
    kills = KillRecorder()
    kill = Kill(ts_ns=START_NS, actor="test", reason="enough")
    alarm = Alarm(ts_ns=START_NS, cause=Cause.KEY_REFUSED, active=True, text="")
    for event in (Tick(ts_ns=START_NS), kill, alarm):
        kills.inbox.put(event)
    assert kills.calls == [("queued", 1), ("queued", 2)]
    assert len(take_all(kills.inbox)) == 3
    assert kills.calls[2:] == [("taken", 1), ("taken", 0)]


def test_the_observer_is_called_for_kills_only() -> None:
    kills = KillRecorder()
    for active, cause in ((False, Cause.KEY_REFUSED), (True, Cause.CLOCK)):
        kills.inbox.put(Alarm(ts_ns=START_NS, cause=cause, active=active, text=""))
    kills.inbox.put(Pause(ts_ns=START_NS, actor="test", reason=""))
    kills.inbox.put(trade(1))
    assert len(take_all(kills.inbox)) == 4
    assert kills.calls == []
