"""Answers and events of the sandbox have the fields and types of those that Binance documents.

The documented ones are the samples that Binance.Net is tested with, and recorded frames from ccxt's
fixtures.
"""

import gzip
import json
from collections.abc import Iterator

import aiohttp
import msgspec
import pytest

from quoter.domain.units import NS_PER_MS
from tests.integration.sandbox_client import (
    ANSWER_S,
    JsonValue,
    Row,
    RunningSandbox,
    eventually,
    user_socket,
)
from tests.recordings import DATA

SAMPLES = DATA / "userdata" / "jkorf_binance_net_samples.jsonl.gz"
EXCHANGE_INFO = DATA / "rest" / "binance_spot_exchangeInfo_2025-08-07.json.gz"
CCXT_WS = DATA / "ccxt_static" / "ws" / "binance.json"
DOCUMENTED = {"commission": {"specialCommission"}}  # newer than the samples

REST = {
    "ExchangeData/GetAvgPrice": ("avgPrice", {"symbol": "BTCUSDT"}),
    "ExchangeData/GetTicker": ("ticker/24hr", {"symbol": "BTCUSDT"}),
    "ExchangeData/GetTradingDayTicker": ("ticker/tradingDay", {"symbol": "BTCUSDT"}),
    "ExchangeData/GetRollingWindowTicker": ("ticker", {"symbol": "BTCUSDT"}),
    "ExchangeData/GetBookPrice": ("ticker/bookTicker", {"symbol": "BTCUSDT"}),
    "ExchangeData/GetKlines": ("klines", {"symbol": "BTCUSDT", "interval": "1w"}),
    "ExchangeData/GetUiKlines": ("uiKlines", {"symbol": "BTCUSDT", "interval": "1M"}),
    "ExchangeData/GetTradeHistory": ("historicalTrades", {"symbol": "BTCUSDT"}),
    "ExchangeData/GetRecentTrades": ("trades", {"symbol": "BTCUSDT"}),
    "Account/GetCommissionRates": ("account/commission", {"symbol": "BTCUSDT"}),
    "Account/GetOrderRateLimitStatus": ("rateLimit/order", {}),
    "Trading/GetUserTrades": ("myTrades", {"symbol": "BTCUSDT"}),
}
STREAMS = {
    "Klines": "btcusdt@kline_8h",
    "Ticker": "btcusdt@ticker",
    "MiniTicker": "btcusdt@miniTicker",
    "RollingWindowTicker": "btcusdt@ticker_1h",
    "PartialBook": "btcusdt@depth5@100ms",
    "AggregatedTrades": "btcusdt@aggTrade",
    "BookTicker": "btcusdt@bookTicker",
}


