"""Decoding of valid messages and refusal of invalid ones."""

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.events import BookDelta, BookSnapshot, TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.venues.binance.depth_sync import DepthDiff, DepthSync
from quoter.venues.binance.messages import (
    CLOSE_ANNOUNCEMENT,
    NOT_LISTED,
    BadFrame,
    Message,
    parse,
    parse_snapshot,
    parse_status,
    parse_time,
    streams,
)
from tests.recordings import BINANCE_RAW

CAPTURE = ("spot_BTCUSDT_20240808.gz", "spot_BTCUSDT_20240809.gz")

DEPTH = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":7,'
    b'"b":[["1.50000000","2.0"],["1.4","0.00000000"]],"a":[]}}'
)
TICKER = (
    b'{"stream":"btcusdt@bookTicker",'
    b'"data":{"u":9,"s":"BTCUSDT","b":"1.5","B":"2","a":"1.6","A":"3"}}'
)
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":4,"p":"1.6","q":"0.5",'
    b'"T":1,"m":false,"M":true}}'
)


def read(frame: bytes) -> Message | None:
    return parse(frame, venue_symbol="BTCUSDT", ts_ns=3)


def test_the_three_streams_are_decoded() -> None:
    assert read(DEPTH) == DepthDiff(
        ts_ns=3,
        first=5,
        last=7,
        bids=(Level(1.5, 2.0), Level(1.4, 0.0)),
        asks=(),
        event_ms=1,
    )
    assert read(TICKER) == TopOfBook(ts_ns=3, update_id=9, bid=Level(1.5, 2.0), ask=Level(1.6, 3.0))
    assert read(TRADE) == Trade(ts_ns=3, trade_id="4", price=1.6, size=0.5, taker=Side.BUY)


def test_the_taker_is_the_seller_when_the_buyer_was_the_maker() -> None:
    trade = read(TRADE.replace(b'"m":false', b'"m":true'))
    assert isinstance(trade, Trade)
    assert trade.taker is Side.SELL


def test_acknowledgements_and_notices_yield_no_market_data() -> None:
    assert read(b'{"result":null,"id":1}') is None
    assert (
        read(b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')
        is CLOSE_ANNOUNCEMENT
    )
    assert read(b'{"e":"serverShutdown","E":1}') is CLOSE_ANNOUNCEMENT


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        DEPTH[:-3],
        DEPTH.replace(b"1.50000000", b"nan"),
        DEPTH.replace(b"1.50000000", b"inf"),
        DEPTH.replace(b"1.50000000", b"1e308"),
        DEPTH.replace(b"1.50000000", b"-1"),
        DEPTH.replace(b"1.50000000", b"0"),
        DEPTH.replace(b"1.50000000", b""),
        DEPTH.replace(b'"2.0"', b"null"),
        DEPTH.replace(b'["1.4","0.00000000"]', b'["1.4"]'),
        DEPTH.replace(b'"U":5', b'"U":-5'),
        DEPTH.replace(b'"U":5', b'"U":8'),
        DEPTH.replace(b'"U":5,', b""),
        DEPTH.replace(b'"u":7', b'"u":99999999999999999999'),
        DEPTH.replace(b'"s":"BTCUSDT"', b'"s":"ETHUSDT"'),
        TICKER.replace(b'"a":"1.6"', b'"a":[]'),
        TRADE.replace(b'"m":false', b'"m":"maybe"'),
        TRADE.replace(b"trade", b"kline"),
        b'{"stream":"btcusdt@depth@100ms","data":' + b"[" * 100_000,
    ],
)
def test_malformed_frames_raise_bad_frame(frame: bytes) -> None:
    with pytest.raises(BadFrame):
        read(frame)


@settings(deadline=None)
@given(st.sampled_from([DEPTH, TICKER, TRADE]), st.data())
def test_mutated_frames_raise_bad_frame_only(frame: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(frame) - 1))
    mutated = (
        frame[:at] + data.draw(st.binary(max_size=4)) + frame[at + data.draw(st.integers(0, 4)) :]
    )
    try:
        message = read(mutated)
    except BadFrame:
        return
    levels = [*message.bids, *message.asks] if isinstance(message, DepthDiff) else []
    assert all(0 < price <= 1e15 and 0 <= size <= 1e15 for price, size in levels)


def test_a_snapshot_is_decoded_and_a_wrong_one_refused() -> None:
    body = b'{"lastUpdateId":5,"bids":[["1.5","2"]],"asks":[["1.6","1"]]}'
    book = parse_snapshot(body, ts_ns=1)
    assert (book.last, book.bids, book.asks) == (5, (Level(1.5, 2.0),), (Level(1.6, 1.0),))
    with pytest.raises(BadFrame):
        parse_snapshot(b'{"code":-1121,"msg":"Invalid symbol."}', ts_ns=1)


def test_clock_and_status_are_decoded_and_wrong_ones_refused() -> None:
    assert parse_time(b'{"serverTime":17}') == 17
    info = b'{"timezone":"UTC","symbols":[{"symbol":"BTCUSDT","status":"BREAK"}]}'
    assert parse_status(info, venue_symbol="BTCUSDT") == "BREAK"
    assert parse_status(info, venue_symbol="ETHUSDT") == NOT_LISTED
    for parse_body in (parse_time, lambda body: parse_status(body, venue_symbol="BTCUSDT")):
        for body in (b"", b"{]", b"{}", b'{"serverTime":-1,"symbols":3}', b"\xff"):
            with pytest.raises(BadFrame):
                parse_body(body)


def test_the_stream_names_are_lower_case() -> None:
    assert streams("BTCUSDT") == "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"


def recorded() -> Iterator[bytes]:
    for name in CAPTURE:
        with gzip.open(BINANCE_RAW / name) as lines:
            for line in lines:
                yield line.partition(b" ")[2].strip()


@pytest.mark.slow
@pytest.mark.skipif(not BINANCE_RAW.exists(), reason="recorded data is not beside the repository")
def test_a_recorded_book_agrees_with_the_recorded_best_prices() -> None:
    """Ten recorded minutes of BTCUSDT have no gap, and both streams agree on the best prices."""
    sync, bids, asks = DepthSync(), dict[float, float](), dict[float, float]()
    best_at: dict[int, tuple[float, float]] = {}
    tickers: dict[int, tuple[float, float]] = {}
    for frame in recorded():
        events: list[BookSnapshot | BookDelta] = []
        if frame.startswith(b'{"lastUpdateId"'):
            if not sync.is_synced:
                events = sync.on_snapshot(parse_snapshot(frame, ts_ns=1)) or []
        else:
            message = read(frame)
            if isinstance(message, TopOfBook):
                tickers[message.update_id] = (message.bid.price, message.ask.price)
            if isinstance(message, DepthDiff) and (delta := sync.on_diff(message)) is not None:
                events = [delta]
        for event in events:
            for side, levels in ((bids, event.bids), (asks, event.asks)):
                for price, size in levels:
                    side[price] = size
                    if not size:
                        del side[price]
            best_at[event.last] = (max(bids), min(asks))
    shared = best_at.keys() & tickers.keys()
    assert sync.gaps == 0
    assert len(shared) > 500
    assert all(best_at[update] == tickers[update] for update in shared)
