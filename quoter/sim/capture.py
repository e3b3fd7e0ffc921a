"""A market from a recording, into which depth, best prices and public trades are fed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

from quoter.domain.market import Side
from quoter.sim.clearing import Emit
from quoter.sim.fill_models import FillModel, QueuePosition
from quoter.sim.grid import Grid
from quoter.sim.market import Market
from quoter.sim.messages import BestNews, DepthBook, DepthNews, PrintNews
from quoter.sim.publisher import Publisher
from quoter.sim.resting import Resting, RestingBook

# First trade id of account executions: no recorded trade has such an id, and a double is exact for
# it.
OWN_TRADE_ID_FIRST = 10**14

type Levels = Sequence[tuple[Decimal, Decimal]]


class RecordedBackground:
    """The recorded book: depth, with the best prices of the stream whose update id is newer.

    Recorded sizes need not be whole lots. They are shown as recorded and traded in whole lots.
    """

    def __init__(self, lot: Decimal, fill_model: FillModel = FillModel.FRONT) -> None:
        self.depth_id = 0
        self.best_id = 0
        self._lot = lot
        self._fill_model = fill_model
        self._depth: dict[Side, dict[int, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        self._best_depth: dict[Side, int] = {}  # cache; a side is missing until it is computed
        self._best: dict[Side, tuple[int, Decimal]] = {}

    def best(self, side: Side) -> int | None:
        """Return the ticks of the newest recorded best price; None if that side is empty."""
        best = self.best_level(side)
        return None if best is None else best[0]

    def best_level(self, side: Side) -> tuple[int, Decimal] | None:
        """Return ticks and size of the newest recorded best price; None if that side is empty."""
        if self._best and self.best_id >= self.depth_id:
            return self._best[side]
        ticks = self.best_depth(side)
        return None if ticks is None else (ticks, self._depth[side][ticks])

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Return (ticks, lots), best price first, then the depth behind it; may be empty."""
        best = self.best_level(side)
        if best is None:
            return []
        depth = sorted(self._depth[side].items(), reverse=side is Side.BUY)
        behind = (level for level in depth if side.sign * (level[0] - best[0]) < 0)
        whole = ((ticks, self._lots(size)) for ticks, size in (best, *behind))
        return [(ticks, lots) for ticks, lots in whole if lots]

    def prices(self, side: Side) -> Iterable[int]:
        """Return the prices of the depth in ticks, unordered."""
        return self._depth[side]

    def size_at(self, side: Side, ticks: int) -> Decimal:
        return self._depth[side].get(ticks, Decimal(0))

    def shown_lots(self, side: Side, ticks: int) -> float:
        """Return the newest recorded size of a level, lots; it need not be whole."""
        best = self.best_level(side)
        if best is not None and side.sign * (ticks - best[0]) >= 0:
            size = best[1] if ticks == best[0] else Decimal(0)
        else:
            size = self.size_at(side, ticks)
        return float(size / self._lot)

    def queue_end(self, side: Side, ticks: int) -> QueuePosition:
        """Return the queue position of a new order: behind the size that the level shows."""
        return QueuePosition.at_the_end(self._fill_model, self.shown_lots(side, ticks))

    def best_depth(self, side: Side) -> int | None:
        """Return the best price of the depth stream in ticks; None if that side is empty."""
        best, depth = self._best_depth.get(side), self._depth[side]
        if best is None and depth:
            best = self._best_depth[side] = max(depth) if side is Side.BUY else min(depth)
        return best

    def clear(self) -> None:
        """Remove the depth; the best prices stay."""
        self._best_depth.clear()
        for depth in self._depth.values():
            depth.clear()

    def set_level(self, side: Side, ticks: int, size: Decimal) -> None:
        """Set the size of a level; zero removes it."""
        best = self._best_depth.get(side)
        if size:
            self._depth[side][ticks] = size
            if best is not None and side.sign * (ticks - best) > 0:
                self._best_depth[side] = ticks
        else:
            self._depth[side].pop(ticks, None)
            if ticks == best:
                del self._best_depth[side]

    def set_best(self, side: Side, ticks: int, size: Decimal) -> None:
        """Set a best price of the recorded best-price stream."""
        self._best[side] = (ticks, size)

    def _lots(self, size: Decimal) -> int:
        return int(size // self._lot)


class RecordedPublisher(Publisher):
    """Publisher of recorded updates; every change by an account shifts the update ids by one.

    Without account orders everything is published as recorded. Changes by accounts are published
    with the next recorded diff. They are published at the next flush instead if no best price is
    newer than the last diff; otherwise the changes of others before that price would be missing. A
    recorded id is shifted by the number of account changes before a newer recorded id was seen, so
    that a diff that arrives after a best price keeps the lower id. Recorded levels that an account
    order crosses are not shown.
    """

    def __init__(
        self, grid: Grid, book: RestingBook, background: RecordedBackground, emit: Emit
    ) -> None:
        super().__init__(grid, book, background, emit)
        self._recorded = background
        self._offset = 0
        self._offset_published = 0
        # (newest recorded id, changes by accounts until a newer one was seen), ascending
        self._passed: deque[tuple[int, int]] = deque()
        self._hidden: dict[Side, set[int]] = {Side.BUY: set(), Side.SELL: set()}

    def commit(self, now_ns: int) -> None:
        """Publish the best prices with the next id, if an account changed the book."""
        if self._is_touched:
            self._is_touched = False
            self._offset += 1
            self.publish_best(now_ns)

    def _take_id(self) -> int:
        self._offset += 1
        return self._newest + self._offset

    @property
    def _newest(self) -> int:
        return max(self._recorded.best_id, self._recorded.depth_id)

    def see(self, recorded_id: int) -> None:
        """Note that the update with this recorded id is the next to be applied."""
        newest = self._newest
        if recorded_id > newest:
            self._passed.append((newest, self._offset))

    def _offset_of(self, recorded_id: int) -> int:
        """Return the shift of a recorded id, which must not be older than the last diff."""
        if recorded_id >= self._newest:
            return self._offset
        earlier = (offset for seen, offset in reversed(self._passed) if seen <= recorded_id)
        return next(earlier, self._offset_published)

    def flush(self, now_ns: int) -> None:
        """Publish the levels that accounts changed since the last diff, if any."""
        recorded_id = self._recorded.depth_id
        is_behind = self._recorded.best_id > recorded_id
        if recorded_id == 0 or is_behind or self._offset == self._offset_published:
            return
        first = recorded_id + 1
        none: dict[Side, list[int]] = {Side.BUY: [], Side.SELL: []}
        self.publish_depth(first=first, last=recorded_id, touched=none, now_ns=now_ns)

    def snapshot(self, limit: int) -> DepthBook:
        """Return the book as of the last recorded diff, with the present orders of accounts."""
        depth_id = self._recorded.depth_id
        self._last = depth_id + self._offset_of(depth_id)
        return super().snapshot(limit)

    def publish_best(self, now_ns: int) -> None:
        """Publish the best prices if they differ from the last published ones."""
        self._publish_best(self._newest + self._offset, now_ns)

    def repeat_best(self, news: BestNews) -> None:
        """Publish a recorded best price with its own id.

        Call it only while no account has an order.
        """
        update_id = news.update_id + self._offset_of(news.update_id)
        self._emit(BestNews(news.ts_ns, news.symbol, update_id, news.bid, news.ask))
        self._best_shown = None

    def publish_depth(
        self, *, first: int, last: int, touched: dict[Side, list[int]], now_ns: int
    ) -> None:
        """Publish a recorded diff and the levels that account orders changed.

        If `first` is above `last`, there is no recorded diff.
        """
        for side in (Side.BUY, Side.SELL):
            self._dirty[side].update(touched[side])
            self._hide(side)
        offset = self._offset_of(last)
        self._emit(
            DepthNews(
                ts_ns=now_ns,
                symbol=self._symbol,
                first=first + self._offset_published,
                last=last + offset,
                bids=self._take_dirty(Side.BUY),
                asks=self._take_dirty(Side.SELL),
            )
        )
        self._offset_published = offset
        while len(self._passed) > 1 and self._passed[1][0] <= last:
            self._passed.popleft()

    def _hide(self, side: Side) -> None:
        own, best = self._book.best(side.opposite), self._recorded.best_depth(side)
        hidden: set[int] = set()
        if own is not None and best is not None and side.sign * (best - own) >= 0:
            prices = self._recorded.prices(side)
            hidden = {ticks for ticks in prices if side.sign * (ticks - own) >= 0}
        self._dirty[side] |= hidden ^ self._hidden[side]
        self._hidden[side] = hidden

    def _best_first(self, side: Side) -> Iterator[int]:
        own, best = self._book.best(side), self._recorded.best_depth(side)
        firsts = [ticks for ticks in (own, best) if ticks is not None]
        if firsts:
            # requests of best prices read no further
            yield max(firsts) if side is Side.BUY else min(firsts)
            yield from islice(super()._best_first(side), 1, None)

    def _sizes(self, side: Side) -> Callable[[int], Decimal]:
        size, own = super()._sizes(side), self._book.best(side.opposite)
        sign, best = side.sign, self._recorded.best_depth(side)
        if own is None or best is None or sign * (best - own) < 0:
            return size
        zero = Decimal(0)
        return lambda ticks: zero if sign * (ticks - own) >= 0 else size(ticks)


class Capture:
    """Feeds a recording into one market, in recorded order.

    Fills of account orders are estimates:
    * A trade beyond an order's price fills it at its own price, up to the size of the trade.
    * A recorded best price that crosses an order fills it completely.
    * A trade at the order's price fills it as the market's fill model says.
    """

    def __init__(
        self,
        market: Market,
        background: RecordedBackground,
        publisher: RecordedPublisher,
        emit: Emit,
    ) -> None:
        self._market = market
        self._background = background
        self._publisher = publisher
        self._emit = emit
        # The newest recorded best prices, in quote currency and in ticks.
        self._best_prices: dict[Side, Decimal] = {}
        self._best_ticks: dict[Side, int] = {}

    @property
    def depth_id(self) -> int:
        """The newest recorded update id of the depth."""
        return self._background.depth_id

    def load_depth(self, book: DepthBook, now_ns: int) -> None:
        """Load a recorded snapshot without publishing it; ignore one that is not newer."""
        if 0 < book.last <= self._background.depth_id:
            return
        self._publisher.see(book.last)
        self._background.clear()
        self._background.depth_id = book.last
        self._set_levels(Side.BUY, book.bids)
        self._set_levels(Side.SELL, book.asks)
        self._uncross(now_ns)

    def apply_depth(
        self, *, first: int, last: int, bids: Levels, asks: Levels, now_ns: int
    ) -> None:
        """Apply a recorded diff; ignored if the depth already includes it."""
        if last <= self._background.depth_id:
            return
        self._publisher.see(last)
        self._background.depth_id = last
        touched = {
            Side.BUY: self._set_levels(Side.BUY, bids),
            Side.SELL: self._set_levels(Side.SELL, asks),
        }
        for side, prices in touched.items():
            self._see_queues(side, prices)
        self._uncross(now_ns)
        self._publisher.publish_depth(first=first, last=last, touched=touched, now_ns=now_ns)

    def apply_best(self, news: BestNews) -> None:
        """Apply the recorded best prices of both sides."""
        grid = self._market.grid
        self._publisher.see(news.update_id)
        self._background.best_id = max(self._background.best_id, news.update_id)
        for side, (price, size) in ((Side.BUY, news.bid), (Side.SELL, news.ask)):
            if price != self._best_prices.get(side):  # most rows change sizes alone
                self._best_prices[side], self._best_ticks[side] = price, grid.ticks(price)
            best, sign = self._best_ticks[side], side.sign
            self._background.set_best(side, best, size)
            own = self._market.book.best(side)
            if own is not None and sign * (own - best) >= 0:
                prices = self._market.book.prices(side)
                self._see_queues(side, [ticks for ticks in prices if sign * (ticks - best) >= 0])
        self._uncross(news.ts_ns)
        if self._market.book.is_empty:
            self._publisher.repeat_best(news)
        else:
            self._publisher.publish_best(news.ts_ns)

    def apply_print(self, news: PrintNews) -> None:
        """Apply a recorded trade: fill account orders at its price or better, up to its size."""
        grid = self._market.grid
        ticks, left = grid.ticks(news.price), float(news.size / grid.lot)
        for resting in self._reached(news.taker, ticks):
            reaching = left
            if resting.queue is not None and resting.ticks == ticks:
                reaching = min(left, resting.queue.on_trade(left))
            filled = min(int(reaching), resting.lots)
            if filled > 0:
                self._market.fill(resting, filled, news.ts_ns, taker=None)
                left -= filled
        self._emit(news)
        self._market.commit(news.ts_ns)

    def _see_queues(self, side: Side, prices: Iterable[int]) -> None:
        """Update the queue positions of account orders at `prices` with the new recorded sizes."""
        book = self._market.book
        for ticks in prices:
            for resting in book.at(side, ticks):
                if resting.queue is not None:
                    resting.queue.on_shown(self._background.shown_lots(side, ticks))

    def _reached(self, taker: Side, ticks: int) -> list[Resting]:
        queue = self._market.book.queue(taker.opposite)
        return [resting for resting in queue if taker.sign * (resting.ticks - ticks) <= 0]

    def _uncross(self, now_ns: int) -> None:
        self._market.uncross(now_ns)
        self._market.commit(now_ns)

    def _set_levels(self, side: Side, levels: Levels) -> list[int]:
        grid = self._market.grid
        prices = []
        for price, size in levels:
            ticks = grid.ticks(price)
            self._background.set_level(side, ticks, size)
            prices.append(ticks)
        return prices
