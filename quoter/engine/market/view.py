"""The market without ourselves in it: book, best prices, fair value."""

from quoter.domain.events import BookDelta, BookSnapshot, MarketEvent, TopOfBook, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Side
from quoter.state.book import Book
from quoter.state.open_orders import OpenOrders

# Depth is published every 100 ms: a closed order of ours may still stand in it for this long,
# and is taken for ours until the next tick after that.
OWN_LINGER_NS = 300_000_000


class MarketView:
    """Follows the book; `bid` and `ask` are the best levels of others, None while untrusted."""

    def __init__(self, instrument: Instrument, orders: OpenOrders) -> None:
        self._instrument = instrument
        self.book = Book()
        self._own_bids, self._own_asks = orders.levels[Side.BUY], orders.levels[Side.SELL]
        self.bid: Level | None = None
        self.ask: Level | None = None
        self.touch: tuple[float, float] | None = None  # their prices
        self.has_new_best = False  # did the last look find another touch?
        self.last_received_ns = 0  # last sign of life of the feed
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
                fault = self.book.apply_top(event)
            case BookSnapshot():
                fault = self.book.load(event)
            case Trade():
                return None
        if fault is not None:
            self.gaps += 1
        self.refresh()
        return fault

    def expire_own_orders(self, ts_ns: int) -> None:
        """Time passed, or our orders changed: by now published books show what we did before."""
        for own in (self._own_bids, self._own_asks):
            own.expire(ts_ns - OWN_LINGER_NS)
        self.refresh()

    def refresh(self) -> None:
        """Find the best prices of others anew."""
        best = self.book.best(self._own_bids, self._own_asks)
        self.bid, self.ask = best if best is not None else (None, None)
        touch = (best[0].price, best[1].price) if best is not None else None
        self.has_new_best, self.touch = touch != self.touch, touch

    def invalidate(self) -> None:
        """The feed is down: there is no market until the next snapshot."""
        self.book.invalidate()
        self.bid = self.ask = self.touch = None

    def levels(self, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Best `depth` levels of others, both sides, best first."""
        bids = self.book.bids.levels(depth, self._own_bids)
        return bids, self.book.asks.levels(depth, self._own_asks)
