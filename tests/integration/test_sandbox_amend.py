"""Amend keep priority, as a raw client, a websocket client and unmodified ccxt send it."""

import asyncio
from collections.abc import AsyncIterator

import ccxt
import ccxt.async_support
import pytest

from tests.integration.sandbox_client import END_S, Reply, Row, RunningSandbox, user_socket

PATH = "order/amend/keepPriority"
PRICE = "60000.50"  # inside the still market's spread


async def rest(sandbox: RunningSandbox, size: str = "0.010", name: str = "rest") -> int:
    placed = await sandbox.rest_order("SELL", PRICE, size, newClientOrderId=name)
    assert placed.status == 200, placed.body
    return int(str(placed.row["orderId"]))


async def amend(sandbox: RunningSandbox, size: str, **params: str | int) -> Reply:
    return await sandbox.signed("PUT", PATH, {"symbol": "BTCUSDT", "newQty": size, **params})


async def buy(sandbox: RunningSandbox, size: str) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "IOC"}
    params = order | {"price": PRICE, "quantity": size}
    reply = await sandbox.signed("POST", "order", params, account=sandbox.two)
    assert reply.row["executedQty"] == f"{float(size):.8f}"


def amended(answer: Row) -> Row:
    row = answer["amendedOrder"]
    assert isinstance(row, dict)
    return row


async def locked(sandbox: RunningSandbox, asset: str) -> str:
    rows = (await sandbox.signed("GET", "account")).row["balances"]
    assert isinstance(rows, list)
    (row,) = (row for row in rows if isinstance(row, dict) and row["asset"] == asset)
    return str(row["locked"])


