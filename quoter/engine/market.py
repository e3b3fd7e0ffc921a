"""The market without ourselves in it: book, best prices, fair value."""

from collections.abc import Mapping

from quoter.domain.events import BookDelta, BookSnapshot, MarketEvent, TopOfBook, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Side
from quoter.domain.orders import OrderState
from quoter.state.book import Book
from quoter.state.open_orders import OpenOrders

# Depth is published every 100 ms: a closed order of ours may still stand in it for this long.
OWN_LINGER_NS = 300_000_000


class OwnSizes:
    """Our own sizes by price, so that we never price against ourselves."""

    def __init__(self, orders: OpenOrders) -> None:
        self._orders = orders
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self._stale_ns: int | None = 0  # when a lingering order drops out; None: nothing lingers

    def changed(self) -> None:
        """An order opened, closed or filled."""
        self._stale_ns = 0

    def refresh(self, ts_ns: int) -> None:
        if self._stale_ns is None or ts_ns < self._stale_ns:
            return
        self.bids, self.asks = {}, {}
        for order in self._orders:
            if order.state is not OrderState.RESERVED:
                self._add(order.side, order.price_float, float(order.leaves))
        self._stale_ns = None
        for order in self._orders.recently_closed(ts_ns - OWN_LINGER_NS):
            self._add(order.side, order.price_float, float(order.leaves))
            gone_ns = order.changed_ns + OWN_LINGER_NS + 1
            self._stale_ns = gone_ns if self._stale_ns is None else min(self._stale_ns, gone_ns)

    def _add(self, side: Side, price: float, size: float) -> None:
        sizes = self.bids if side is Side.BUY else self.asks
        sizes[price] = sizes.get(price, 0.0) + size


class MarketView:
    """Follows the book; `bid` and `ask` are the best levels of others, None while untrusted."""

    def __init__(self, instrument: Instrument, orders: OpenOrders) -> None:
        self._instrument = instrument
        self.book = Book()
        self.own = OwnSizes(orders)
        self.bid: Level | None = None
        self.ask: Level | None = None
        self.alive_ns = 0  # last sign of life of the feed
        self.gaps = 0

    @property
    def mid(self) -> float | None:
        if self.bid is None or self.ask is None:
            return None
        return (self.bid.price + self.ask.price) / 2

    def apply(self, event: MarketEvent) -> str | None:
        """Take one piece of market news; the fault that makes the book untrustworthy, or None."""
        fault: str | None = None
        match event:
            case BookDelta():
                fault = self.book.apply(event)
            case TopOfBook():
                if not self.book.see_top(event):
                    fault = f"crossed ticker: bid {event.bid.price} >= ask {event.ask.price}"
                    self.book.lose()
            case BookSnapshot():
                fault = self.book.load(event)
            case Trade():
                return None
        if fault is not None:
            self.gaps += 1
        self.look(event.ts_ns)
        return fault

    def look(self, ts_ns: int) -> None:
        """Find the best prices of others anew (our own orders or the book changed)."""
        own = self.own
        own.refresh(ts_ns)
        best = self.book.best(own.bids, own.asks)
        self.bid, self.ask = best if best is not None else (None, None)

    def lose(self) -> None:
        """The feed is down: there is no market until the next snapshot."""
        self.book.lose()
        self.bid = self.ask = None

    def levels(self, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Best `depth` levels of others, both sides, best first."""
        own: tuple[Mapping[float, float], Mapping[float, float]] = (self.own.bids, self.own.asks)
        return self.book.bids.levels(depth, own[0]), self.book.asks.levels(depth, own[1])
