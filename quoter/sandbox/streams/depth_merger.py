"""Merging of 100 ms depth diffs into one per second."""

from copy import replace
from decimal import Decimal

from quoter.sim.messages import DepthNews


class DepthMerger:
    """Collects the depth diffs of one symbol, and keeps the last size of each level."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._newest: DepthNews | None = None
        self._first = 0
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def add(self, news: DepthNews) -> None:
        """Add the next diff."""
        if self._newest is None:
            self._first = news.first
        self._newest = news
        self._bids |= dict(news.bids)
        self._asks |= dict(news.asks)

    def flush(self, now_ns: int) -> DepthNews | None:
        """Return all diffs since the last flush as one, or `None` if there were none."""
        if self._newest is None:
            return None
        merged = replace(
            self._newest,
            ts_ns=now_ns,
            first=self._first,
            bids=tuple(self._bids.items()),
            asks=tuple(self._asks.items()),
        )
        self._newest, self._bids, self._asks = None, {}, {}
        return merged