async def test_an_amended_order_is_smaller_and_still_first_in_the_queue(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    order_id = await rest(sandbox)
    behind = {"type": "LIMIT_MAKER", "side": "SELL", "symbol": "BTCUSDT", "price": PRICE}
    params = behind | {"quantity": "0.010", "newClientOrderId": "behind"}
    await sandbox.signed("POST", "order", params, account=sandbox.two)
    reply = await amend(sandbox, "0.004", orderId=order_id, newClientOrderId="smaller")
    row = amended(reply.row)
    assert (reply.status, row["orderId"], row["qty"]) == (200, order_id, "0.00400000")
    assert (row["origClientOrderId"], row["clientOrderId"]) == ("rest", "smaller")
    assert (row["status"], row["executedQty"]) == ("NEW", "0.00000000")
    assert await locked(sandbox, "BTC") == "0.00400000"
    await sandbox.signed(  # account one buys: its own order expires, so account two must not be hit
        "POST",
        "order",
        behind | {"type": "LIMIT", "timeInForce": "IOC", "side": "BUY", "quantity": "0.001"},
        selfTradePreventionMode="EXPIRE_TAKER",
    )
    assert (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).body == []
    await sandbox.signed("DELETE", "openOrders", account=sandbox.two, symbol="BTCUSDT")
    await buy(sandbox, "0.004")
    found = await sandbox.signed("GET", "order", symbol="BTCUSDT", orderId=order_id)
    assert (found.row["status"], found.row["origQty"]) == ("FILLED", "0.00400000")


async def test_amended_order_without_a_new_id_gets_a_random_one(
    still_sandbox: RunningSandbox,
) -> None:
    await rest(still_sandbox)
    first = amended((await amend(still_sandbox, "0.008", origClientOrderId="rest")).row)
    assert first["clientOrderId"] not in ("rest", "")
    lost = await amend(still_sandbox, "0.006", origClientOrderId="rest")
    assert (lost.code, lost.row["msg"]) == (-2038, "Unknown order sent.")
    name = str(first["clientOrderId"])
    kept = await amend(still_sandbox, "0.006", origClientOrderId=name, newClientOrderId=name)
    assert amended(kept.row)["clientOrderId"] == name


async def test_only_a_smaller_size_is_accepted(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    order_id = await rest(sandbox)
    await rest(sandbox, "0.001", "other")
    await buy(sandbox, "0.002")
    refusals: list[tuple[dict[str, str | int], str, int, str]] = [
        ({}, "0.011", -2038, "Order amend (quantity increase) is not supported."),
        ({}, "0.010", -2038, "The requested action would change no state; rejecting"),
        ({}, "0.002", -2038, "executed quantity"),
        ({}, "0.0000001", -1013, "Filter failure: LOT_SIZE"),
        ({}, "0", -1013, "Invalid quantity."),
        ({}, "0.00001", -1013, "Filter failure: NOTIONAL"),
        ({}, "-1", -1100, "Illegal characters found in parameter 'newQty'"),
        ({}, "", -1102, "Mandatory parameter 'newQty'"),
        ({"newClientOrderId": "other"}, "0.005", -2038, "Duplicate order sent."),
        ({"orderId": 9_999}, "0.005", -2038, "Unknown order sent."),
        ({"price": "60000.60"}, "0.005", -1104, "read '5' parameter(s) but was sent '6'"),
        ({"symbol": "NOPEUSDT"}, "0.005", -1121, "Invalid symbol."),
    ]
    for changes, size, code, text in refusals:
        reply = await amend(sandbox, size, **({"orderId": order_id} | changes))
        assert (reply.status, reply.code) == (400, code), (changes, size, reply.body)
        assert text in str(reply.row["msg"]), (changes, size)
    assert (await amend(sandbox, "0.005")).code == -1102
    found = (await sandbox.signed("GET", "order", symbol="BTCUSDT", orderId=order_id)).row
    assert (found["origQty"], found["clientOrderId"]) == ("0.01000000", "rest")


async def test_at_most_ten_amendments_of_an_order(still_sandbox: RunningSandbox) -> None:
    order_id = await rest(still_sandbox, "0.020")
    for step in range(10):
        reply = await amend(still_sandbox, f"0.0{19 - step}", orderId=order_id)
        assert reply.status == 200, (step, reply.body)
    last = await amend(still_sandbox, "0.005", orderId=order_id)
    assert (last.code, last.row["msg"]) == (-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")


async def test_amendment_is_on_the_private_stream_and_in_the_wire_log(
    still_sandbox: RunningSandbox,
) -> None:
    """Requested over the websocket; it costs weight, and no order of the order limits."""
    async with user_socket(still_sandbox) as user:
        await rest(still_sandbox)
        for _ in ("NEW", "outboundAccountPosition"):
            await user.event()
        params = {"symbol": "BTCUSDT", "origClientOrderId": "rest", "newQty": "0.004"}
        answer = await user.ask("order.amend.keepPriority", params | {"newClientOrderId": "less"})
        assert answer["status"] == 200, answer
        result, limits = answer["result"], answer["rateLimits"]
        assert isinstance(result, dict)
        assert isinstance(limits, list)
        assert [row["count"] for row in limits if isinstance(row, dict)][1:] == [1, 1]
        report, position = await user.event(), await user.event()
    assert amended(result)["qty"] == report["q"] == "0.00400000"
    assert (report["x"], report["X"]) == ("REPLACED", "NEW")
    assert report["i"] == amended(result)["orderId"]
    assert (report["c"], report["C"], report["w"]) == ("less", "rest", True)
    assert position["e"] == "outboundAccountPosition"
    entry = (await still_sandbox.admin("GET", "wire-log?since=1")).rows[0]
    assert (entry["operation"], entry["transport"]) == ("order.amend.keepPriority", "ws")
    assert (entry["size"], entry["orig_client_id"]) == ("0.004", "rest")
    assert (entry["client_id"], entry["outcome"]) == ("less", "accepted")


async def test_faults_apply_to_amendments(still_sandbox: RunningSandbox) -> None:
    order_id = await rest(still_sandbox)
    await still_sandbox.arm("error_after_accept", endpoint="amend", count=1, status=504)
    reply = await amend(still_sandbox, "0.004", orderId=order_id)
    assert (reply.status, reply.code) == (504, -1007)
    found = (await still_sandbox.signed("GET", "order", symbol="BTCUSDT", orderId=order_id)).row
    assert found["origQty"] == "0.00400000"


@pytest.fixture
async def client(still_sandbox: RunningSandbox) -> AsyncIterator[ccxt.async_support.binance]:
    """A plain ccxt client of account one."""
    exchange = ccxt.async_support.binance(
        {
            "apiKey": still_sandbox.one.api_key,
            "secret": still_sandbox.one.secret,
            "enableRateLimit": False,
            "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
        }
    )
    address = f"{still_sandbox.url}/api/v3"
    exchange.urls["test"] = {"public": address, "private": address}
    exchange.set_sandbox_mode(True)
    try:
        yield exchange
    finally:
        await exchange.close()


async def test_ccxt_amends_by_its_generic_request(
    still_sandbox: RunningSandbox, client: ccxt.async_support.binance
) -> None:
    """There is no method for it in ccxt, which signs and sends the request all the same."""
    async with asyncio.timeout(END_S):
        order_id = await rest(still_sandbox)
        params = {"symbol": "BTCUSDT", "orderId": order_id, "newQty": "0.004"}
        answer = await client.request(PATH, ["private"], "PUT", params)
        assert answer["amendedOrder"]["qty"] == "0.00400000"
        with pytest.raises(ccxt.ExchangeError, match="-2038"):
            await client.request(PATH, ["private"], "PUT", params | {"newQty": "0.5"})
        (order,) = await client.fetch_open_orders("BTC/USDT")
    assert (order["amount"], order["id"]) == (0.004, str(order_id))
