"""Files of Bybit's public archive, in the form of its documentation."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.tapes.formats import tape_market, tape_symbol
from quoter.tapes.messages import Depth, Print, Snapshot, TapeError
from quoter.tapes.reading import RowAccount
from quoter.tapes.row_checks import prepared
from tests.unit.tapes.archives import gzipped, rows, zipped

D = Decimal
SYMBOL = "XRPUSDT"
CONTRACT = (
    "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,"
    "foreignNotional\n"
    "1700000000.0024,XRPUSDT,Sell,20,0.61,MinusTick,ab-1,1,1,1\n"
)
SPOT = "id,timestamp,price,volume,side,rpi\n5,1700000000003,0.62,7,buy,0\n"
LAST_MS = 1_700_000_000_005


def message(kind: str, ts_ms: int, update: int, bids: object, asks: object) -> str:
    data = {"s": SYMBOL, "b": bids, "a": asks, "u": update, "seq": 9}
    body = {"topic": f"orderbook.500.{SYMBOL}", "type": kind, "ts": ts_ms, "data": data}
    return json.dumps(body | {"cts": ts_ms - 3})


def book(folder: Path, *lines: str) -> Path:
    first = message("snapshot", 1_700_000_000_001, 41, [["0.61", "5"]], [["0.62", "6"]])
    return zipped(folder / "2023-11-14_XRPUSDT_ob500.data.zip", "\n".join((first, *lines)) + "\n")


def test_snapshot_change_and_trades_are_merged_by_time(tmp_path: Path) -> None:
    change = message("delta", LAST_MS, 42, [["0.61", "0"], ["0.60", "9"]], [])
    trades = gzipped(tmp_path / "XRPUSDT2023-11-14.csv.gz", CONTRACT)
    paths = (trades, book(tmp_path, change))
    assert tape_symbol(paths) == SYMBOL
    (first_ns, first), (sale_ns, sale), (_, second) = rows(paths, SYMBOL, [])
    assert first == Snapshot(last=1, bids=((D("0.61"), D(5)),), asks=((D("0.62"), D(6)),))
    assert (first_ns, sale_ns) == (1_700_000_000_001_000_000, 1_700_000_000_002_400_000)
    assert sale == Print(
        trade_id=0, price=D("0.61"), size=D(20), is_buyer_maker=True, kind="MARKET"
    )
    assert second == Depth(first=2, last=2, bids=((D("0.61"), D(0)), (D("0.60"), D(9))), asks=())


def test_trades_of_spot_have_other_columns_and_milliseconds(tmp_path: Path) -> None:
    trades = gzipped(tmp_path / "XRPUSDT_2023-11-14.csv.gz", SPOT)
    ts_ns, row = rows((book(tmp_path), trades), SYMBOL, [])[1]
    assert ts_ns == 1_700_000_000_003_000_000
    assert row == Print(trade_id=5, price=D("0.62"), size=D(7), is_buyer_maker=False)


def test_a_missing_update_leaves_a_hole_and_a_new_snapshot_replaces_the_book(
    tmp_path: Path,
) -> None:
    """After a restart of the venue's service a snapshot has the update id 1."""
    lost = message("delta", LAST_MS, 44, [["0.61", "1"]], [])
    again = message("snapshot", LAST_MS, 1, [["0.59", "1"]], [["0.63", "1"]])
    after = message("delta", LAST_MS, 2, [["0.59", "2"]], [])
    changes = [row for _, row in rows((book(tmp_path, lost, again, after),), SYMBOL, [])][1:]
    assert [(row.first, row.last) for row in changes if isinstance(row, Depth)] == [
        (4, 4),
        (5, 5),
        (6, 6),
    ]
    assert isinstance(changes[1], Depth)
    assert dict(changes[1].bids) == {D("0.61"): D(0), D("0.59"): D(1)}


@pytest.mark.parametrize(
    "line",
    ["{", message("delta", 1, 42, [["0.6"]], []), message("delta", 1, 42, [["NaN", "1"]], [])],
)
def test_a_bad_row_is_named_and_left_out(tmp_path: Path, line: str) -> None:
    bad: list[str] = []
    good = message("delta", LAST_MS, 42, [], [["0.62", "1"]])
    account = RowAccount()
    assert len(list(prepared(rows((book(tmp_path, line, good),), SYMBOL, bad), account))) == 2
    assert len(bad) == 1


def test_trades_alone_and_inverse_contracts_are_refused(tmp_path: Path) -> None:
    trades = gzipped(tmp_path / "XRPUSDT2023-11-14.csv.gz", CONTRACT)
    with pytest.raises(TapeError, match="trades alone have no book"):
        tape_symbol((trades,))
    with pytest.raises(TapeError, match="inverse"):
        tape_market((book(tmp_path),), "XRPUSD", filters=None)
