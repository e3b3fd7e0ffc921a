"""Synchronisation of a depth snapshot with diffs into a gapless sequence (Binance spot's rule)."""

from collections import deque
from typing import NamedTuple

from quoter.domain.events import BookDelta, BookSnapshot
from quoter.domain.market import Level, Levels

BUFFER_MAX = 1000  # 100 s of diffs at one per 100 ms
KNOWN_DIFFS_MAX = 20  # in a row (2 s of diffs): then the snapshot is ahead of the stream
STUCK = f"{KNOWN_DIFFS_MAX} depth diffs in a row had old update ids"


class DepthDiff(NamedTuple):
    """Absolute sizes of the levels that changed in updates `first`..`last`."""

    ts_ns: int
    first: int
    last: int
    bids: Levels
    asks: Levels
    event_ms: int = 0  # the venue's clock; 0 if missing


class DepthSync:
    """Buffers diffs until a snapshot fits; then returns deltas without a gap.

    Rule (binance-spot-api-docs, "How to manage a local order book correctly"): take a snapshot that
    is not older than the first buffered diff, and drop the diffs that it contains. From then on
    each diff must begin at or before the next update id. A snapshot that ends exactly before the
    first diff fits too. A gap is returned as a delta whose `prev` does not match, so that the book
    detects it; then buffering starts again. Ids that run back on one connection are a gap too: the
    updates in between are lost, and later diffs would seem to follow.
    """

    def __init__(self, *, buffer_max: int = BUFFER_MAX) -> None:
        self._buffer: deque[DepthDiff] = deque(maxlen=buffer_max)
        self._local: int | None = None
        self._newest = -1  # last id of the newest diff since the restart
        self._recorded: deque[DepthDiff] | None = None  # diffs since `begin_book_check`
        self._buffer_max = buffer_max
        self.ignored = 0  # diffs that were known already
        self.known_in_a_row = 0  # known diffs since the last new one
        self.gaps = 0
        self.stale_snapshots = 0

    @property
    def is_synced(self) -> bool:
        """Whether a snapshot was applied and every later diff continued it."""
        return self._local is not None

    def restart(self) -> None:
        """Discard everything: the connection is new, or the book may be wrong."""
        self._buffer.clear()
        self._local = self._recorded = None
        self._newest = -1
        self.known_in_a_row = 0

    @property
    def is_stuck(self) -> bool:
        """Whether so many known diffs came in a row that the book can't be right."""
        return self.known_in_a_row >= KNOWN_DIFFS_MAX

    def on_diff(self, diff: DepthDiff) -> BookDelta | None:
        """Return the delta to apply now; None while buffering and for known diffs.

        After a gap it is a delta that fits no book, and `is_synced` is False.
        """
        if self._local is None:
            self._keep(diff)
            return None
        if diff.last < self._newest or diff.first > self._local + 1:
            return self._gap(diff)
        self._newest = diff.last
        if diff.last <= self._local:
            self.ignored += 1
            self.known_in_a_row += 1
            return None
        self.known_in_a_row = 0
        delta = _delta(diff, prev=self._local)
        self._local = diff.last
        if self._recorded is not None:
            self._recorded.append(diff)
        return delta

    def follows(self, diff: DepthDiff) -> bool | None:
        """Return True if the diff continues our state, None if it is known, else False.

        False: there is a gap before the diff, or no snapshot was applied. A diff of another
        connection may overlap with our state, because sizes are absolute.
        """
        if self._local is None or diff.first > self._local + 1:
            return False
        return True if diff.last > self._local else None

    def begin_book_check(self) -> None:
        """Record diffs from now on, to bring a later REST snapshot up to date."""
        self._recorded = deque(maxlen=self._buffer_max) if self.is_synced else None

    def finish_book_check(self, snapshot: BookSnapshot) -> BookSnapshot | None:
        """Return the present book from `snapshot` and the recorded diffs; end the recording.

        None if they don't overlap: the snapshot is older than the recording or newer than our
        stream, or the sync has restarted. The engine compares the result with its own book.
        """
        recorded, self._recorded = self._recorded, None
        local = self._local
        if recorded is None or local is None or snapshot.last > local:
            return None
        if snapshot.last < (recorded[0].first - 1 if recorded else local):
            return None
        sides = (dict(snapshot.bids), dict(snapshot.asks))
        for diff in recorded:
            if diff.last > snapshot.last:
                for side, changes in zip(sides, (diff.bids, diff.asks), strict=True):
                    side.update(changes)
        bids, asks = (
            tuple(Level(*row) for row in sorted(side.items()) if row[1] > 0) for side in sides
        )
        return BookSnapshot(ts_ns=snapshot.ts_ns, last=local, bids=bids[::-1], asks=asks)

    def on_snapshot(self, snapshot: BookSnapshot) -> list[BookSnapshot | BookDelta] | None:
        """Return the snapshot and the buffered deltas after it; None if the snapshot is too old."""
        if self._buffer and snapshot.last < self._buffer[0].first - 1:
            self.stale_snapshots += 1
            return None
        buffered = list(self._buffer)
        self.restart()
        self._local = snapshot.last
        # they get the snapshot's time, because event times must not run backwards
        deltas = [self.on_diff(diff._replace(ts_ns=snapshot.ts_ns)) for diff in buffered]
        self.known_in_a_row = 0
        return [snapshot, *(delta for delta in deltas if delta is not None)]

    def _gap(self, diff: DepthDiff) -> BookDelta:
        """Restart with this diff, and return it as a delta that fits no book.

        Its last id is above ours: a book treats a delta with a lower id as a repetition.
        """
        last = max(diff.last, (self._local or 0) + 1)
        self.gaps += 1
        self.restart()
        self._keep(diff)
        return _delta(diff._replace(last=last), prev=diff.first - 1)

    def _keep(self, diff: DepthDiff) -> None:
        """Buffer a diff; a gap, or ids that run back, discard everything before it."""
        if self._buffer and (diff.first > self._newest + 1 or diff.last < self._newest):
            self.gaps += 1
            self._buffer.clear()
        self._newest = diff.last
        self._buffer.append(diff)


def _delta(diff: DepthDiff, *, prev: int) -> BookDelta:
    return BookDelta(ts_ns=diff.ts_ns, prev=prev, last=diff.last, bids=diff.bids, asks=diff.asks)
