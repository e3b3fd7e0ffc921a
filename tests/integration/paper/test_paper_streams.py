"""Books and private streams at each paper venue: reconnects serve nothing from before them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal

from quoter.domain.events import BookSnapshot, FeedDown, FeedUp, Fill, OrderDone, Trade
from quoter.domain.market import Side, Stream
from quoter.venues.factory import make_feed
from tests.integration.ccxt_caches import row_caches
from tests.integration.paper.account import (
    BID,
    PREFIX,
    SIZE,
    PaperAccount,
    paper_account,
    until,
    venue_config,
)
from tests.integration.paper.exchange import HALF_SPREAD, LOT, PaperExchange
from tests.integration.paper.forms import Form
from tests.integration.paper.venues import each_venue

FAR = Decimal(500)
ORDERS, TOGETHER = 60, 6  # as many are sent before the event loop runs


@dataclass(slots=True)
class Feed:
    """Events of a running public feed."""

    events: list[object] = field(default_factory=list)

    def books(self, start: int = 0) -> list[BookSnapshot]:
        return [event for event in self.events[start:] if isinstance(event, BookSnapshot)]

    def trades(self) -> list[Trade]:
        return [event for event in self.events if isinstance(event, Trade)]

    def newest(self) -> tuple[float, float] | None:
        """Return the best prices of the newest book; None before the first."""
        books = self.books()
        return (books[-1].bids[0][0], books[-1].asks[0][0]) if books else None


def touch(market: PaperExchange) -> tuple[float, float]:
    return float(market.mid - HALF_SPREAD), float(market.mid + HALF_SPREAD)


@asynccontextmanager
async def running_feed(account: PaperAccount) -> AsyncIterator[Feed]:
    """Run a public feed for the length of the block."""
    feed = Feed()
    made = make_feed(venue_config(account.venue.exchange), account.instrument)
    running = asyncio.create_task(made.run(feed.events.append))
    try:
        await until(feed.books, "no book")
        yield feed
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@each_venue
async def test_book_follows_the_market(form: type[Form]) -> None:
    """Our order, a move of the market and a public trade appear."""
    async with paper_account(form, streams=False) as account, running_feed(account) as feed:
        market = account.venue.market
        assert isinstance(feed.events[0], FeedUp)
        placed = await account.placed(Side.BUY, Decimal("59999.3"))
        await until(lambda: feed.newest() == (59999.3, touch(market)[1]), "our order")
        await account.gateway.cancel_all()
        await until(lambda: feed.newest() == touch(market), f"{placed} is shown")
        market.move(market.mid + FAR)
        await until(lambda: feed.newest() == touch(market), "the new market")
        market.refresh()
        await until(feed.trades, "no trade")


@each_venue
async def test_book_of_before_a_reconnect_is_never_served(form: type[Form]) -> None:
    async with paper_account(form, streams=False) as account, running_feed(account) as feed:
        market = account.venue.market
        before = touch(market)
        account.venue.drop_sockets()
        start = len(feed.events)
        market.move(market.mid + FAR)
        await until(lambda: feed.newest() == touch(market), "no book after the reconnect")
        kinds = [type(event) for event in feed.events[start:]]
        assert kinds.index(FeedDown) < kinds.index(FeedUp) < kinds.index(BookSnapshot)
        first = kinds.index(FeedDown)
        for book in feed.books(start + first):
            assert (book.bids[0][0], book.asks[0][0]) == touch(market) != before
            assert len({level[0] for level in book.bids}) == len(book.bids)


@each_venue
async def test_private_stream_reconnects_and_reports_later_fills(form: type[Form]) -> None:
    async with paper_account(form) as account:
        placed = await account.placed()
        account.venue.drop_sockets()
        await until(lambda: len(account.seen(FeedDown)) == 1, "the loss was not noticed")
        await until(lambda: len(account.seen(FeedUp)) == 2, "no second connection")
        assert {event.stream for event in account.seen(FeedUp)} == {Stream.PRIVATE}
        order = account.venue.market.orders[placed.venue_id]
        while not account.seen(Fill):  # the subscriptions may follow the first answer
            account.venue.market.fill(order, LOT)
            await account.venue.refreshed()
        assert account.seen(Fill)[0].client_id == placed.client_id


@each_venue
async def test_rows_of_orders_and_fills_are_read_once_and_not_kept(form: type[Form]) -> None:
    """Also those that arrive together: ccxt's caches must not grow with every order."""
    async with paper_account(form) as account:
        market = account.venue.market
        names = [f"{PREFIX}mzzzzzzz{number:04d}" for number in range(ORDERS)]
        for name in names:
            order = market.place(
                client_id=name, side=Side.BUY, price=BID, size=SIZE, is_post_only=True
            )
            market.fill(order, LOT)
            market.fill(order)
            if len(market.orders) % TOGETHER == 0:
                await asyncio.sleep(0)
        await until(lambda: len(account.seen(OrderDone)) == ORDERS, "an order did not end")
        await until(lambda: len(account.seen(Fill)) == 2 * ORDERS, "a fill is missing")
        # Bitget's fills have no client id: one that arrives before its order is matched later
        assert {fill.venue_id for fill in account.seen(Fill)} == set(market.orders)
        caches = row_caches()
        assert len(caches) >= len(("orders", "fills"))
        await until(lambda: not any(map(len, caches)), "rows are kept")


@each_venue
async def test_rows_of_public_trades_are_not_kept(form: type[Form]) -> None:
    async with paper_account(form, streams=False) as account, running_feed(account) as feed:
        for count in range(1, 5):
            account.venue.market.refresh()
            await until(lambda n=count: len(feed.trades()) >= n, "no trade")  # type: ignore[misc]
        caches = row_caches()
        assert caches
        await until(lambda: not any(map(len, caches)), "rows are kept")
