"""The live market through the simulated venue: our orders are in the book, faults pause."""

from decimal import Decimal

import pytest

from quoter.domain.events import (
    Alarm,
    BestPricesReport,
    BookDelta,
    BookSnapshot,
    FeedDown,
    FeedUp,
    Fill,
    Trade,
)
from quoter.domain.market import Level, Side, Stream
from quoter.domain.trading import Cause
from tests.unit.paper.cases import PaperMarket


@pytest.fixture
async def paper() -> PaperMarket:
    market = PaperMarket()
    await market.open()
    return market


def best(bid: float, ask: float, last: int, asked_ns: int) -> BestPricesReport:
    return BestPricesReport(
        ts_ns=asked_ns, asked_ns=asked_ns, bid=Level(bid, 2.0), ask=Level(ask, 2.0), last=last
    )


async def test_published_book_contains_our_order(paper: PaperMarket) -> None:
    (opening,) = await paper.of(BookSnapshot)
    assert opening.bids[0] == Level(60_000.0, 2.0)
    await paper.gateway.place(paper.order())
    paper.later(0.2)
    (change,) = await paper.of(BookDelta)
    assert change.bids == (Level(60_000.0, 2.5),)
    assert change.prev == opening.last


async def test_trades_and_changes_of_the_live_market_reach_the_engine(paper: PaperMarket) -> None:
    paper.events.clear()
    paper.change(100, 101, bids=(Level(59_980.0, 1.0),))
    paper.trade(60_010.0, 0.3, Side.BUY)
    assert [event.bids for event in await paper.received() if isinstance(event, BookDelta)] == [
        (Level(59_980.0, 1.0),)
    ]
    assert [trade.size for trade in await paper.of(Trade)] == [0.3]


async def test_gap_of_the_live_book_pauses_and_a_new_book_ends_it(paper: PaperMarket) -> None:
    paper.events.clear()
    paper.change(105, 106, bids=(Level(59_980.0, 1.0),))
    (alarm,) = await paper.of(Alarm)
    assert (alarm.cause, alarm.active) == (Cause.BOOK_DESYNC, True)
    assert paper.live.asked == ["resync"]
    paper.change(106, 107, bids=(Level(59_970.0, 1.0),))  # within a second: not asked again
    assert paper.live.asked == ["resync"]
    assert await paper.received() == []
    paper.snapshot(last=110, bid=60_001.0)
    (snapshot,) = await paper.of(BookSnapshot)
    assert [price for price, _ in snapshot.bids] == [60_001.0, 59_991.0]


async def test_market_that_moved_while_disconnected_fills_what_it_passed(
    paper: PaperMarket,
) -> None:
    await paper.gateway.place(paper.order())
    paper.events.clear()
    down = FeedDown(ts_ns=paper.now_ns, stream=Stream.MARKET, text="lost")
    paper.feed.receive(down)
    paper.feed.receive(FeedUp(ts_ns=paper.now_ns, stream=Stream.MARKET))
    paper.snapshot(last=200, bid=59_900.0, ask=59_910.0)
    events = await paper.received()
    assert [fill.size for fill in events if isinstance(fill, Fill)] == [Decimal("0.5")]
    streams = [type(event) for event in events if isinstance(event, FeedDown | FeedUp)]
    assert streams == [FeedDown, FeedUp]
    (snapshot,) = await paper.of(BookSnapshot)
    assert snapshot.bids[0][0] == 59_900.0


async def test_venue_that_numbers_anew_is_followed(paper: PaperMarket) -> None:
    paper.feed.receive(FeedDown(ts_ns=paper.now_ns, stream=Stream.MARKET, text="lost"))
    paper.snapshot(last=3, bid=60_002.0)
    paper.change(3, 4, bids=(Level(60_003.0, 1.0),))
    books = [event for event in await paper.received() if isinstance(event, BookSnapshot)]
    assert books[-1].bids[0][0] == 60_002.0
    change = (await paper.of(BookDelta))[-1]
    assert change.prev == books[-1].last
    assert change.bids == (Level(60_003.0, 1.0),)


async def test_price_off_the_grid_is_counted_and_pauses(paper: PaperMarket) -> None:
    paper.change(100, 101, bids=(Level(59_980.001, 1.0),))
    (alarm,) = await paper.of(Alarm)
    assert "59980.001" in alarm.text
    assert paper.feed.rejected() == {"unreadable": 2, "off_grid": 1}
    paper.snapshot(last=102)
    assert len(await paper.of(BookSnapshot)) == 1


async def test_requested_best_prices_contain_our_orders(paper: PaperMarket) -> None:
    await paper.gateway.place(paper.order())
    await paper.gateway.place(paper.order("q002", price="60005", side=Side.SELL))
    paper.later(0.2)
    paper.events.clear()
    paper.feed.confirm()
    assert paper.live.asked == ["confirm"]
    paper.feed.receive(best(60_000.0, 60_010.0, 100, paper.now_ns))
    (report,) = await paper.of(BestPricesReport)
    assert report.bid == Level(60_000.0, 2.5)
    assert report.ask == Level(60_005.0, 0.5)
    paper.feed.resync()
    (snapshot,) = await paper.of(BookSnapshot)
    assert report.last == snapshot.last


async def test_best_prices_of_a_venue_without_ids_stay_without(paper: PaperMarket) -> None:
    paper.events.clear()
    paper.feed.receive(best(60_000.0, 60_010.0, 0, paper.now_ns))
    (report,) = await paper.of(BestPricesReport)
    assert report.last == 0


async def test_requests_of_the_engine_go_to_the_live_feed_when_they_must(
    paper: PaperMarket,
) -> None:
    paper.feed.resync()
    assert paper.live.asked == []  # the simulated book is published again
    paper.feed.reconnect("silent")
    paper.feed.receive(FeedDown(ts_ns=paper.now_ns, stream=Stream.MARKET, text="lost"))
    paper.feed.resync()
    assert paper.live.asked == ["silent", "resync"]
