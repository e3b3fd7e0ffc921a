"""A depth snapshot and the diffs around it become one gapless sequence (Binance spot's rule)."""

from collections import deque
from typing import NamedTuple

from quoter.domain.events import BookDelta, BookSnapshot
from quoter.domain.market import Levels

BUFFER_MAX = 1000  # 100 s of diffs at one per 100 ms


class DepthDiff(NamedTuple):
    """Absolute sizes of the levels that changed in updates `first`..`last`."""

    ts_ns: int
    first: int
    last: int
    bids: Levels
    asks: Levels


class DepthSync:
    """Buffers diffs until a snapshot fits, then numbers them so that `prev` always follows.

    Rule (binance-spot-api-docs, "How to manage a local order book correctly"): take a snapshot not
    older than the first buffered diff, drop diffs it already holds, and from then on each diff must
    begin at or before the next update id. A snapshot that ends exactly before the first diff
    fits too. A gap is *emitted*, with the `prev` it truly has, so that the book above sees it;
    then buffering starts again.
    """

    def __init__(self, *, buffer_max: int = BUFFER_MAX) -> None:
        self._buffer: deque[DepthDiff] = deque(maxlen=buffer_max)
        self._local: int | None = None
        self.ignored = 0  # diffs that brought nothing new
        self.gaps = 0
        self.stale_snapshots = 0

    @property
    def is_synced(self) -> bool:
        return self._local is not None

    def restart(self) -> None:
        """Forget everything: the connection is new, or the book can't be trusted."""
        self._buffer.clear()
        self._local = None

    def on_diff(self, diff: DepthDiff) -> BookDelta | None:
        """The delta to apply now, or None while buffering and for what is known already."""
        if self._local is None:
            self._keep(diff)
            return None
        if diff.last <= self._local:
            self.ignored += 1
            return None
        if diff.first > self._local + 1:
            self.gaps += 1
            self.restart()
            self._keep(diff)
            return _delta(diff, prev=diff.first - 1)
        delta = _delta(diff, prev=self._local)
        self._local = diff.last
        return delta

    def on_snapshot(self, snapshot: BookSnapshot) -> list[BookSnapshot | BookDelta] | None:
        """The snapshot and every buffered diff after it; None: it is too old, fetch another."""
        if self._buffer and snapshot.last < self._buffer[0].first - 1:
            self.stale_snapshots += 1
            return None
        buffered = list(self._buffer)
        self._buffer.clear()
        self._local = snapshot.last
        # they count as received with the snapshot: time must not run backwards in the events
        deltas = (self.on_diff(diff._replace(ts_ns=snapshot.ts_ns)) for diff in buffered)
        return [snapshot, *(delta for delta in deltas if delta is not None)]

    def _keep(self, diff: DepthDiff) -> None:
        """Buffer; a hole in the buffer makes everything before it useless."""
        if self._buffer and diff.first > self._buffer[-1].last + 1:
            self.gaps += 1
            self._buffer.clear()
        self._buffer.append(diff)


def _delta(diff: DepthDiff, *, prev: int) -> BookDelta:
    return BookDelta(ts_ns=diff.ts_ns, prev=prev, last=diff.last, bids=diff.bids, asks=diff.asks)
