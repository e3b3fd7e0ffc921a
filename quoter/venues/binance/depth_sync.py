"""A depth snapshot and the diffs around it become one gapless sequence (Binance spot's rule)."""

from collections import deque
from typing import NamedTuple

from quoter.domain.events import BookDelta, BookSnapshot
from quoter.domain.market import Level, Levels

BUFFER_MAX = 1000  # 100 s of diffs at one per 100 ms


class DepthDiff(NamedTuple):
    """Absolute sizes of the levels that changed in updates `first`..`last`."""

    ts_ns: int
    first: int
    last: int
    bids: Levels
    asks: Levels
    event_ms: int = 0  # the venue's clock; 0 if it did not say


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
        self._watched: deque[DepthDiff] | None = None  # what came since `watch`
        self._buffer_max = buffer_max
        self.ignored = 0  # diffs that brought nothing new
        self.gaps = 0
        self.stale_snapshots = 0

    @property
    def is_synced(self) -> bool:
        return self._local is not None

    def restart(self) -> None:
        """Forget everything: the connection is new, or the book can't be trusted."""
        self._buffer.clear()
        self._local = self._watched = None

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
        if self._watched is not None:
            self._watched.append(diff)
        return delta

    def follows(self, diff: DepthDiff) -> bool | None:
        """Does it continue what we have? None: it brings nothing new. False: something is missing.

        Another connection's diff may overlap with ours: sizes are absolute.
        """
        if self._local is None or diff.first > self._local + 1:
            return False
        return True if diff.last > self._local else None

    def watch(self) -> None:
        """Keep the diffs from here on, so that a snapshot taken later can be brought up to date."""
        self._watched = deque(maxlen=self._buffer_max) if self.is_synced else None

    def audit(self, snapshot: BookSnapshot) -> BookSnapshot | None:
        """The book of right now as `snapshot` and the diffs since `watch` make it; ends the watch.

        None if they do not meet: the snapshot is from before the watch or ahead of our stream, or
        the sync began anew meanwhile. It is for whoever holds the book to compare.
        """
        watched, self._watched = self._watched, None
        local = self._local
        if watched is None or local is None or snapshot.last > local:
            return None
        if snapshot.last < (watched[0].first - 1 if watched else local):
            return None
        sides = (dict(snapshot.bids), dict(snapshot.asks))
        for diff in watched:
            if diff.last > snapshot.last:
                for side, changes in zip(sides, (diff.bids, diff.asks), strict=True):
                    side.update(changes)
        bids, asks = (
            tuple(Level(*row) for row in sorted(side.items()) if row[1] > 0) for side in sides
        )
        return BookSnapshot(ts_ns=snapshot.ts_ns, last=local, bids=bids[::-1], asks=asks)

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
