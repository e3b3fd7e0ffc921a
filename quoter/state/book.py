"""The order book as we know it, and whether it may be trusted.

One sequence rule for every venue: a delta's `prev` must be our `last`. Anything else, and a crossed
book, makes it DESYNC: nothing is served until the next snapshot.
"""

from bisect import bisect_left, insort
from math import inf
from typing import Protocol

from quoter.domain.events import BookDelta, BookSnapshot, TopOfBook
from quoter.domain.market import Level

LEVELS_MAX = 5_000  # a side never grows beyond this; the farthest levels go first
DUST = 1e-12  # relative size below which a level is entirely ours
PRICE_MAX = 1e15  # no market trades above; two such prices still add up to a finite number


class Sizes(Protocol):
    """Sizes by price: a dict, or anything that answers like one."""

    def __len__(self) -> int: ...

    def get(self, price: float, default: float, /) -> float: ...


class HalfBook:
    """One side: sizes by price, and the prices sorted so that the best is last.

    `sign` is +1 for bids and -1 for asks; keys are sign * price, so that one code serves both and
    changes near the touch move few list items.
    """

    __slots__ = ("_keys", "_sign", "_sizes")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self._sizes: dict[float, float] = {}

    def load(self, levels: tuple[Level, ...]) -> str | None:
        """Start again with these levels; the one that no market can have, or None."""
        self._sizes, self._keys = {}, []
        for level in levels:
            if not _is_sane(*level):
                return f"{level} is out of domain"
        sign = self._sign
        self._sizes = {sign * price: size for price, size in levels if size > 0}
        self._keys = sorted(self._sizes)
        self._trim()
        return None

    def apply(self, levels: tuple[Level, ...]) -> str | None:
        """Change these levels; the one that no market can have, or None."""
        sign, sizes, keys = self._sign, self._sizes, self._keys
        for price, size in levels:
            if not _is_sane(price, size):
                return f"{Level(price, size)} is out of domain"
            key = sign * price
            if size > 0:
                if key not in sizes:
                    insort(keys, key)
                sizes[key] = size
            elif key in sizes:
                del sizes[key]
                del keys[bisect_left(keys, key)]
        if len(keys) > LEVELS_MAX:
            self._trim()
        return None

    def _trim(self) -> None:
        excess = len(self._keys) - LEVELS_MAX
        if excess > 0:
            for key in self._keys[:excess]:
                del self._sizes[key]
            del self._keys[:excess]

    def best(self, own: Sizes) -> Level | None:
        """The best level that is not entirely ours; `own` holds our sizes by price."""
        sign, sizes = self._sign, self._sizes
        for key in reversed(self._keys):
            price, size = sign * key, sizes[key]
            foreign = size - own.get(price, 0.0) if own else size
            if foreign > size * DUST:
                return Level(price, foreign)
        return None

    def best_price(self) -> float | None:
        return self._sign * self._keys[-1] if self._keys else None

    def levels(self, depth: int, own: Sizes) -> tuple[Level, ...]:
        """The best `depth` levels without our own sizes, best first."""
        found: list[Level] = []
        for key in reversed(self._keys):
            price, size = self._sign * key, self._sizes[key]
            foreign = size - own.get(price, 0.0)
            if foreign > size * DUST:
                found.append(Level(price, foreign))
                if len(found) == depth:
                    break
        return tuple(found)


class Book:
    """Both sides, the sequence number they are at, and a fresher best price where there is one."""

    __slots__ = ("_top", "asks", "bids", "duplicates", "last", "ready", "ts_ns")

    def __init__(self) -> None:
        self.bids, self.asks = HalfBook(1), HalfBook(-1)
        self.last = 0
        self.ts_ns = 0
        self.ready = False
        self.duplicates = 0
        self._top: TopOfBook | None = None

    def load(self, snapshot: BookSnapshot) -> str | None:
        """Start again from a snapshot; the fault that makes it useless, or None."""
        fault = self.bids.load(snapshot.bids) or self.asks.load(snapshot.asks)
        self.last, self.ts_ns = snapshot.last, snapshot.ts_ns
        self._top = None
        return self._judge(fault)

    def apply(self, delta: BookDelta) -> str | None:
        """Apply changes in sequence; the fault that desyncs the book, or None.

        A delta that ends at or before our number is a duplicate: ignored and counted.
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
        self.last, self.ts_ns = delta.last, delta.ts_ns
        return self._judge(fault)

    def see_top(self, top: TopOfBook) -> bool:
        """Keep a best price that is fresher than the depth; False if no market can look so."""
        if not 0 < top.bid.price < top.ask.price <= PRICE_MAX:
            return False
        if self.ready and top.update_id >= self.last:
            self._top = top
            self.ts_ns = top.ts_ns
        return True

    def best(self, own_bids: Sizes, own_asks: Sizes) -> tuple[Level, Level] | None:
        """Best bid and ask without our own orders, or None while the book can't be trusted."""
        if not self.ready:
            return None
        top = self._top
        if top is not None and top.update_id >= self.last:
            bid = self._fresher(top.bid, own_bids, self.bids, below=top.ask.price)
            ask = self._fresher(top.ask, own_asks, self.asks, above=top.bid.price)
        else:
            bid, ask = self.bids.best(own_bids), self.asks.best(own_asks)
        if bid is None or ask is None or not bid.price < ask.price:
            return None
        return bid, ask

    @staticmethod
    def _fresher(
        level: Level,
        own: Sizes,
        side: HalfBook,
        *,
        below: float = float("inf"),
        above: float = 0.0,
    ) -> Level | None:
        """The ticker's level unless it is all ours; else the depth's best that can still hold."""
        mine = own.get(level.price, 0.0) if own else 0.0
        if level.size - mine > level.size * DUST:
            return Level(level.price, level.size - mine)
        found = side.best(own)
        return found if found is not None and above < found.price < below else None

    def lose(self) -> None:
        """The feed is gone: nothing here is true any more."""
        self.ready = False
        self._top = None

    def _judge(self, fault: str | None) -> str | None:
        if fault is not None:
            self.ready = False
            return fault
        bid, ask = self.bids.best_price(), self.asks.best_price()
        if bid is None or ask is None:
            self.ready = False
            return "one side is empty"
        if bid >= ask:
            self.ready = False
            return f"crossed: bid {bid} >= ask {ask}"
        self.ready = True
        return None


def _is_sane(price: float, size: float) -> bool:
    """False for NaN too: one of them among sorted prices and every best price is wrong."""
    return 0.0 < price <= PRICE_MAX and 0.0 <= size < inf
