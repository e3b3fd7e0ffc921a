"""The order book, and whether it may be trusted.

All venues have one sequence rule: the `prev` of a delta must equal our `last`. A delta that breaks
it, a crossed book, and a book that differs from other data of the same update (best prices, a
snapshot) make the book unusable until the next snapshot.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from math import inf
from typing import Protocol

from quoter.domain.events import BookDelta, BookSnapshot, TopOfBook
from quoter.domain.market import Level, Levels, Side

LEVELS_MAX = 5_000  # maximum per side; the farthest levels are removed first, several at once
LEVELS_KEPT = 4_500
NEAR_MIN, NEAR, NEAR_MAX = 50, 150, 300  # levels of a side that are kept sorted
TICKERS_MAX = 1_000  # best prices newer than the depth; about ten seconds of a busy market
AUDITED = 5  # best levels of a side that must equal those of a snapshot of the same update
DUST = 1e-12  # relative size below which a level is entirely ours
SIZE_MAX = 1e18  # a larger size in a level is invalid
PRICE_MAX = 1e15  # a higher price is invalid; two such prices still add up to a finite number

type Touch = tuple[Level, Level]  # best bid and ask


class Sizes(Protocol):
    """Sizes by price: a dict, or an object that behaves like one."""

    def __len__(self) -> int: ...

    def get(self, price: float, default: float, /) -> float: ...


class HalfBook:
    """One side: all sizes by price, and a sorted list of the prices near the touch.

    Most changes are far from the touch, where no sorting is needed. sign: +1 for bids, -1 for asks.
    near: keys sign * price in rising order, the best one last, so that both sides share the code.
    """

    __slots__ = ("_edge", "_sign", "_sizes", "near")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._sizes: dict[float, float] = {}
        self.near: list[float] = []  # keys of the best levels, the best one last
        self._edge = -inf  # every key of `_sizes` from here on is in `near`

    def load(self, levels: Levels) -> str | None:
        """Replace all levels. Return the first invalid level as text, or None."""
        self._sizes.clear()
        self.near, self._edge = [], inf  # `near` stays empty until all levels are loaded
        return self.apply(levels)

    def apply(self, levels: Levels) -> str | None:
        """Set the sizes of these levels. Return the first invalid level as text, or None."""
        sign, sizes, near, edge = self._sign, self._sizes, self.near, self._edge
        for price, size in levels:
            if 0.0 < size <= SIZE_MAX:
                if price not in sizes:
                    if not 0.0 < price <= PRICE_MAX:  # one NaN would break the sorting
                        return f"{Level(price, size)} is out of domain"
                    if (key := sign * price) >= edge:
                        insort(near, key)
                sizes[price] = size
            elif size == 0.0:
                if sizes.pop(price, 0.0) and (key := sign * price) >= edge:
                    del near[bisect_left(near, key)]
            else:
                return f"{Level(price, size)} is out of domain"
        is_short = len(near) < NEAR_MIN and len(near) < len(sizes)
        if is_short or len(near) > NEAR_MAX or len(sizes) > LEVELS_MAX:
            self._arrange()
        return None

    def _arrange(self) -> None:
        """Sort the best levels into `near`; remove the farthest levels if there are too many."""
        keys = self._keys()
        if len(keys) > LEVELS_MAX:
            for key in keys[:-LEVELS_KEPT]:
                del self._sizes[self._sign * key]
        self.near = keys[-NEAR:]
        self._edge = self.near[0] if len(keys) > NEAR else -inf

    def _keys(self) -> list[float]:
        sign = self._sign
        return sorted([sign * price for price in self._sizes])

    def size(self, price: float) -> float:
        """Size at a price, 0 if there is none."""
        return self._sizes.get(price, 0.0)

    def covers(self, price: float) -> bool:
        """Whether a price is at or better than the farthest level; False on an empty side."""
        return any(self._sign * price >= key for key in self._keys()[:1])

    def is_at_best(self, levels: Levels) -> bool:
        """Whether one of these changed levels is the best one, or was better and is gone."""
        return any(self._sign * price >= self.near[-1] for price, _ in levels if self.near)

    def best(self, own: Sizes) -> Level | None:
        """The best near level with size of others, without our part of it; None if there is none.

        own: our sizes by price.
        """
        return self._first(self.near, own)

    def best_from(self, price: float, own: Sizes) -> Level | None:
        """The best near level of others at `price` or worse, or None; `own`: our sizes by price."""
        return self._first(self.near[: bisect_right(self.near, self._sign * price)], own)

    def _first(self, near: list[float], own: Sizes) -> Level | None:
        sign, sizes = self._sign, self._sizes
        for key in reversed(near):
            size = sizes[price := sign * key]
            foreign = size - own.get(price, 0.0)
            if foreign > size * DUST:
                return Level(price, foreign)
        return None

    def levels(self, depth: int, own: Sizes) -> tuple[Level, ...]:
        """The best `depth` levels without our own sizes, best first."""
        found: list[Level] = []
        is_near = depth + len(own) <= len(self.near)
        for key in reversed(self.near if is_near else self._keys()):
            size = self._sizes[price := self._sign * key]
            foreign = size - own.get(price, 0.0)
            if foreign > size * DUST:
                found.append(Level(price, foreign))
                if len(found) == depth:
                    break
        return tuple(found)


class Book:
    """Both sides with their sequence number, and newer best prices if there are any."""

    __slots__ = (
        "_published", "_tops", "asks", "bids", "duplicates", "last", "ready", "ts_ns", "updates",
    )  # fmt: skip

    def __init__(self) -> None:
        self.bids, self.asks = HalfBook(1), HalfBook(-1)
        self.last = 0
        self.ts_ns = 0
        self.ready = False
        self.duplicates = 0
        self.updates = 0  # accepted so far, also snapshots that equal the book
        # oldest first; removed once the depth is beyond their update
        self._tops: deque[TopOfBook] = deque(maxlen=TICKERS_MAX)
        self._published: Touch | None = None  # result of `published`; None: compute it anew

    def side(self, side: Side) -> HalfBook:
        """The half of the book in which an order of this side rests."""
        return self.bids if side is Side.BUY else self.asks

    @property
    def seq(self) -> int:
        """The newest update id of the depth and of the best prices."""
        return max(self.last, self._tops[-1].update_id) if self._tops else self.last

    def load(self, snapshot: BookSnapshot) -> str | None:
        """Replace the book by a snapshot. Return the fault that makes it unusable, or None.

        A snapshot with the book's own sequence number is only compared: it must equal the book.
        """
        if self.ready and snapshot.last == self.last:
            return self._audit(snapshot)
        fault = self.bids.load(snapshot.bids) or self.asks.load(snapshot.asks)
        self._published = None
        self.last, self.ts_ns = snapshot.last, snapshot.ts_ns
        self.updates += 1
        self._tops.clear()
        return self._judge(fault)

    def apply(self, delta: BookDelta) -> str | None:
        """Apply changes in sequence. Return the fault that makes the book unusable, or None.

        A delta that ends at or before our sequence number is a duplicate: it is counted and
        ignored. While the book is unusable, every delta is ignored.
        """
        if not self.ready:
            return None
        if delta.last <= self.last:
            self.duplicates += 1
            return None
        if delta.prev != self.last:
            self.ready = False
            return f"gap: expected {self.last}, received {delta.prev}"
        fault = self.bids.apply(delta.bids) or self.asks.apply(delta.asks)
        self._published = None
        self.last, self.ts_ns = delta.last, delta.ts_ns
        self.updates += 1
        return self._judge(fault)

    def is_at_touch(self, delta: BookDelta) -> bool:
        """Whether a delta that was applied changed the best level of the depth, on either side."""
        return self.bids.is_at_best(delta.bids) or self.asks.is_at_best(delta.asks)

    def apply_top(self, top: TopOfBook) -> str | None:
        """Store best prices that are not older than the depth. Return the fault found, or None."""
        if not 0 < top.bid.price < top.ask.price <= PRICE_MAX:
            self.invalidate()
            return f"impossible ticker: bid {top.bid.price}, ask {top.ask.price}"
        held = self._tops[-1] if self._tops else None
        is_newest = held is None or top.update_id >= held.update_id
        if self.ready and is_newest and top.update_id >= self.last:
            self._published = None
            if held is not None and top.update_id == held.update_id:
                self._tops[-1] = top  # a repetition is not counted as an update
            else:
                self._tops.append(top)
                self.ts_ns = top.ts_ns
                self.updates += 1
            if top.update_id == self.last:
                return self._compare(top)
        return None

    def published(self) -> Touch | None:
        """Best bid and ask as published, our own orders included.

        None while the book is unusable, and while a side has no level near the touch.
        """
        if self._published is None and self.ready:
            self._published = _uncrossed(self._best_bid({}), self._best_ask({}))
        return self._published if self.ready else None

    def best(self, own_bids: Sizes, own_asks: Sizes) -> Touch | None:
        """Best bid and ask without our own orders.

        None while the book is unusable, and while a side has no level of others near the touch.
        """
        published = self.published()
        if published is None:
            return None
        bid, ask = published
        is_bid_ours, is_ask_ours = own_bids.get(bid.price, 0.0), own_asks.get(ask.price, 0.0)
        if not is_bid_ours and not is_ask_ours:
            return published
        return _uncrossed(
            self._best_bid(own_bids) if is_bid_ours else bid,
            self._best_ask(own_asks) if is_ask_ours else ask,
        )

    def _best_bid(self, own: Sizes) -> Level | None:
        top = self._newest_top()
        return self.bids.best(own) if top is None else _fresher(top.bid, own, self.bids)

    def _best_ask(self, own: Sizes) -> Level | None:
        top = self._newest_top()
        return self.asks.best(own) if top is None else _fresher(top.ask, own, self.asks)

    def _newest_top(self) -> TopOfBook | None:
        """The newest ticker, None if the depth is newer."""
        top = self._tops[-1] if self._tops else None
        return top if top is not None and top.update_id >= self.last else None

    def invalidate(self) -> None:
        """Mark the book unusable until the next snapshot."""
        self.ready = False
        self._tops.clear()

    def _judge(self, fault: str | None) -> str | None:
        if fault is not None:
            self.ready = False
            return fault
        bids, asks = self.bids.near, self.asks.near
        if not bids or not asks:
            self.ready = False
            return "one side is empty"
        if bids[-1] >= -asks[-1]:
            self.ready = False
            return f"crossed: bid {bids[-1]} >= ask {-asks[-1]}"
        self.ready = True
        tops = self._tops
        while tops and tops[0].update_id < self.last:
            tops.popleft()
        return self._compare(tops[0]) if tops and tops[0].update_id == self.last else None

    def _compare(self, top: TopOfBook) -> str | None:
        """Compare the depth with the ticker of the same update; return the difference, or None.

        Best prices and sizes must be equal. A difference makes the book unusable.
        """
        bid, ask = self.bids.near[-1], -self.asks.near[-1]
        ours = (Level(bid, self.bids.size(bid)), Level(ask, self.asks.size(ask)))
        if ours == (top.bid, top.ask):
            return None
        self.invalidate()
        return f"depth has {_pair(*ours)} at {self.last}, the ticker {_pair(top.bid, top.ask)}"

    def _audit(self, snapshot: BookSnapshot) -> str | None:
        ours = (self.bids.levels(AUDITED, {}), self.asks.levels(AUDITED, {}))
        theirs = tuple(
            tuple(Level(*row) for row in sorted(side, key=lambda row: -sign * row[0])[:AUDITED])
            for side, sign in ((snapshot.bids, 1), (snapshot.asks, -1))
        )
        if ours == theirs:
            self.ts_ns = snapshot.ts_ns
            self.updates += 1
            return None
        self.invalidate()
        return f"levels at {self.last} are {ours}, by the snapshot {theirs}"


def _uncrossed(bid: Level | None, ask: Level | None) -> Touch | None:
    """Return both levels, None if one is missing or they cross."""
    return None if bid is None or ask is None or not bid.price < ask.price else (bid, ask)


def _fresher(level: Level, own: Sizes, side: HalfBook) -> Level | None:
    """Return the ticker's level without our size; the best depth behind it if it is all ours.

    A depth level better than the ticker's is outdated and is not used.
    """
    mine = own.get(level.price, 0.0)
    if level.size - mine > level.size * DUST:
        return level._replace(size=level.size - mine) if mine else level
    return side.best_from(level.price, own)


def _pair(bid: Level, ask: Level) -> str:
    return f"{bid.size} @ {bid.price} / {ask.size} @ {ask.price}"
