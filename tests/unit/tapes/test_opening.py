"""The book that a tape starts from."""

from decimal import Decimal

import pytest

from quoter.tapes.messages import Depth, Line, Print, Snapshot, TapeError
from quoter.tapes.opening import open_tape

D = Decimal
LEVELS = ((D(1), D(2)),)


def depth(first: int, last: int) -> Depth:
    return Depth(first=first, last=last, bids=LEVELS, asks=())


def test_changes_before_the_snapshot_follow_it_if_they_are_newer() -> None:
    old, newer, later = depth(1, 5), depth(6, 9), depth(10, 11)
    lines: list[Line] = [
        (1, old),
        (2, newer),
        (3, Snapshot(last=7, bids=LEVELS, asks=())),
        (4, later),
    ]
    opening = open_tape(iter(lines))
    assert (opening.ts_ns, opening.book.last, opening.book.bids) == (3, 7, LEVELS)
    assert opening.has_snapshot
    assert list(opening.lines) == [(3, newer), (4, later)]


def test_without_a_snapshot_the_book_begins_empty_at_the_first_change() -> None:
    trade = Print(trade_id=1, price=D(1), size=D(1), is_buyer_maker=True)
    lines: list[Line] = [(1, trade), (2, depth(6, 9)), (3, depth(10, 11))]
    opening = open_tape(iter(lines))
    assert (opening.ts_ns, opening.book.last, opening.book.bids) == (2, 5, ())
    assert not opening.has_snapshot
    assert list(opening.lines) == lines[1:]


def test_tape_without_depth_is_refused() -> None:
    with pytest.raises(TapeError, match="neither a depth snapshot nor a change"):
        open_tape(iter(()))