def samples() -> dict[str, str]:
    """Return the text of each sample by its path."""
    if not SAMPLES.exists():
        pytest.skip(f"{SAMPLES.name} is not here")
    with gzip.open(SAMPLES, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return {str(row["path"]): str(row["text"]) for row in rows}


def shape(value: JsonValue) -> object:
    """Return fields and types; of a list those of its first element."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        is_mixed = any(isinstance(each, str | int) for each in value)
        return [shape(each) for each in (value if is_mixed else value[:1])]
    return type(value).__name__


async def traded(sandbox: RunningSandbox) -> None:
    """Wait for a public trade, and make an own one."""

    async def prints() -> JsonValue:
        return (await sandbox.get("trades", symbol="BTCUSDT")).body

    await sandbox.signed(
        "POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001"
    )
    assert await eventually(prints)


async def test_rest_answers_have_the_documented_fields(sandbox: RunningSandbox) -> None:
    texts = samples()
    await traded(sandbox)
    for name, (path, params) in REST.items():
        text = texts[f"Binance.Net.UnitTests/Endpoints/Spot/{name}.txt"]
        _, _, is_signed, body = text.replace("\r", "").split("\n", 3)
        if is_signed == "true":
            reply = await sandbox.signed("GET", path, params)
        else:
            reply = await sandbox.get(path, **params)
        expected, seen = shape(json.loads(body)), shape(reply.body)
        if isinstance(seen, dict):
            for extra in DOCUMENTED.get(path.rpartition("/")[2], set()):
                del seen[extra]
        assert seen == expected, path


async def test_wallet_answers_have_the_documented_fields(sandbox: RunningSandbox) -> None:
    texts = samples()
    for name, path in (
        ("GetTradeFee", "asset/tradeFee"),
        ("GetUserAssets", "capital/config/getall"),
    ):
        _, _, _, body = texts[f"Binance.Net.UnitTests/Endpoints/Spot/Account/{name}.txt"].split(
            "\n", 3
        )
        reply = await sandbox.signed("GET", path, prefix="/sapi/v1/")
        assert reply.status == 200, reply.body
        row, documented = reply.rows[0], json.loads(body)[0]
        assert set(row) == set(documented), path
        if path == "asset/tradeFee":
            assert shape([row]) == shape([documented])


async def events(sandbox: RunningSandbox, names: set[str]) -> dict[str, JsonValue]:
    """Return one event of each stream."""
    found: dict[str, JsonValue] = {}
    url = f"{sandbox.ws_url}/stream?streams={'/'.join(sorted(names))}"
    async with sandbox.http.ws_connect(url) as socket:
        while set(found) != names:
            row = msgspec.json.decode(await socket.receive_str(timeout=ANSWER_S))
            found.setdefault(row["stream"], row["data"])
    return found


async def test_stream_events_have_the_documented_fields(sandbox: RunningSandbox) -> None:
    texts = samples()
    await traded(sandbox)
    seen = await events(sandbox, set(STREAMS.values()))
    for name, stream in STREAMS.items():
        text = texts[f"Binance.Net.UnitTests/Subscriptions/Spot/ExchangeData/{name}.txt"]
        expected = json.loads(text.rpartition("= ")[2])["data"]
        assert shape(seen[stream]) == shape(expected), stream


def recorded_spot_frames(*methods: str) -> Iterator[Row]:
    """Yield the spot frames of some methods in ccxt's fixtures."""
    if not CCXT_WS.exists():
        pytest.skip(f"{CCXT_WS.name} is not here")
    cases = json.loads(CCXT_WS.read_text())["methods"]
    for method in methods:
        for case in cases[method]:
            if "spot" in case["description"] or case["description"].startswith("my trades"):
                yield from (frame for frame in case["messages"] if "result" not in frame)


async def test_stream_events_have_the_fields_of_recorded_frames(sandbox: RunningSandbox) -> None:
    streams = {
        "24hrMiniTicker": "btcusdt@miniTicker",
        "kline": "btcusdt@kline_1m",
        "trade": "btcusdt@trade",
    }
    book = "btcusdt@bookTicker"
    recorded = list(
        recorded_spot_frames("watchTicker", "watchOHLCV", "watchTrades", "watchBidsAsks")
    )
    await traded(sandbox)
    seen = await events(sandbox, {*streams.values(), book})
    assert recorded
    for frame in recorded:
        stream = streams[str(frame["e"])] if "e" in frame else book
        assert shape(seen[stream]) == shape(frame), stream


async def test_reports_of_orders_have_the_fields_of_recorded_ones(
    still_sandbox: RunningSandbox,
) -> None:
    """Placed, filled and cancelled orders of each kind, in the order of the recording."""
    recorded = [
        event
        for frame in recorded_spot_frames("watchOrders", "watchMyTrades")
        if isinstance(event := frame.get("event"), dict)
    ]
    far = {"timeInForce": "GTC", "price": "59000.00"}
    seen: dict[tuple[JsonValue, JsonValue], Row] = {}
    async with user_socket(still_sandbox) as user:
        for kind, more in (
            ("MARKET", {}),
            ("LIMIT", far),
            ("LIMIT_MAKER", {"price": far["price"]}),
        ):
            order = {"symbol": "BTCUSDT", "side": "BUY", "type": kind, "quantity": "0.001"}
            await still_sandbox.signed("POST", "order", order | more)
        await still_sandbox.signed("DELETE", "openOrders", symbol="BTCUSDT")
        wanted = {(event["o"], event["x"]) for event in recorded}
        while not wanted <= set(seen):
            event = await user.event()
            if event["e"] == "executionReport":
                seen[event["o"], event["x"]] = event
    assert recorded
    for expected in recorded:
        event = seen[expected["o"], expected["x"]]
        assert shape(event) == shape(expected), expected
        for letter in "wmMFPg":
            assert event[letter] == expected[letter], (letter, expected)


async def test_symbols_are_announced_with_the_recorded_fields(sandbox: RunningSandbox) -> None:
    """All that Binance sent in August 2025 for BTCUSDT; of its filters those that we apply."""
    if not EXCHANGE_INFO.exists():
        pytest.skip(f"{EXCHANGE_INFO.name} is not here")
    with gzip.open(EXCHANGE_INFO) as body:
        (expected,) = (row for row in json.load(body)["symbols"] if row["symbol"] == "BTCUSDT")
    info = (await sandbox.get("exchangeInfo", symbol="BTCUSDT")).row
    (seen,) = info["symbols"] if isinstance(info["symbols"], list) else []
    assert isinstance(seen, dict)
    assert set(expected) <= set(seen)
    theirs = {row["filterType"]: row for row in expected["filters"]}
    ours = seen["filters"]
    assert isinstance(ours, list)
    common = [row for row in ours if isinstance(row, dict) and row["filterType"] in theirs]
    assert len(common) == 6
    for row in common:
        assert shape(row) == shape(theirs[row["filterType"]])
    (percent,) = (row for row in common if row["filterType"] == "PERCENT_PRICE_BY_SIDE")
    assert percent == theirs["PERCENT_PRICE_BY_SIDE"]


async def test_every_other_stream_sends_its_kind(sandbox: RunningSandbox) -> None:
    """Those of which no sample exists, in the forms of Binance's documentation."""
    kinds: dict[str, object] = {
        "btcusdt@avgPrice": {"e", "E", "s", "i", "w", "T"},
        "btcusdt@depth20": {"lastUpdateId", "bids", "asks"},
        "btcusdt@ticker_4h": {*"eEspPohlcwvqOCFLn"},
        "btcusdt@kline_1s": {*"eEsk"},
    }
    arrays = {"!ticker@arr", "!miniTicker@arr", "!ticker_1d@arr"}
    seen = await events(sandbox, {*kinds, *arrays})
    for stream, names in kinds.items():
        event = seen[stream]
        assert isinstance(event, dict)
        assert set(event) == names, stream
    for stream in arrays:
        rows = seen[stream]
        assert isinstance(rows, list)
        assert [row["s"] for row in rows if isinstance(row, dict)] == list(
            sandbox.server.venue.markets
        )


async def test_a_closed_bar_is_sent_once_and_before_the_next(sandbox: RunningSandbox) -> None:
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/btcusdt@kline_1s") as socket:
        bars = []
        for _ in range(8):
            event = msgspec.json.decode(await socket.receive_str(timeout=ANSWER_S))
            bars.append((event["k"]["t"], event["k"]["x"]))
    closed = [start_ms for start_ms, is_closed in bars if is_closed]
    assert len(closed) >= 3
    assert closed == list(range(closed[0], closed[-1] + 1, 1_000))
    served = (await sandbox.get("klines", symbol="BTCUSDT", interval="1s")).body
    assert isinstance(served, list)
    assert {row[0] for row in served if isinstance(row, list)} >= set(closed)


async def test_unknown_streams_are_refused(sandbox: RunningSandbox) -> None:
    refused = {"code": 2, "msg": "Invalid request: invalid stream"}
    wrong = ("btcusdt@kline_7m", "btcusdt@depth7", "nopeusdt@trade", "BTCUSDT@trade", "!trade@arr")
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws") as socket:
        for number, name in enumerate(wrong[:4]):
            await socket.send_json({"method": "SUBSCRIBE", "params": [name], "id": number})
            answer = msgspec.json.decode(await socket.receive_str(timeout=ANSWER_S))
            assert answer == {"error": refused, "id": number}, name
    for name in wrong:
        async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/{name}") as socket:
            answer = msgspec.json.decode(await socket.receive_str(timeout=ANSWER_S))
            assert answer["error"] == refused, name
            assert (await socket.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.CLOSE


async def test_the_statistics_agree_with_the_trades(sandbox: RunningSandbox) -> None:
    await traded(sandbox)
    day = (await sandbox.get("ticker/24hr", symbol="BTCUSDT")).row
    trades = [
        row
        for row in (await sandbox.get("historicalTrades", symbol="BTCUSDT", fromId=1)).rows
        if int(str(row["id"])) <= int(str(day["lastId"]))
    ]
    assert (day["firstId"], day["count"]) == (1, len(trades))
    assert (day["lastPrice"], day["lastQty"]) == (trades[-1]["price"], trades[-1]["qty"])
    prices = [float(str(row["price"])) for row in trades]
    assert (float(str(day["highPrice"])), float(str(day["lowPrice"]))) == (max(prices), min(prices))
    volume = sum(float(str(row["qty"])) for row in trades)
    assert float(str(day["volume"])) == pytest.approx(volume)
    open_ms = int(str(day["openTime"]))
    assert int(str(day["closeTime"])) - open_ms == 86_400_000
    assert open_ms * NS_PER_MS < sandbox.server.venue.started_ns
    mini = (await sandbox.get("ticker", symbols='["BTCUSDT"]', windowSize="15m", type="MINI")).rows
    assert mini[0]["firstId"] == 1
    assert "priceChange" not in mini[0]


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("ticker/tradingDay", {}, -1102),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "60m"}, -1130),
        ("ticker", {"symbol": "BTCUSDT", "type": "TINY"}, -1130),
        ("ticker/24hr", {"symbol": "NOPEUSDT"}, -1121),
        ("ticker/24hr", {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}, -1128),
        ("ticker/tradingDay", {"symbol": "BTCUSDT", "timeZone": "+15"}, -1130),
        ("avgPrice", {}, -1102),
    ],
)
async def test_wrong_requests_for_statistics_are_refused(
    still_sandbox: RunningSandbox, path: str, params: dict[str, str], code: int
) -> None:
    assert (await still_sandbox.get(path, **params)).code == code
