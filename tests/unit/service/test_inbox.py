"""Fills first, book news folded, everything bounded."""

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


def everything(inbox: Inbox) -> list[Event]:
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


def test_fills_and_answers_overtake_the_markets_news_and_keep_their_own_order() -> None:
    book, first, second = snapshot(), fill("1"), Tick(ts_ns=START_NS)
    assert everything(filled(book, first, second)) == [first, second, book]


def test_contiguous_deltas_become_one_that_makes_the_same_book() -> None:
    deltas = [
        delta(10, 11, levels((99.9, 1.0)), ts_ns=START_NS + 1),
        delta(11, 13, levels((99.9, 0.0), (99.7, 2.0)), levels((100.1, 3.0)), ts_ns=START_NS + 2),
    ]
    (folded,) = everything(filled(*deltas))
    assert isinstance(folded, BookDelta)
    assert (folded.prev, folded.last, folded.ts_ns) == (10, 13, START_NS + 2)
    one, both = Book(), Book()
    one.load(snapshot())
    both.load(snapshot())
    one.apply(folded)
    for each in deltas:
        both.apply(each)
    assert one.bids.levels(9, {}) == both.bids.levels(9, {})
    assert one.asks.levels(9, {}) == both.asks.levels(9, {})


def test_a_gap_is_never_folded_away() -> None:
    gap = [delta(10, 11), delta(12, 13)]
    assert everything(filled(*gap)) == gap


def test_a_folded_delta_never_grows_beyond_its_bound() -> None:
    chain = [delta(n, n + 1) for n in range(DELTAS_MERGED_MAX + 2)]
    taken = everything(filled(*chain))
    assert len(taken) == 2
    assert [event.last for event in taken if isinstance(event, BookDelta)] == [
        DELTAS_MERGED_MAX + 1,
        DELTAS_MERGED_MAX + 2,
    ]


def test_of_tickers_in_a_row_only_the_newest_is_kept() -> None:
    old, new = top(11, (99.9, 1.0), (100.1, 1.0)), top(12, (99.8, 1.0), (100.1, 1.0))
    assert everything(filled(old, new)) == [new]


def test_deltas_on_both_sides_of_other_news_stay_apart() -> None:
    script: list[Event] = [
        delta(10, 11),
        trade(1),
        delta(11, 12),
        top(12, (99.9, 1.0), (100.1, 1.0)),
    ]
    assert everything(filled(*script)) == script


def test_a_snapshot_makes_older_book_news_useless_but_not_trades() -> None:
    first, book = trade(1), snapshot(20)
    assert everything(filled(delta(10, 11), first, delta(15, 16), book)) == [first, book]


def test_trades_are_never_folded() -> None:
    trades = [trade(n) for n in range(5)]
    assert everything(filled(*trades)) == trades


def test_book_news_that_piles_up_is_thrown_away_so_that_the_gap_shows() -> None:
    inbox = Inbox()
    for number in range(MARKET_EVENTS_MAX + 1):  # no two of them follow each other
        inbox.put(delta(3 * number, 3 * number + 1))
    assert inbox.overflows == 1
    assert len(inbox) == 0
    inbox.put(fill("1"))
    assert len(everything(inbox)) == 1


def test_fills_are_never_dropped_whatever_piles_up() -> None:
    inbox = Inbox()
    fills = [fill(str(number)) for number in range(3 * module.MARKET_EVENTS_MAX)]
    for number, told in enumerate(fills):
        inbox.put(delta(3 * number, 3 * number + 1))
        inbox.put(told)
    assert [event for event in everything(inbox) if not isinstance(event, BookDelta)] == fills


async def test_waiting_ends_with_the_first_news_and_starts_again_when_all_is_taken() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(fill("1"))
    async with asyncio.timeout(1):
        await waiting
    everything(inbox)
    waiting = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


def test_a_lost_feed_takes_its_queued_book_news_along_but_no_trade() -> None:
    """It overtakes them: applied later they would bring the lost book back to life."""
    down = FeedDown(ts_ns=START_NS, stream=Stream.MARKET, text="closed")
    inbox = filled(snapshot(), trade(1), top(12, (99.5, 1.0), (100.5, 1.0)), down)
    assert everything(inbox) == [down, trade(1)]
    assert inbox.overflows == 0


def test_a_lost_private_stream_leaves_the_markets_news_alone() -> None:
    down = FeedDown(ts_ns=START_NS, stream=Stream.PRIVATE, text="closed")
    assert everything(filled(snapshot(), down)) == [down, snapshot()]


class Kills:
    """Records what the inbox tells of kills, and how many events it then holds."""

    def __init__(self) -> None:
        self.inbox = Inbox(self)
        self.calls: list[tuple[str, int]] = []

    def kill_queued(self) -> None:
        self.calls.append(("queued", len(self.inbox)))

    def kill_taken(self) -> None:
        self.calls.append(("taken", len(self.inbox)))


def test_a_kill_is_announced_before_it_is_queued_and_when_it_is_taken() -> None:
    kills = Kills()
    kill = Kill(ts_ns=START_NS, actor="test", reason="enough")
    alarm = Alarm(ts_ns=START_NS, cause=Cause.KEY_REFUSED, active=True, text="")
    for event in (Tick(ts_ns=START_NS), kill, alarm):
        kills.inbox.put(event)
    assert kills.calls == [("queued", 1), ("queued", 2)]
    assert len(everything(kills.inbox)) == 3
    assert kills.calls[2:] == [("taken", 1), ("taken", 0)]


def test_no_other_event_is_announced_as_a_kill() -> None:
    kills = Kills()
    for active, cause in ((False, Cause.KEY_REFUSED), (True, Cause.CLOCK)):
        kills.inbox.put(Alarm(ts_ns=START_NS, cause=cause, active=active, text=""))
    kills.inbox.put(Pause(ts_ns=START_NS, actor="test", reason=""))
    kills.inbox.put(trade(1))
    assert len(everything(kills.inbox)) == 4
    assert kills.calls == []
