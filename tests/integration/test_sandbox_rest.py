"""The sandbox's REST API answers and rejects as the venue does."""

import time
from dataclasses import replace

import pytest

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.config import Limits, SandboxConfig
from quoter.sandbox.protocol import signing
from tests.integration.sandbox_client import Reply, Row, RunningSandbox, eventually, running

ORDER: dict[str, str] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.001",
    "price": "59990.00",
}
REFUSED_ORDERS: list[tuple[dict[str, str], int, str]] = [
    ({"symbol": "NOPEUSDT"}, -1121, "Invalid symbol."),
    ({"symbol": "btcusdt"}, -1100, "Illegal characters found in parameter 'symbol'"),
    ({"side": "HOLD"}, -1117, "Invalid side."),
    ({"type": "STOP"}, -1116, "Invalid orderType."),
    ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
    ({"timeInForce": ""}, -1105, "Parameter 'timeInForce' was empty."),
    ({"quantity": ""}, -1105, "Parameter 'quantity' was empty."),
    ({"side": ""}, -1102, "Mandatory parameter 'side' was not sent"),
    ({"price": "-1"}, -1100, "Illegal characters found in parameter 'price'"),
    ({"price": "1e5"}, -1100, "Illegal characters found in parameter 'price'"),
    ({"price": "59990.123456789"}, -1111, "Parameter 'price' has too much precision."),
    ({"price": "59990.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"price": "0"}, -1013, "Invalid price."),
    ({"quantity": "0"}, -1013, "Invalid quantity."),
    ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
    ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
    ({"postOnly": "true"}, -1104, "read '8' parameter(s) but was sent '9'"),
    ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
    ({"newClientOrderId": "not good!"}, -1100, "parameter 'newClientOrderId'; legal range"),
    ({"newOrderRespType": "SHORT"}, -1130, "parameter 'newOrderRespType' is not valid"),
    ({"recvWindow": "60001"}, -1131, "recvWindow must be less than 60000"),
    (
        {"type": "LIMIT_MAKER"},
        -1106,
        "Parameter 'timeInForce' sent when not required.",
    ),
    ({"type": "MARKET", "timeInForce": "IOC"}, -1106, "'timeInForce' sent when not required."),
]


async def post(sandbox: RunningSandbox, **changes: str) -> Reply:
    """Place ORDER with changes; a value of "-" leaves the parameter out."""
    params = {name: value for name, value in (ORDER | changes).items() if value != "-"}
    return await sandbox.signed("POST", "order", params)


async def test_every_bad_order_is_refused_with_the_venues_code_and_text(
    still_sandbox: RunningSandbox,
) -> None:
    for changes, code, text in REFUSED_ORDERS:
        reply = await post(still_sandbox, **changes)
        assert (reply.status, reply.code) == (400, code), (changes, reply.body)
        assert text in str(reply.row["msg"]), changes
    assert (await still_sandbox.signed("GET", "openOrders")).body == []


async def test_a_missing_parameter_is_named(still_sandbox: RunningSandbox) -> None:
    for name in ("symbol", "side", "type", "timeInForce", "quantity", "price"):
        reply = await post(still_sandbox, **{name: "-"})
        assert reply.code == -1102
        assert f"Mandatory parameter '{name}'" in str(reply.row["msg"])


async def test_keys_clocks_and_signatures_are_checked(still_sandbox: RunningSandbox) -> None:
    sandbox, now_ms = still_sandbox, time.time_ns() // NS_PER_MS
    unknown_account = replace(sandbox.one, api_key="unknown")
    liar = replace(sandbox.one, secret=sandbox.two.secret)
    late = await sandbox.signed("GET", "account", timestamp=now_ms - 5_500)
    early = await sandbox.signed("GET", "account", timestamp=now_ms + 5_000)
    assert (late.status, late.code, late.row["msg"]) == (
        400,
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
    )
    assert early.row["msg"] == "Timestamp for this request was 1000ms ahead of the server's time."
    wide = await sandbox.signed("GET", "account", timestamp=now_ms - 5_500, recvWindow=10_000)
    assert wide.status == 200
    refused = await sandbox.signed("GET", "account", account=unknown_account)
    assert (refused.status, refused.code) == (401, -2015)
    assert (await sandbox.send("GET", "/api/v3/account", "timestamp=1")).code == -2014
    assert (await sandbox.signed("GET", "account", account=liar)).code == -1022
    key = sandbox.one.api_key
    assert (await sandbox.send("GET", "/api/v3/account", "", api_key=key)).code == -1102


async def test_the_signature_covers_the_raw_bytes_of_query_and_body(
    still_sandbox: RunningSandbox,
) -> None:
    """Parameters may be split between both; the signature is over one after the other."""
    sandbox = still_sandbox
    query = f"symbol=BTCUSDT&timestamp={time.time_ns() // NS_PER_MS}"
    body = "side=BUY&type=LIMIT_MAKER&quantity=0.001&price=59990.00&newClientOrderId=split"
    sign = signing.rest_signature(query + body, sandbox.one.secret)
    async with sandbox.http.post(
        f"{sandbox.url}/api/v3/order?{query}",
        data=f"{body}&signature={sign}",
        headers={"X-MBX-APIKEY": sandbox.one.api_key},
    ) as got:
        assert got.status == 200
    assert [row["clientOrderId"] for row in await open_orders(sandbox)] == ["split"]


async def test_unknown_parameters_of_public_requests_are_refused(
    still_sandbox: RunningSandbox,
) -> None:
    assert (await still_sandbox.get("ping", symbol="BTCUSDT")).code == -1101
    assert (await still_sandbox.get("depth", symbol="BTCUSDT", level=5)).code == -1104
    assert (await still_sandbox.get("depth")).code == -1102
    assert (await still_sandbox.get("depth", symbol="NOPE")).code == -1121
    assert (await still_sandbox.send("GET", "/api/v3/time", "a=1&a=2")).code == -1101


async def test_a_post_only_order_rests_and_can_be_cancelled(still_sandbox: RunningSandbox) -> None:
    placed = await still_sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="q1")
    assert placed.status == 200
    assert placed.row["clientOrderId"] == "q1"
    assert "executedQty" not in placed.row  # LIMIT_MAKER answers ACK unless asked for more
    found = await still_sandbox.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="q1")
    assert (found.row["status"], found.row["executedQty"]) == ("NEW", "0.00000000")
    gone = await still_sandbox.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="q1")
    assert (gone.row["status"], gone.row["origClientOrderId"]) == ("CANCELED", "q1")
    assert gone.row["clientOrderId"] != "q1"
    assert await open_orders(still_sandbox) == []


