"""CSV files of Tardis.dev, in the form of their documentation."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.tapes.formats import read_tape, tape_market, tape_symbol
from quoter.tapes.messages import Depth, Line, Print, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress

D = Decimal
BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
BOOK_ROWS = (
    "deribit,BTC-PERPETUAL,1,100,true,bid,9000,10",
    "deribit,BTC-PERPETUAL,1,100,true,bid,8999,20",
    "deribit,BTC-PERPETUAL,1,100,true,ask,9001,30",
    "deribit,BTC-PERPETUAL,2,300,false,bid,9000,0",
    "deribit,BTC-PERPETUAL,2,300,false,ask,9001,5",
    "deribit,BTC-PERPETUAL,3,500,true,bid,8990,1",
    "deribit,BTC-PERPETUAL,3,500,true,ask,9001,7",
)
TRADE_ROWS = (
    "deribit,BTC-PERPETUAL,1,200,11,sell,9000,2",
    "deribit,BTC-PERPETUAL,2,400,a-12,buy,9001,3",
)


def files(folder: Path, book: tuple[str, ...], trades: tuple[str, ...]) -> tuple[Path, Path]:
    """The trades plain, the book compressed, in that order."""
    plain, packed = folder / "trades.csv", folder / "book.csv.gz"
    plain.write_text("\n".join((TRADES, *trades)) + "\n")
    packed.write_bytes(gzip.compress(("\n".join((BOOK, *book)) + "\n").encode()))
    return plain, packed


def read(paths: tuple[Path, ...], bad: list[str]) -> list[Line]:
    progress = ReadProgress(paths)
    lines = list(read_tape(paths, "BTC-PERPETUAL", on_bad=bad.append, progress=progress))
    assert progress.done == progress.total
    return lines


def test_rows_of_one_time_are_one_message_and_all_files_are_merged_by_time(tmp_path: Path) -> None:
    paths = files(tmp_path, BOOK_ROWS, TRADE_ROWS)
    assert tape_symbol(paths) == "BTC-PERPETUAL"
    bad: list[str] = []
    snapshot, sale, change, purchase, replacement = (row for _, row in read(paths, bad))
    assert bad == []
    assert snapshot == Snapshot(
        last=1, bids=((D(9000), D(10)), (D(8999), D(20))), asks=((D(9001), D(30)),)
    )
    assert sale == Print(trade_id=11, price=D(9000), size=D(2), is_buyer_maker=True)
    assert change == Depth(first=2, last=2, bids=((D(9000), D(0)),), asks=((D(9001), D(5)),))
    assert purchase == Print(trade_id=2, price=D(9001), size=D(3), is_buyer_maker=False)
    assert isinstance(replacement, Depth)
    assert (replacement.first, replacement.last) == (3, 3)
    assert dict(replacement.bids) == {D(9000): D(0), D(8999): D(0), D(8990): D(1)}
    assert dict(replacement.asks) == {D(9001): D(7)}


def test_times_are_those_of_receipt_in_nanoseconds(tmp_path: Path) -> None:
    lines = read(files(tmp_path, BOOK_ROWS, TRADE_ROWS), [])
    assert [ts_ns for ts_ns, _ in lines] == [100_000, 200_000, 300_000, 400_000, 500_000]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("deribit,BTC-PERPETUAL,1,100,true,bid,9000", "only 7 of the 8 columns"),
        ("deribit,BTC-PERPETUAL,1,x,true,bid,9000,1", "'x' is not a whole number"),
        ("deribit,BTC-PERPETUAL,1,100,true,bid,-1,1", "price -1"),
        ("deribit,BTC-PERPETUAL,1,100,true,bid,NaN,1", "price NaN"),
        ("deribit,BTC-PERPETUAL,1,100,true,bid,?,1", "price ?"),
        ("deribit,BTC-PERPETUAL,1,100,true,middle,1,1", "side middle"),
    ],
)
def test_row_that_can_not_be_read_is_named_and_left_out(
    tmp_path: Path, row: str, text: str
) -> None:
    bad: list[str] = []
    lines = read(files(tmp_path, (row, *BOOK_ROWS), TRADE_ROWS), bad)
    assert len(lines) == 5
    assert len(bad) == 1
    assert bad[0].startswith("book.csv.gz: line 2 can't be read")
    assert text.lower() in bad[0].lower()


def test_trade_without_a_side_is_left_out(tmp_path: Path) -> None:
    bad: list[str] = []
    odd = "deribit,BTC-PERPETUAL,1,200,9,unknown,9000,2"
    assert len(read(files(tmp_path, BOOK_ROWS, (odd, *TRADE_ROWS)), bad)) == 5
    assert bad == ["trade 9 has no valid taker's side: unknown"]


def test_other_symbols_are_skipped(tmp_path: Path) -> None:
    other = "deribit,ETH-PERPETUAL,1,100,true,bid,1,1"
    assert len(read(files(tmp_path, (*BOOK_ROWS, other), TRADE_ROWS), [])) == 5


def test_file_with_another_header_is_refused(tmp_path: Path) -> None:
    plain, packed = files(tmp_path, BOOK_ROWS, TRADE_ROWS)
    plain.write_text("exchange,symbol,timestamp\n")
    with pytest.raises(TapeError, match="header"):
        read((packed, plain), [])


def test_file_that_ends_early_is_an_error(tmp_path: Path) -> None:
    plain, packed = files(tmp_path, BOOK_ROWS, TRADE_ROWS)
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(TapeError, match=r"book\.csv\.gz"):
        read((plain, packed), [])


def test_binance_captures_and_tardis_files_are_distinguished(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    data = '{"U":1,"u":1,"b":[["1","2"]],"a":[]}'
    path.write_text('1 {"stream":"btcusdt@depth@100ms","data":' + data + "}\n")
    assert tape_symbol((path,)) == "BTCUSDT"
    progress = ReadProgress((path,))
    (line,) = read_tape((path,), "BTC/USDT", on_bad=pytest.fail, progress=progress)
    assert isinstance(line[1], Depth)


@pytest.mark.parametrize(
    ("venue", "symbol"),
    [
        ("deribit", "BTC-PERPETUAL"),
        ("bitmex", "XBTUSD"),
        ("okex-swap", "BTC-USDT-SWAP"),
        ("bybit", "BTCUSD"),
        ("cryptofacilities", "PI_XBTUSD"),
    ],
)
def test_sizes_in_contracts_are_refused(tmp_path: Path, venue: str, symbol: str) -> None:
    book = tuple(row.replace("deribit,BTC-PERPETUAL", f"{venue},{symbol}") for row in BOOK_ROWS)
    with pytest.raises(TapeError, match=f"sizes of {symbol} are contracts"):
        tape_market(files(tmp_path, book, ()), symbol, filters=None)


def test_symbol_that_is_not_in_the_files_is_named_with_the_one_that_is(tmp_path: Path) -> None:
    paths = files(tmp_path, BOOK_ROWS, TRADE_ROWS)
    text = r"trades\.csv, book\.csv\.gz: no row of BTC/USD can be read.*BTC-PERPETUAL"
    with pytest.raises(TapeError, match=text):
        tape_market(paths, "BTC/USD", filters=None)
