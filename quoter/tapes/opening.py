"""The beginning of a tape: its first book, and the rows after it."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from quoter.sim.messages import DepthBook
from quoter.tapes.messages import Depth, Line, Snapshot, TapeError

OPENING_LINES_MAX = 100_000  # maximum number of lines that are searched for the first snapshot


class Opening(NamedTuple):
    """First time of a tape (ns), the book at that time, and the rows after it."""

    ts_ns: int
    book: DepthBook
    has_snapshot: bool
    lines: Iterator[Line]


def open_tape(lines: Iterator[Line]) -> Opening:
    """Return the opening of a tape.

    Changes before the first snapshot that are newer than it are played after it, at its time.
    Without a snapshot in the first OPENING_LINES_MAX lines, the book starts empty and is built from
    changes. Raises TapeError if these lines have neither.
    """
    before: list[Line] = []
    for ts_ns, row in lines:
        if isinstance(row, Snapshot):
            newer = [
                (ts_ns, early)
                for _, early in before
                if isinstance(early, Depth) and early.last > row.last
            ]
            book = DepthBook(last=row.last, bids=row.bids, asks=row.asks)
            return Opening(ts_ns, book, True, chain(newer, lines))
        before.append((ts_ns, row))
        if len(before) >= OPENING_LINES_MAX:
            break
    for number, (ts_ns, row) in enumerate(before):
        if isinstance(row, Depth):
            book = DepthBook(last=row.first - 1, bids=(), asks=())
            return Opening(ts_ns, book, False, chain(before[number:], lines))
    raise TapeError("the tape has neither a depth snapshot nor a change of the depth")