async def test_matching_engine_refusals_have_the_venues_texts(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    take = await sandbox.rest_order("BUY", "60100.00", "0.001")
    assert (take.code, take.row["msg"]) == (-2010, "Order would immediately match and take.")
    await sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="same")
    again = await sandbox.rest_order("BUY", "59980.00", "0.001", newClientOrderId="same")
    assert (again.code, again.row["msg"]) == (-2010, "Duplicate order sent.")
    gone = await sandbox.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="nobody")
    assert (gone.code, gone.row["msg"]) == (-2011, "Unknown order sent.")
    lost = await sandbox.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="nobody")
    assert (lost.code, lost.row["msg"]) == (-2013, "Order does not exist.")
    await sandbox.signed("DELETE", "openOrders", symbol="BTCUSDT")
    none = await sandbox.signed("DELETE", "openOrders", symbol="BTCUSDT")
    assert none.code == -2011


async def test_one_account_does_not_see_the_other(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    await sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="mine")
    theirs = await sandbox.signed(
        "DELETE", "order", account=sandbox.two, symbol="BTCUSDT", origClientOrderId="mine"
    )
    assert theirs.code == -2011
    assert len(await open_orders(sandbox)) == 1


async def test_response_types_say_as_much_as_was_asked_for(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    market = {"type": "MARKET", "timeInForce": "-", "price": "-", "quantity": "0.001"}
    full = await post(sandbox, **market)
    fills = full.row["fills"]
    assert isinstance(fills, list)
    assert sum(float(str(fill["qty"])) for fill in fills if isinstance(fill, dict)) == 0.001
    result = await post(sandbox, **market, newOrderRespType="RESULT")
    assert ("fills" in result.row, result.row["status"]) == (False, "FILLED")
    ack = await post(sandbox, **market, newOrderRespType="ACK")
    assert "status" not in ack.row
    listed = (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).rows
    orders = (await sandbox.signed("GET", "allOrders", symbol="BTCUSDT")).rows
    assert len({row["orderId"] for row in listed}) == len(orders) == 3


async def test_trades_are_paged_by_id_order_and_time(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    for _ in range(4):
        await post(sandbox, type="MARKET", timeInForce="-", price="-", quantity="0.0002")
    everything = (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).rows
    ids = [int(str(row["id"])) for row in everything]
    assert len(ids) == 4

    async def pick(**params: str | int) -> list[int]:
        reply = await sandbox.signed("GET", "myTrades", {"symbol": "BTCUSDT"} | params)
        return [int(str(row["id"])) for row in reply.rows]

    assert await pick(limit=2) == ids[-2:]
    assert await pick(fromId=ids[1], limit=2) == ids[1:3]
    assert await pick(orderId=int(str(everything[2]["orderId"]))) == [ids[2]]
    assert await pick(startTime=int(str(everything[0]["time"])), limit=1) == ids[:1]
    both = await sandbox.signed("GET", "myTrades", symbol="BTCUSDT", fromId=1, startTime=1)
    assert both.code == -1128


async def test_cancel_replace_stops_when_the_cancel_fails(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    await sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="old")
    params = ORDER | {"cancelReplaceMode": "STOP_ON_FAILURE", "newClientOrderId": "new"}
    done = await replace_order(sandbox, params | {"cancelOrigClientOrderId": "old"})
    assert (done.status, done.row["cancelResult"]) == (200, "SUCCESS")
    failed = await replace_order(sandbox, params | {"cancelOrigClientOrderId": "old"})
    data = failed.row["data"]
    assert isinstance(data, dict)
    assert (failed.status, failed.code) == (400, -2022)
    assert (data["cancelResult"], data["newOrderResult"]) == ("FAILURE", "NOT_ATTEMPTED")
    half = await replace_order(
        sandbox, params | {"cancelOrigClientOrderId": "new", "quantity": "90"}
    )
    data = half.row["data"]
    assert isinstance(data, dict)
    assert (half.status, half.code) == (409, -2021)
    assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
    assert await open_orders(sandbox) == []


async def test_self_trade_prevention_expires_the_side_that_was_asked_for(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    for mode, survivors in (("EXPIRE_MAKER", {"taker"}), ("EXPIRE_TAKER", {"maker"})):
        await sandbox.rest_order("BUY", "60000.50", "0.001", newClientOrderId="maker")
        await post(
            sandbox,
            side="SELL",
            price="60000.50",
            newClientOrderId="taker",
            selfTradePreventionMode=mode,
        )
        assert {row["clientOrderId"] for row in await open_orders(sandbox)} == survivors
        await sandbox.signed("DELETE", "openOrders", symbol="BTCUSDT")
    assert (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).body == []


async def test_exchange_info_announces_the_filters_and_limits_in_force(
    still_sandbox: RunningSandbox,
) -> None:
    info = (await still_sandbox.get("exchangeInfo", symbol="BTCUSDT")).row
    (symbol,) = info["symbols"] if isinstance(info["symbols"], list) else []
    assert isinstance(symbol, dict)
    filters = symbol["filters"]
    assert isinstance(filters, list)
    kinds = [row["filterType"] for row in filters if isinstance(row, dict)]
    assert kinds == [
        "PRICE_FILTER",
        "LOT_SIZE",
        "MARKET_LOT_SIZE",
        "NOTIONAL",
        "PERCENT_PRICE_BY_SIDE",
        "MAX_NUM_ORDERS",
        "MAX_NUM_ORDER_AMENDS",
    ]
    assert symbol["amendAllowed"] is True
    assert symbol["orderTypes"] == ["LIMIT", "LIMIT_MAKER", "MARKET"]
    assert (await still_sandbox.get("exchangeInfo", symbols='["BTCUSDT","BTCUSDT"]')).code == -1151


async def test_market_history_is_served(sandbox: RunningSandbox) -> None:

    async def prints() -> list[Row]:
        return (await sandbox.get("trades", symbol="BTCUSDT")).rows

    assert await eventually(prints)
    newest = int(str((await prints())[-1]["id"]))
    later = (await sandbox.get("aggTrades", symbol="BTCUSDT", fromId=str(newest))).rows
    assert later[0]["a"] == newest
    assert set(later[0]) == {"a", "p", "q", "f", "l", "T", "m", "M"}
    bars = (await sandbox.get("klines", symbol="BTCUSDT", interval="1s")).body
    assert isinstance(bars, list)
    assert bars
    price = (await sandbox.get("ticker/price", symbol="BTCUSDT")).row["price"]
    assert float(str(price)) == pytest.approx(60_000, rel=0.01)
    tickers = (await sandbox.get("ticker/bookTicker")).rows
    assert {row["symbol"] for row in tickers} == set(sandbox.server.venue.markets)
    assert (await sandbox.get("klines", symbol="BTCUSDT", interval="7m")).code == -1120


async def test_too_many_requests_are_answered_429_and_then_418(
    still_config: SandboxConfig,
) -> None:
    limits = Limits(weight_per_minute=60, orders_per_10_s=2, refusals_before_ban=2, ban_s=9)
    async with running(replace(still_config, limits=limits)) as sandbox:
        assert (await sandbox.get("ping")).headers["X-MBX-USED-WEIGHT-1M"] == "1"
        await sandbox.rest_order("BUY", "59990.00", "0.001")
        placed = await sandbox.rest_order("BUY", "59991.00", "0.001")
        assert placed.headers["X-MBX-ORDER-COUNT-10S"] == "2"
        orders = await sandbox.rest_order("BUY", "59992.00", "0.001")
        assert (orders.status, orders.code) == (429, -1015)
        replies = [await sandbox.get("exchangeInfo") for _ in range(6)]
        statuses = [reply.status for reply in replies]
        assert statuses == [200, 200, 429, 429, 418, 418]
        assert {reply.code for reply in replies[2:]} == {-1003}
        assert 1 <= int(replies[2].headers["Retry-After"]) <= 60
        assert int(replies[-1].headers["Retry-After"]) >= 8


async def open_orders(sandbox: RunningSandbox) -> list[Row]:
    return (await sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).rows


async def replace_order(sandbox: RunningSandbox, params: dict[str, str]) -> Reply:
    return await sandbox.signed("POST", "order/cancelReplace", params)
