"""Files of Binance's public archive, in the form of its documentation."""

from decimal import Decimal
from pathlib import Path

import pytest

from quoter.sim.fill_models import FillModel
from quoter.tapes.formats import tape_market, tape_notes, tape_symbol
from quoter.tapes.messages import Depth, Print, Snapshot, TapeError
from quoter.tapes.reading import RowAccount
from quoter.tapes.row_checks import prepared
from tests.unit.tapes.archives import rows, zipped

D = Decimal
BEST_HEADER = (
    "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
)
BEST = (
    "11,100.1,5,100.2,6,1700000000001,1700000000002",
    "12,100.1,4,100.3,6,1700000000005,1700000000006",
)
TRADES_HEADER = "id,price,qty,quote_qty,time,is_buyer_maker"
TRADES = ("7,100.2,0.5,50.1,1700000000004,false", "8,100.1,1,100.1,1700000000009,true")
AGGREGATED = "9,100.2,0.5,7,8,1735689600010866,False,True"  # of spot, since 2025


def files(folder: Path, best: tuple[str, ...] = BEST) -> tuple[Path, Path]:
    """Return the trades and best prices of a futures market, in that order."""
    trades = zipped(
        folder / "ETHUSDT-trades-2023-11-14.zip", "\n".join((TRADES_HEADER, *TRADES)) + "\n"
    )
    book = zipped(folder / "ETHUSDT-bookTicker-2023-11-14.zip", "\n".join((BEST_HEADER, *best)))
    return trades, book


def test_best_prices_become_a_book_of_one_level_a_side(tmp_path: Path) -> None:
    paths = files(tmp_path)
    assert tape_symbol(paths) == "ETHUSDT"
    lines = rows(paths, "ETHUSDT", [])
    assert [ts_ns // 10**6 - 1_700_000_000_000 for ts_ns, _ in lines] == [1, 4, 5, 9]
    first, purchase, change, sale = (row for _, row in lines)
    assert first == Snapshot(last=1, bids=((D("100.1"), D(5)),), asks=((D("100.2"), D(6)),))
    assert isinstance(purchase, Print)
    assert (purchase.is_buyer_maker, purchase.price) == (False, D("100.2"))
    assert isinstance(change, Depth)
    assert dict(change.bids) == {D("100.1"): D(4)}
    assert dict(change.asks) == {D("100.2"): D(0), D("100.3"): D(6)}
    assert isinstance(sale, Print)
    assert sale.is_buyer_maker


def test_a_futures_market_and_the_thin_book_are_said(tmp_path: Path) -> None:
    account = RowAccount()
    assert len(list(prepared(rows(files(tmp_path), "ETHUSDT", []), account))) == 4
    assert account.is_futures
    assert account.has_snapshot
    assert "the book behind them is empty" in tape_notes(files(tmp_path))[0]
    assert tape_market(files(tmp_path), "ETHUSDT", filters=None).fill_model is FillModel.FRONT


def test_trades_of_spot_have_no_header_and_microseconds(tmp_path: Path) -> None:
    trades = zipped(tmp_path / "ETHUSDT-aggTrades-2025-01-01.zip", AGGREGATED + "\n")
    book = files(tmp_path)[1]
    ts_ns, row = rows((trades, book), "ETHUSDT", [])[-1]
    assert ts_ns == 1735689600010866000
    assert row == Print(
        trade_id=9, price=D("100.2"), size=D("0.5"), is_buyer_maker=False, kind=None
    )


def test_trades_alone_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="trades alone have no book"):
        rows(files(tmp_path)[:1], "ETHUSDT", [])


def test_the_same_trades_twice_are_refused(tmp_path: Path) -> None:
    twice = zipped(tmp_path / "ETHUSDT-aggTrades-2023-11-14.zip", AGGREGATED + "\n")
    with pytest.raises(TapeError, match="either trades or aggTrades"):
        rows((*files(tmp_path), twice), "ETHUSDT", [])


@pytest.mark.parametrize(
    "row",
    [
        "13,100.1,4,x,6,1700000000005,1",
        "13,100.1,4",
        "13,0,4,1,6,1700000000005,1",
        "?",
        "13,1,1,2,1,-5,1",
    ],
)
def test_a_bad_row_is_named_and_left_out(tmp_path: Path, row: str) -> None:
    bad: list[str] = []
    assert len(rows(files(tmp_path, (*BEST, row)), "ETHUSDT", bad)) == 4
    (text,) = bad
    assert text.startswith("ETHUSDT-bookTicker-2023-11-14.zip: line 4 can't be read")


def test_inverse_futures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="sizes of ETHUSD_PERP are contracts"):
        tape_market(files(tmp_path), "ETHUSD_PERP", filters=None)
