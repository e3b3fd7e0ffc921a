"""A book whose one side, or both, are empty for a while; our own orders stay in it."""

from collections.abc import Mapping
from copy import replace
from decimal import Decimal

from quoter.domain.events import TopOfBook
from quoter.domain.market import Level, Side
from quoter.sim.exchange import Exchange
from quoter.sim.messages import DepthBook, DepthNews
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.plan import Fault

FORMS = ((Side.BUY,), (Side.SELL,), (Side.BUY, Side.SELL))
LEVELS = 1_000
ZERO = Decimal(0)

type Rows = tuple[tuple[Decimal, Decimal], ...]


class EmptySide:
    """Changes what the exchange publishes while the fault is on.

    Diffs stay in sequence: the first one removes the levels of others, and the first one after
    the fault brings them back.
    """

    def __init__(self, exchange: Exchange, account: str, symbol: str, faults: ActiveFaults) -> None:
        self._exchange, self._account, self._symbol = exchange, account, symbol
        self._faults = faults
        self._published: tuple[Side, ...] = ()  # empty by the diffs so far

    def diff(self, news: DepthNews) -> DepthNews:
        """Return the diff as it is published."""
        now = self.sides()
        self._faults.fired[Fault.EMPTY_SIDE] += bool(now)
        for side in Side:
            rows = news.bids if side is Side.BUY else news.asks
            if (side in now) != (side in self._published):
                rows = _joined(rows, self._all(side))
            if side in now:
                own = self._own(side)
                rows = tuple((price, own.get(price, ZERO)) for price, _ in rows)
            news = replace(news, bids=rows) if side is Side.BUY else replace(news, asks=rows)
        self._published = now
        return news

    def depth(self, book: DepthBook) -> DepthBook:
        """Return a snapshot as it is published."""
        for side in self.sides():
            rows = tuple(sorted(self._own(side).items(), reverse=side is Side.BUY))
            book = replace(book, bids=rows) if side is Side.BUY else replace(book, asks=rows)
        return book

    def ticker(self, top: TopOfBook) -> TopOfBook | None:
        """Return the best prices as published; None if one is zero, which is unreadable."""
        for side in self.sides():
            own = self._own(side)
            if not own:
                return None
            price = max(own) if side is Side.BUY else min(own)
            level = Level(float(price), float(own[price]))
            top = replace(top, bid=level) if side is Side.BUY else replace(top, ask=level)
        return top

    def sides(self) -> tuple[Side, ...]:
        """Return which sides are empty now."""
        faults = self._faults
        if not faults.is_on(Fault.EMPTY_SIDE):
            return ()
        return faults.form(Fault.EMPTY_SIDE, lambda: faults.random.choice(FORMS))

    def _all(self, side: Side) -> Rows:
        book = self._exchange.depth(self._symbol, LEVELS)
        return book.bids if side is Side.BUY else book.asks

    def _own(self, side: Side) -> Mapping[Decimal, Decimal]:
        """Return our sizes by price."""
        own: dict[Decimal, Decimal] = {}
        for order in self._exchange.open_orders(self._account, self._symbol):
            if order.side is side:
                own[order.price] = own.get(order.price, ZERO) + order.leaves
        return own


def _joined(rows: Rows, more: Rows) -> Rows:
    """Return both; `rows` come last and so win."""
    return tuple({**dict(more), **dict(rows)}.items())
