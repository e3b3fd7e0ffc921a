"""Published book of one symbol: account orders plus background, with update ids."""

from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from heapq import heapify, heappop
from itertools import islice

from quoter.domain.market import Side
from quoter.sim.background import Background
from quoter.sim.clearing import Emit
from quoter.sim.grid import Grid
from quoter.sim.messages import BestNews, DepthBook, DepthNews
from quoter.sim.resting import RestingBook

FIRST_UPDATE_ID = 1000

type Shown = tuple[tuple[Decimal, Decimal], ...]
type Best = tuple[tuple[int, Decimal], tuple[int, Decimal]]  # (ticks, size) of bid and ask


class Publisher:
    """Publisher of depth and best prices. Each commit that changes a level takes an update id."""

    def __init__(self, grid: Grid, book: RestingBook, background: Background, emit: Emit) -> None:
        self._grid = grid
        self._symbol = grid.spec.symbol
        self._book = book
        self._background = background
        self._emit = emit
        self._dirty: dict[Side, set[int]] = {Side.BUY: set(), Side.SELL: set()}
        self._is_touched = False
        self._last = FIRST_UPDATE_ID
        self._flushed = FIRST_UPDATE_ID
        self._best_shown: Best | None = None

    def touch(self, side: Side, ticks: int) -> None:
        """Mark a level as possibly changed."""
        self._dirty[side].add(ticks)
        self._is_touched = True

    def commit(self, now_ns: int) -> None:
        """Complete a change of the book with the next update id; publish a new best price."""
        if self._is_touched:
            self._is_touched = False
            self._publish_best(self._take_id(), now_ns)

    def publish_own_best(self, side: Side, now_ns: int) -> None:
        """Publish the best price of account orders on `side` as that side's best price.

        There must be such an order. The other side is published unchanged.
        """
        ticks = self._book.best(side)
        if ticks is None or self._best_shown is None:
            return
        bid, ask = self._best_shown
        own = ticks, self._own_size(side, ticks)
        shown = (own, ask) if side is Side.BUY else (bid, own)
        if shown != self._best_shown and shown[0][0] < shown[1][0]:
            self._show(shown, self._take_id(), now_ns)

    def flush(self, now_ns: int) -> None:
        """Publish the levels touched since the last flush, if any."""
        if self._last == self._flushed:
            return
        self._emit(
            DepthNews(
                ts_ns=now_ns,
                symbol=self._symbol,
                first=self._flushed + 1,
                last=self._last,
                bids=self._take_dirty(Side.BUY),
                asks=self._take_dirty(Side.SELL),
            )
        )
        self._flushed = self._last

    def snapshot(self, limit: int) -> DepthBook:
        """Return the book as of the last commit, `limit` levels of each side."""
        return DepthBook(
            last=self._last,
            bids=self._levels(Side.BUY, limit),
            asks=self._levels(Side.SELL, limit),
        )

    def best(self, side: Side) -> tuple[int, Decimal] | None:
        """Return (ticks, size) of the best visible level; None if that side is empty.

        The size is the sum of accounts and background.
        """
        own, other = self._book.best(side), self._background.best_level(side)
        if own is None or (other is not None and side.sign * (own - other[0]) < 0):
            return other
        size = self._own_size(side, own)
        return own, size + other[1] if other is not None and own == other[0] else size

    def _publish_best(self, update_id: int, now_ns: int) -> None:
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        if bid is not None and ask is not None and (bid, ask) != self._best_shown:
            self._show((bid, ask), update_id, now_ns)

    def _take_id(self) -> int:
        self._last += 1
        return self._last

    def _show(self, best: Best, update_id: int, now_ns: int) -> None:
        self._best_shown = bid, ask = best
        grid = self._grid
        bid_shown, ask_shown = (grid.price(bid[0]), bid[1]), (grid.price(ask[0]), ask[1])
        self._emit(BestNews(now_ns, self._symbol, update_id, bid_shown, ask_shown))

    def _own_size(self, side: Side, ticks: int) -> Decimal:
        return self._grid.size(self._book.lots_at(side, ticks))

    def _sizes(self, side: Side) -> Callable[[int], Decimal]:
        """Return a function that returns the present size at a price in ticks."""
        lots_at, size_at = self._book.lots_at, self._background.size_at
        size_of, own_prices = self._grid.size, self._book.prices(side)

        def size(ticks: int) -> Decimal:
            if ticks not in own_prices:
                return size_at(side, ticks)
            return size_of(lots_at(side, ticks)) + size_at(side, ticks)

        return size

    def _levels(self, side: Side, limit: int) -> Shown:
        size = self._sizes(side)
        shown = (t for t in self._best_first(side) if size(t))
        return self._render(side, list(islice(shown, limit)))

    def _best_first(self, side: Side) -> Iterator[int]:
        """Yield all prices in ticks, best first; sorted only as far as the caller reads."""
        return _best_first(side, {*self._background.prices(side), *self._book.prices(side)})

    def _take_dirty(self, side: Side) -> Shown:
        dirty = sorted(self._dirty[side], reverse=side is Side.BUY)
        self._dirty[side].clear()
        return self._render(side, dirty)

    def _render(self, side: Side, prices: list[int]) -> Shown:
        tick, size = self._grid.tick, self._sizes(side)
        return tuple([(tick * ticks, size(ticks)) for ticks in prices])


def _best_first(side: Side, prices: Collection[int]) -> Iterator[int]:
    """Yield distinct prices in ticks, best first; only as many are sorted as the caller reads."""
    if not prices:
        return
    yield max(prices) if side is Side.BUY else min(prices)
    worse = -side.sign
    heap = [worse * ticks for ticks in prices]
    heapify(heap)
    heappop(heap)
    while heap:
        yield worse * heappop(heap)
