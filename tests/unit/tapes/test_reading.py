"""Rows that a backtest can use, and the account of the others."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.tapes import reading
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.messages import Depth, Line, Print, TapeError
from quoter.tapes.reading import ReadProgress, RowAccount
from quoter.tapes.row_checks import prepared
from tests.unit.tapes.archives import gzipped, zipped

D = Decimal


def trade(kind: str | None, price: str = "1") -> Print:
    return Print(trade_id=1, price=D(price), size=D(1), is_buyer_maker=True, kind=kind)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (trade("INSURANCE_FUND"), "print: INSURANCE_FUND"),
        (trade("NA", "0"), "print: NA"),
        (trade(None, "0"), "print: price zero"),
    ],
)
def test_prints_that_are_no_trades_in_the_book_are_left_out(row: Print, reason: str) -> None:
    account = RowAccount()
    assert list(prepared([(1, row)], account)) == []
    assert account.left_out == {reason: 1}
    assert account.rows == {"print": 1}


def test_file_that_was_closed_meanwhile_ends_without_an_error(tmp_path: Path) -> None:
    """As the collector of unused objects may close it, when the rest of a tape is not read."""
    path = tmp_path / "tape"
    path.write_bytes(b"one\ntwo\n")
    with ReadProgress(()).unpacked(path) as file:
        assert file.readline() == b"one\n"
        file.close()


def test_changes_of_futures_begin_after_the_one_before() -> None:
    """Binance's futures: `pu` is the last id of the change before, `U` may be later."""
    lines: list[Line] = [
        (1, Depth(first=90, last=95, bids=(), asks=(), prev=80)),
        (2, trade("MARKET")),
    ]
    account = RowAccount()
    (_, change), _ = prepared(lines, account)
    assert isinstance(change, Depth)
    assert (change.first, change.last) == (81, 95)
    assert account.is_futures


def test_a_spot_tape_is_no_futures_tape() -> None:
    account = RowAccount()
    rows: list[Line] = [(1, Depth(first=1, last=2, bids=(), asks=())), (2, trade(None))]
    assert list(prepared(rows, account)) == rows
    assert not account.is_futures
    assert not account.has_snapshot


GOOD = b'1 {"lastUpdateId": 7, "bids": [["1.2", "3"]], "asks": []}\n'


def test_a_line_that_can_not_be_read_is_named_and_the_others_are_yielded(tmp_path: Path) -> None:
    path = tmp_path / "tape.gz"
    path.write_bytes(gzip.compress(GOOD + b"hello world\n" + GOOD))
    account, progress = RowAccount(), ReadProgress((path,))
    lines = list(read_lines((path,), on_bad=account.add_bad, progress=progress))
    assert len(lines) == 2
    assert account.left_out == {"unreadable": 1}
    assert "tape.gz: line 2" in account.first_bad[0]
    assert progress.done == progress.total == path.stat().st_size


def test_only_the_first_bad_lines_are_named() -> None:
    account = RowAccount()
    for number in range(20):
        account.add_bad(str(number))
    assert account.left_out["unreadable"] == 20
    assert account.first_bad == list("01234")


def test_a_line_that_is_too_long_ends_the_tape_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LINE_MAX", 1_000)
    for path in (tmp_path / "tape.gz", tmp_path / "tape.zip"):
        text = "x" * 5_000_000
        path = gzipped(path, text) if path.suffix == ".gz" else zipped(path, text)
        with pytest.raises(TapeError, match="longer than 1000 bytes"):
            list(read_lines((path,)))


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "tape.zip", GOOD.decode(), names=("a", "b"))
    with pytest.raises(TapeError, match="2 files instead of one"):
        list(read_lines((path,)))


def test_a_zip_is_read_as_its_content(tmp_path: Path) -> None:
    path = zipped(tmp_path / "tape.zip", GOOD.decode() * 2)
    progress = ReadProgress((path,))
    assert len(list(read_lines((path,), progress=progress))) == 2
    assert 0 < progress.done <= progress.total
