"""Reading of raw captures of Binance's streams."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.tapes.binance_raw import capture_symbol, read_lines
from quoter.tapes.formats import tape_market
from quoter.tapes.messages import Best, Depth, Print, Snapshot, TapeError

LINES = (
    b'1721749182850494 {"lastUpdateId": 7, "bids": [["1.2", "3"]], "asks": [["1.3", "4"]]}\n'
    b'1723161253937085768 {"stream":"xyusdt@depth@100ms","data":{"e":"depthUpdate","E":1,'
    b'"s":"XYUSDT","U":6,"u":8,"b":[["1.2","0"]],"a":[]}}\n'
    b'1723161253937085769 {"stream":"xyusdt@bookTicker","data":{"u":9,"s":"XYUSDT","b":"1.1",'
    b'"B":"2","a":"1.3","A":"4"}}\n'
    b'1723161253937085770 {"stream":"xyusdt@trade","data":{"e":"trade","E":1,"s":"XYUSDT","t":5,'
    b'"p":"1.3","q":"0.5","T":1,"m":true,"M":true}}\n'
    b'1723161253937085771 {"stream":"xyusdt@kline_1m","data":{}}\n'
)


def test_lines_of_two_files_are_read_in_order(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed.gz"
    plain.write_bytes(LINES.splitlines(keepends=True)[0])
    packed.write_bytes(gzip.compress(b"".join(LINES.splitlines(keepends=True)[1:])))
    lines = list(read_lines((plain, packed)))
    assert [type(message) for _, message in lines] == [Snapshot, Depth, Best, Print]
    assert [stamp for stamp, _ in lines][:2] == [1721749182850494000, 1723161253937085768]
    depth = lines[1][1]
    assert isinstance(depth, Depth)
    assert (depth.first, depth.last, depth.bids) == (6, 8, ((Decimal("1.2"), Decimal(0)),))
    assert capture_symbol((plain, packed)) == "XYUSDT"


def test_file_without_stream_messages_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="combined streams"):
        capture_symbol((path,))


def test_line_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(b"hello world\n")
    with pytest.raises(ValueError, match="'hello' is not a time"):
        list(read_lines((path,)))


def test_snapshot_alone_does_not_make_a_tape_of_any_symbol(tmp_path: Path) -> None:
    """A REST snapshot names no symbol."""
    path = tmp_path / "tape"
    trade = b'2 {"stream":"xyusdt@trade","data":{"t":1,"p":"1","q":"1","m":true}}\n'
    path.write_bytes(b'1 {"lastUpdateId": 7, "bids": [["1.2", "3"]], "asks": []}\n' + trade)
    with pytest.raises(TapeError, match="no row of ABUSDT can be read; their first symbol is XY"):
        tape_market((path,), "ABUSDT", filters=None)
