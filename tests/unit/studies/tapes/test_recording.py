"""Recordings of a Binance collector: what is read, joined, left out and scaled."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.events import TopOfBook, Trade
from quoter.studies.tapes.recording import recordings
from quoter.tapes.messages import TapeError

SNAPSHOT = '{"lastUpdateId":10,"bids":[["99.90","3"],["99.80","5"]],"asks":[["100.10","4"]]}'


def depth(
    first: int, last: int, bids: str = "", asks: str = "", *, before: int | None = None
) -> str:
    past = f'"pu":{before},' if before is not None else ""
    data = f'"e":"depthUpdate","E":1,"s":"XYUSDT","U":{first},"u":{last},{past}'
    return f'{{"stream":"xyusdt@depth@100ms","data":{{{data}"b":[{bids}],"a":[{asks}]}}}}'


def trade(number: int, price: str, kind: str = "") -> str:
    data = f'"e":"trade","s":"XYUSDT","t":{number},"p":"{price}","q":"1",{kind}"m":false'
    return f'{{"stream":"xyusdt@trade","data":{{{data}}}}}'


def write(folder: Path, day: int, lines: list[str], *, market: str = "spot") -> None:
    """Write one file of a collector; a line every 100 ms."""
    start_ns = 1_700_000_000_000_000_000 + day * 1_000_000_000
    text = "".join(f"{start_ns + n * 100_000_000} {line}\n" for n, line in enumerate(lines))
    (folder / f"{market}_XYUSDT_2024010{day}.gz").write_bytes(gzip.compress(text.encode()))


def prices(events: tuple[TopOfBook | Trade, ...]) -> list[tuple[float, ...]]:
    return [
        (event.price,) if isinstance(event, Trade) else (event.bid.price, event.ask.price)
        for event in events
    ]


def test_files_of_one_capture_are_joined_and_equal_best_prices_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        1,
        [trade(1, "100.1"), SNAPSHOT, trade(2, "100.1"), depth(11, 11, '["99.70","1"]')],
    )
    write(tmp_path, 2, ["not json", depth(12, 13, '["100.00","1"]'), trade(3, "100.1")])
    (recording,) = recordings(tmp_path)
    assert (recording.name, recording.tick) == ("spot_XYUSDT", Decimal("0.1"))
    assert prices(recording.events) == [(99.9, 100.1), (100.1,), (100.0, 100.1), (100.1,)]
    assert recording.seconds == pytest.approx(1.1)


def test_futures_follow_their_previous_id_and_trades_off_the_market_are_left_out(
    tmp_path: Path,
) -> None:
    fund = '"X":"INSURANCE_FUND",'
    lines = [SNAPSHOT, depth(40, 50, '["100.00","1"]', before=10), trade(1, "98.0", fund)]
    write(tmp_path, 1, [*lines, trade(2, "100.1", '"X":"MARKET",')], market="usdm")
    (recording,) = recordings(tmp_path)
    assert prices(recording.events) == [(99.9, 100.1), (100.0, 100.1), (100.1,)]


def test_scaled_prices_go_on_where_the_interval_ends(tmp_path: Path) -> None:
    up = depth(11, 11, '["100.00","1"]')
    later = [depth(12, 12, '["100.00","0"]'), depth(13, 13, "", '["100.00","2"]')]
    write(tmp_path, 1, [SNAPSHOT, up, trade(1, "100.1"), *later])
    (recording,) = recordings(tmp_path)
    scaled = recording.scaled(0.1, 0.3, 3.0)
    assert prices(scaled.events) == [
        pytest.approx(pair)
        for pair in [(99.9, 100.1), (100.0, 100.3), (100.3,), (100.0, 100.2), (100.0, 100.1)]
    ]


def test_capture_without_a_snapshot_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 1, [depth(11, 11)])
    with pytest.raises(TapeError, match="snapshot"):
        list(recordings(tmp_path))


def test_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "spot_XYUSDT_20240101.gz").write_bytes(b"not gzip")
    with pytest.raises(TapeError, match="spot_XYUSDT_20240101"):
        list(recordings(tmp_path))
