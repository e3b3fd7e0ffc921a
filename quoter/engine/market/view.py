"""The market without our own orders: book, best prices and mid."""

from quoter.domain.events import BookDelta, BookSnapshot, MarketEvent, TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.domain.units import NS_PER_MS
from quoter.engine.config import BookPolicy
from quoter.engine.market.book_evidence import BookEvidence
from quoter.state.book import Book
from quoter.state.open_orders import OpenOrders

# Venues publish the depth every 100 ms, so it may show a closed order of ours for this long. Its
# size is subtracted until the first tick or change of an order after that time.
OWN_LINGER_NS = 300 * NS_PER_MS


class MarketView:
    """The book with the best levels of others in `bid` and `ask`, None without a usable book."""

    def __init__(self, orders: OpenOrders, policy: BookPolicy) -> None:
        self.book = Book()
        self._own_bids, self._own_asks = orders.levels[Side.BUY], orders.levels[Side.SELL]
        self._orders = orders
        self._orders_revision = -1  # of our orders, as of the last refresh
        self.bid: Level | None = None
        self.ask: Level | None = None
        self.touch: tuple[float, float] | None = None  # their prices
        self.has_new_best = False  # whether the last refresh changed the best prices
        self.evidence = BookEvidence(policy)
        self._stale_ns = policy.stale_ns

    @property
    def mid(self) -> float | None:
        if self.bid is None or self.ask is None:
            return None
        return (self.bid.price + self.ask.price) / 2

    def is_fresh(self, ts_ns: int) -> bool:
        """Whether the book is young enough, and not proven wrong."""
        return self.evidence.is_trusted and self.age_ns(ts_ns) <= self._stale_ns

    def age_ns(self, ts_ns: int) -> int:
        """Nanoseconds since the book's last accepted update or confirmation."""
        return ts_ns - self.evidence.confirmed_ns

    def apply(self, event: MarketEvent) -> str | None:
        """Apply a market event. Return the fault that makes the book unusable, or None."""
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
        self.refresh()
        return fault

    def expire_own_orders(self, ts_ns: int) -> None:
        """Drop closed orders of ours that published books can no longer contain."""
        before_ns = ts_ns - OWN_LINGER_NS
        is_smaller = [own.expire(before_ns) for own in (self._own_bids, self._own_asks)]
        if any(is_smaller) or self._orders.revision != self._orders_revision:
            self.refresh()
        else:
            self.has_new_best = False

    def refresh(self) -> None:
        """Recompute the best prices of others."""
        self._orders_revision = self._orders.revision
        best = self.book.best(self._own_bids, self._own_asks)
        self.bid, self.ask = best if best is not None else (None, None)
        touch = (best[0].price, best[1].price) if best is not None else None
        self.has_new_best, self.touch = touch != self.touch, touch

    def invalidate(self) -> None:
        """Mark the book unusable until the next snapshot."""
        self.book.invalidate()
        self.bid = self.ask = self.touch = None

    def levels(self, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Best `depth` levels of others on both sides, best first."""
        bids = self.book.bids.levels(depth, self._own_bids)
        return bids, self.book.asks.levels(depth, self._own_asks)
