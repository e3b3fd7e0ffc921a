"""A simulated venue without latency, moved by a feed that the test writes."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from quoter.backtest.fill_terms import DelayOptions, FillTerms
from quoter.domain.commands import PlaceOrder
from quoter.domain.events import BookDelta, BookSnapshot, Event, RulesReport, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, MarketHistory, Side
from quoter.domain.units import NS_PER_S
from quoter.paper.feed import PaperFeed
from quoter.paper.gateway import PaperGateway
from quoter.paper.venue import PaperAccount, PaperVenue
from quoter.sim.fill_models import FillModel
from quoter.tapes.market import spec_of
from quoter.venues.config import VenueConfig
from quoter.venues.ports import Emit
from tests.instruments import BTC_USDT

START_NS = 1_700_000_000 * NS_PER_S
TRADE_ID_FIRST = 7_000
PUBLIC_ONLY = VenueConfig(
    exchange="binance",
    symbol="BTC/USDT",
    environment="production",
    order_prefix="q00",
    is_public_only=True,
)
OPENING = {"BTC": Decimal(1), "USDT": Decimal(100_000)}


def terms(latency_ms: float = 0.0) -> FillTerms:
    delay = DelayOptions(median_ms=latency_ms, spread=1.0, seed=1)
    return FillTerms(fill_model=FillModel.PESSIMISTIC, delay=delay)


class PublicVenue:
    """The real venue without a key: rules, and no sockets."""

    def __init__(self) -> None:
        self.rules = BTC_USDT

    async def connect(self) -> Instrument:
        return self.rules

    async def report(self, _request: object) -> RulesReport:
        return RulesReport(ts_ns=START_NS, instrument=self.rules)

    async def market_history(self) -> MarketHistory:
        return MarketHistory((), 60.0, None)

    async def close(self) -> None:
        pass


class LiveFeed:
    """A feed that only counts what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def run(self, emit: Emit) -> None:
        del emit

    def rejected(self) -> Mapping[str, int]:
        return {"unreadable": 2}

    def confirm(self) -> None:
        self.asked.append("confirm")

    def reconnect(self, text: str) -> None:
        self.asked.append(text)

    def resync(self) -> None:
        self.asked.append("resync")


class PaperMarket:
    """Gateway, feed and venue of one paper run, and a clock that the test moves.

    `events`: what the daemon receives. Create it inside of a running event loop.
    """

    def __init__(self, latency_ms: float = 0.0, opening: Mapping[str, Decimal] = OPENING) -> None:
        self.now_ns = START_NS
        self.block = ""
        self.public, self.live = PublicVenue(), LiveFeed()
        self.events: list[Event] = []
        account = PaperAccount(balances=opening, trade_id_first=TRADE_ID_FIRST, is_continued=False)
        market = spec_of(BTC_USDT, mid=Decimal(1), fee_taker=Decimal("0.001"))
        self.venue = PaperVenue(market, account, terms(latency_ms), self._clock, {})
        self.gateway = PaperGateway(
            self.public,  # type: ignore[arg-type]  # what is not called is left out
            PUBLIC_ONLY,
            lambda _rules: self.venue,
            self._clock,
            lambda: self.block,
        )
        self.feed = PaperFeed(self.live, self.venue, BTC_USDT)
        self.venue.emit_to(self.events.append)

    def _clock(self) -> int:
        return self.now_ns

    async def open(self) -> None:
        """Connect, open the gate, and receive a first book: 60,000 bid and 60,010 ask."""
        await self.gateway.connect()
        self.gateway.open_gate()
        self.snapshot()
        await self.received()

    def snapshot(self, last: int = 100, bid: float = 60_000.0, ask: float = 60_010.0) -> None:
        """Receive a book with a size of 2 at both best prices."""
        self.feed.receive(
            BookSnapshot(
                ts_ns=self.now_ns,
                last=last,
                bids=(Level(bid, 2.0), Level(bid - 10, 5.0)),
                asks=(Level(ask, 2.0), Level(ask + 10, 5.0)),
            )
        )

    def change(self, prev: int, last: int, *, bids: tuple[Level, ...] = ()) -> None:
        """Receive a change of bids."""
        self.feed.receive(BookDelta(ts_ns=self.now_ns, prev=prev, last=last, bids=bids, asks=()))

    def trade(self, price: float, size: float, taker: Side = Side.SELL) -> None:
        """Receive a public trade."""
        self.feed.receive(
            Trade(ts_ns=self.now_ns, trade_id="1", price=price, size=size, taker=taker)
        )

    def later(self, seconds: float) -> None:
        """Move the clock, and let happen what is due by then."""
        self.now_ns += round(seconds * NS_PER_S)
        self.venue.run_due()

    def order(
        self, name: str = "q001", price: str = "60000", size: str = "0.5", side: Side = Side.BUY
    ) -> PlaceOrder:
        """Return an order decided now."""
        return PlaceOrder(
            client_id=name,
            side=side,
            price=Decimal(price),
            size=Decimal(size),
            decided_ns=self.now_ns,
        )

    async def received(self) -> list[Event]:
        """Return what was received, once all that is due has arrived."""
        self.venue.run_due()
        await asyncio.sleep(0)
        return self.events

    async def of[T](self, kind: type[T]) -> list[T]:
        """Return the received events of a kind, and forget all received so far."""
        await self.received()
        found: list[T] = [event for event in self.events if isinstance(event, kind)]
        self.events.clear()
        return found
