"""Rows of damaged tapes: left out and counted, or the tape is refused in one line."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from quoter.tapes.messages import Best, Depth, Line, Message, Print, Snapshot, TapeError
from quoter.tapes.reading import RowAccount
from quoter.tapes.row_checks import LATE_NS, LEFT_OUT_MAX, SILENCE_NS, prepared

D = Decimal
START_NS = 1_700_000_000 * 10**9
S = 10**9


def trade(number: int, price: str = "100", size: str = "1") -> Print:
    return Print(trade_id=number, price=D(price), size=D(size), is_buyer_maker=True)


def best(number: int) -> Best:
    return Best(update_id=number, bid=D(99), bid_size=D(1), ask=D(101), ask_size=D(1))


def played(
    rows: Iterable[tuple[float, Message]], tick: Decimal | None = None
) -> tuple[list[Line], RowAccount]:
    """Return the usable rows of rows at seconds after the start, and the account."""
    account = RowAccount()
    lines = ((START_NS + round(at_s * S), row) for at_s, row in rows)
    return list(prepared(lines, account, tick=tick)), account


def seconds(lines: Iterable[Line]) -> list[float]:
    return [(ts_ns - START_NS) / S for ts_ns, _ in lines]


@pytest.mark.parametrize(
    "row",
    [
        trade(1, price="NaN"),
        trade(1, price="-1"),
        trade(1, size="Infinity"),
        trade(1, price="0", size="NaN"),
        Depth(first=1, last=1, bids=((D(0), D(1)),), asks=()),
        Depth(first=1, last=1, bids=(), asks=((D(1), D(-1)),)),
        Snapshot(last=1, bids=((D("sNaN"), D(1)),), asks=()),
        Best(update_id=1, bid=D("Infinity"), bid_size=D(1), ask=D(1), ask_size=D(1)),
    ],
)
def test_numbers_out_of_domain_are_left_out_and_named(row: Message) -> None:
    lines, account = played([(0, row), (1, trade(2))])
    assert seconds(lines) == [1.0]
    assert account.left_out == {"unreadable": 1}
    assert "out of domain" in account.first_bad[0]
    assert "2023-11-14T22:13:20" in account.first_bad[0]


def test_row_off_the_grid_is_left_out_and_many_are_refused() -> None:
    off = trade(0, price="100.007")
    lines, account = played([(0, off), (1, trade(2))], D("0.01"))
    assert seconds(lines) == [1.0]
    assert any("price 100.007, tick 0.01" in text for text in account.notes(gaps=0))
    with pytest.raises(TapeError, match=r"multiples of the tick 0\.01.*--filters"):
        played([(0, off)] * (LEFT_OUT_MAX + 1), D("0.01"))


def test_trade_that_the_tape_has_twice_counts_once() -> None:
    """As where two files overlap; a venue that numbers anew has other trades of the same id."""
    lines, account = played(
        [(0, trade(7)), (1, trade(7)), (2, trade(7, price="101")), (3, trade(0)), (4, trade(0))]
    )
    assert seconds(lines) == [0.0, 2.0, 3.0, 4.0]
    assert account.left_out == {"trade repeated": 1}


def test_best_price_that_is_older_than_the_one_before_is_left_out() -> None:
    lines, account = played([(0, best(5)), (1, best(4)), (2, best(5)), (3, best(6))])
    assert seconds(lines) == [0.0, 2.0, 3.0]
    assert account.left_out == {"best price older than the one before": 1}


@pytest.mark.parametrize("wrong_s", [-3_600.0, 7_200.0, 8e9])
def test_row_whose_time_can_not_be_right_is_left_out(wrong_s: float) -> None:
    lines, account = played([(0, trade(1)), (wrong_s, trade(2)), (1, trade(3)), (2, trade(4))])
    assert seconds(lines) == [0.0, 1.0, 2.0]
    assert account.left_out == {"out of the order of time": 1}
    assert account.rows == {"print": 3}


def test_files_in_the_wrong_order_are_refused() -> None:
    later, earlier = range(7_200, 7_300), range(LEFT_OUT_MAX + 1)
    rows = [(at, trade(at)) for at in (*later, *earlier)]
    with pytest.raises(TapeError, match="give the files in the order of time"):
        played(rows)


def test_rows_that_are_a_little_late_are_played_and_counted() -> None:
    late_s = LATE_NS / S
    lines, account = played([(0, trade(1)), (late_s, trade(2)), (0, trade(3)), (59.5, trade(4))])
    assert len(lines) == 4
    assert list(account.notes(gaps=0))[-1] == (
        "2 rows are up to 60.000 s earlier than one before them, and played at the time of that one"
    )


def test_a_long_silence_is_named_and_a_very_long_one_is_refused() -> None:
    day_s = 86_400
    lines, account = played([(0, trade(1)), (day_s, trade(2)), (day_s + 1, trade(3))])
    assert len(lines) == 3
    assert "the longest time without a row is 24.0 h" in account.notes(gaps=0)
    with pytest.raises(TapeError, match="no row between 2023-11-14T22:13:20"):
        played([(0, trade(1)), (SILENCE_NS / S + 1, trade(2))])
