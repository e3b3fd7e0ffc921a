"""Event arrays of hftbacktest, written by numpy as its users do."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from quoter.tapes import hftbacktest
from quoter.tapes.formats import tape_market, tape_symbol
from quoter.tapes.messages import Depth, Print, Snapshot, TapeError
from tests.unit.tapes.archives import rows

D = Decimal
EXCHANGE, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
BOTH = EXCHANGE | LOCAL
DTYPE = np.dtype(hftbacktest.FIELDS, align=True)
BEGIN = (
    (3 | BOTH | BUY, 1, 10, 0.0, 0.0),
    (4 | BOTH | BUY, 1, 10, 100.1, 5.0),
    (4 | BOTH | BUY, 1, 10, 100.0, 7.0),
    (4 | BOTH | SELL, 1, 10, 100.2, 6.0),
)
CHANGES = (
    (2 | BOTH | SELL, 15, 20, 100.1, 2.0),
    (1 | BOTH | BUY, 15, 20, 100.1, 3.0),
    (1 | EXCHANGE | BUY, 16, 21, 100.1, 9.0),  # the receiver did not see it
    (1 | BOTH | SELL, 25, 30, 100.2, 0.0),
    (1 | BOTH | SELL, 25, 30, 100.3, 1.5),
)

type Events = tuple[tuple[int, int, int, float, float], ...]


def saved(folder: Path, events: Events) -> tuple[Path]:
    path = folder / "btcusdt_20240808.npz"
    array = np.array([(*event, 0, 0, 0.0) for event in events], DTYPE)
    np.savez_compressed(path, data=array)
    return (path,)


def test_events_of_one_time_and_kind_are_one_message(tmp_path: Path) -> None:
    paths = saved(tmp_path, BEGIN + CHANGES)
    lines = rows(paths, "BTCUSDT", [])
    assert [ts_ns for ts_ns, _ in lines] == [10, 20, 20, 30]
    snapshot, sale, change, later = (row for _, row in lines)
    assert snapshot == Snapshot(
        last=1,
        bids=((D("100.1"), D("5.0")), (D("100.0"), D("7.0"))),
        asks=((D("100.2"), D("6.0")),),
    )
    assert sale == Print(trade_id=0, price=D("100.1"), size=D(2), is_buyer_maker=True)
    assert change == Depth(first=2, last=2, bids=((D("100.1"), D(3)),), asks=())
    assert later == Depth(
        first=3, last=3, bids=(), asks=((D("100.2"), D(0)), (D("100.3"), D("1.5")))
    )
    assert tape_market(paths, "BTCUSDT", filters=None).tick == D("0.1")


def test_a_file_does_not_name_its_market(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="--symbol"):
        tape_symbol(saved(tmp_path, BEGIN))


def test_orders_and_numbers_out_of_domain_are_named_and_left_out(tmp_path: Path) -> None:
    bad: list[str] = []
    odd = (
        (10 | BOTH | BUY, 1, 11, 100.1, 1.0),
        (1 | BOTH | BUY, 1, 12, float("nan"), 1.0),
        (1 | BOTH | BUY, 1, 13, 100.0, -1.0),
    )
    assert len(rows(saved(tmp_path, BEGIN + odd + CHANGES), "BTCUSDT", bad)) == 4
    assert len(bad) == 3
    assert "have kind 10, which is not that of a book" in bad[0]


def test_another_array_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    others = {"version 1": np.zeros((3, 6)), "type": np.zeros(3, np.dtype(hftbacktest.FIELDS[:5]))}
    for text, array in others.items():
        np.savez(path, data=array)
        with pytest.raises(TapeError, match=rf"old\.npz can't be read: .*{text}.*event_dtype"):
            rows((path,), "BTCUSDT", [])


def test_a_file_that_ends_early_or_is_no_archive_is_refused(tmp_path: Path) -> None:
    (path,) = saved(tmp_path, BEGIN)
    whole = path.read_bytes()
    for part in (whole[:-30], b"", b"PK\x03\x04" + b"\0" * 40):
        path.write_bytes(part)
        with pytest.raises(TapeError, match=r"btcusdt_20240808\.npz can't be read"):
            rows((path,), "BTCUSDT", [])


def test_a_message_of_too_many_events_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hftbacktest, "MESSAGE_MAX", 2)
    with pytest.raises(TapeError, match="more than 2 events have the time 10"):
        rows(saved(tmp_path, BEGIN), "BTCUSDT", [])
