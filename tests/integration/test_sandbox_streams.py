"""The sandbox's websockets: public streams, requests over a socket, the private stream."""

from dataclasses import replace

import aiohttp
import msgspec
import pytest

from quoter.sandbox.config import Limits, SandboxConfig
from tests.integration.sandbox_client import (
    ANSWER_S,
    JsonValue,
    Row,
    RunningSandbox,
    UserSocket,
    eventually,
    running,
    user_socket,
)

MAKER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.001"}


async def receive(socket: aiohttp.ClientWebSocketResponse) -> Row:
    row: Row = msgspec.json.decode(await socket.receive_str(timeout=ANSWER_S))
    return row


async def receive_until(socket: aiohttp.ClientWebSocketResponse, name: str, value: object) -> Row:
    while True:
        row = await receive(socket)
        if row.get(name) == value:
            return row


async def test_subscriptions_change_while_the_socket_is_open(sandbox: RunningSandbox) -> None:
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/stream/ws/0") as socket:
        await socket.send_json(
            {"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms", "btcusdt@trade"], "id": 1}
        )
        assert await receive(socket) == {"result": None, "id": 1}
        first = await receive_until(socket, "e", "depthUpdate")
        second = await receive_until(socket, "e", "depthUpdate")
        assert isinstance(first["u"], int)
        assert second["U"] == first["u"] + 1
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 2})
        await receive_until(socket, "id", 2)
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 3})
        listed = await receive_until(socket, "id", 3)
        assert listed["result"] == ["btcusdt@depth@100ms"]
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@nonsense"], "id": 4})
        refused = (await receive_until(socket, "id", 4))["error"]
        assert isinstance(refused, dict)
        assert refused["code"] == 2


async def test_combined_streams_name_their_stream_and_bare_ones_do_not(
    sandbox: RunningSandbox,
) -> None:
    url = f"{sandbox.ws_url}/stream?streams=btcusdt@bookTicker/xrpusdt@depth@100ms"
    async with sandbox.http.ws_connect(url) as socket:
        names: set[JsonValue] = set()
        while names != {"btcusdt@bookTicker", "xrpusdt@depth@100ms"}:
            row = await receive(socket)
            names.add(str(row["stream"]))
            assert isinstance(row["data"], dict)
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/btcusdt@bookTicker") as socket:
        assert set(await receive(socket)) == {"u", "s", "b", "B", "a", "A"}


async def test_the_property_combined_makes_a_socket_name_its_streams(
    sandbox: RunningSandbox,
) -> None:
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/btcusdt@bookTicker") as socket:

        async def command(method: str, *params: str | bool) -> Row:
            await socket.send_json({"method": method, "params": params, "id": method})
            return await receive_until(socket, "id", method)

        assert (await command("GET_PROPERTY", "combined"))["result"] is False
        assert (await command("SET_PROPERTY", "combined", True))["result"] is None
        assert (await receive(socket))["stream"] == "btcusdt@bookTicker"
        for params, code in ((("combined", "yes"), 1), (("speed", True), 0)):
            error = (await command("SET_PROPERTY", *params))["error"]
            assert isinstance(error, dict)
            assert error["code"] == code


async def test_the_slow_depth_stream_joins_the_fast_ones(sandbox: RunningSandbox) -> None:
    """One diff a second covers the same ids as ten, without a gap."""
    url = f"{sandbox.ws_url}/ws/btcusdt@depth"
    async with sandbox.http.ws_connect(url) as socket:
        first, second = await receive(socket), await receive(socket)
    assert isinstance(first["u"], int)
    assert second["U"] == first["u"] + 1
    assert isinstance(second["u"], int)
    assert second["u"] - first["u"] > 3


async def test_socket_that_sends_too_much_is_closed(sandbox: RunningSandbox) -> None:
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws") as socket:
        for number in range(12):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        while (message := await socket.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_server_pings_and_closes_a_socket_at_its_maximum_age(
    still_config: SandboxConfig,
) -> None:
    config = replace(still_config, ping_s=0.05, disconnect_s=0.4)
    async with (
        running(config) as sandbox,
        sandbox.http.ws_connect(f"{sandbox.ws_url}/ws", autoping=False) as socket,
    ):
        pings, event_types = 0, []
        closed = aiohttp.WSMsgType.CLOSE
        while (message := await socket.receive(timeout=ANSWER_S)).type is not closed:
            if message.type is aiohttp.WSMsgType.TEXT:
                event_types.append(msgspec.json.decode(message.data)["e"])
            else:
                pings += 1
                await socket.pong(message.data)
        assert pings > 3
        assert event_types == ["serverShutdown"]


async def test_a_reader_that_never_answers_pings_is_dropped(still_config: SandboxConfig) -> None:
    async with (
        running(replace(still_config, ping_s=0.03)) as sandbox,
        sandbox.http.ws_connect(f"{sandbox.ws_url}/ws", autoping=False) as socket,
    ):
        while (message := await socket.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.PING:
            pass
        assert message.type is not aiohttp.WSMsgType.TEXT
        assert await counted(sandbox, "silent_market_socket_dropped") == 1


async def test_a_slow_reader_is_dropped_and_counted(sandbox_config: SandboxConfig) -> None:
    """It stops reading while the bounded queue of a lively market fills up."""
    config = replace(sandbox_config, limits=Limits(send_queue=1))
    async with (
        running(config) as sandbox,
        sandbox.http.ws_connect(
            f"{sandbox.ws_url}/ws/btcusdt@trade/btcusdt@bookTicker/btcusdt@aggTrade"
        ),
    ):

        async def dropped() -> JsonValue:
            return await counted(sandbox, "slow_market_socket_dropped")

        assert await eventually(dropped)


async def test_orders_are_placed_and_cancelled_over_the_socket(
    still_sandbox: RunningSandbox,
) -> None:
    async with user_socket(still_sandbox) as user:
        placed = await user.ask(
            "order.place", MAKER | {"price": "59990.00", "newClientOrderId": "w1"}
        )
        assert placed["status"] == 200
        limits = placed["rateLimits"]
        assert isinstance(limits, list)
        assert [row["count"] for row in limits if isinstance(row, dict)][1:] == [1, 1]
        gone = await user.ask("order.cancel", {"symbol": "BTCUSDT", "origClientOrderId": "w1"})
        assert result(gone)["status"] == "CANCELED"
        opened = await user.event()
        assert (opened["e"], opened["x"], opened["c"]) == ("executionReport", "NEW", "w1")
        assert (await user.event())["e"] == "outboundAccountPosition"
        closed = await user.event()
        assert (closed["x"], closed["C"], closed["X"]) == ("CANCELED", "w1", "CANCELED")
        assert closed["c"] == result(gone)["clientOrderId"]


async def test_socket_rejects_what_the_venue_rejects(still_sandbox: RunningSandbox) -> None:
    async with user_socket(still_sandbox, subscribe=False) as user:
        unknown = await user.ask("order.place", MAKER | {"price": "59990", "postOnly": "true"})
        assert error(unknown) == (400, -1103)
        take = await user.ask("order.place", MAKER | {"price": "60100.00"})
        assert error(take) == (400, -2010)
        assert error(await user.ask("order.teleport", {})) == (400, -1020)
        assert error(await user.ask("order.cancel", {"symbol": "BTCUSDT"})) == (400, -1102)
        await user.socket.send_str("{not json")
        assert error(await receive(user.socket)) == (400, -1135)
        user.account = replace(user.account, secret=still_sandbox.two.secret)
        assert error(await user.ask("account.status")) == (400, -1022)


async def answers_one_book(user: UserSocket, sandbox: RunningSandbox) -> bool:
    """Whether socket and REST answer the same depth; a level is redrawn every 50 ms."""
    depth = await user.ask("depth", {"symbol": "BTCUSDT", "limit": 5}, signed=False)
    return bool(result(depth) == (await sandbox.get("depth", symbol="BTCUSDT", limit=5)).body)


async def test_socket_answers_the_same_queries_as_rest(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    async with user_socket(sandbox, subscribe=False) as user:
        assert "serverTime" in result(await user.ask("time", signed=False))
        await eventually(lambda: answers_one_book(user, sandbox))
        await user.ask("order.place", MAKER | {"price": "59990.00", "newClientOrderId": "w2"})
        ask = {"symbol": "BTCUSDT", "origClientOrderId": "w2"}
        order = await sandbox.signed("GET", "order", ask)
        assert result(await user.ask("order.status", ask)) == order.body
        listed = await user.ask("openOrders.status", {"symbol": "BTCUSDT"})
        assert listed["result"] == [order.body]
        cleared = await user.ask("openOrders.cancelAll", {"symbol": "BTCUSDT"})
        assert isinstance(cleared["result"], list)
        assert len(cleared["result"]) == 1
        assert (await user.ask("myTrades", {"symbol": "BTCUSDT"}))["result"] == []
        quiet = await user.ask("ping", {"returnRateLimits": "false"}, signed=False)
        assert "rateLimits" not in quiet


async def test_one_subscription_per_socket_and_its_end_is_announced(
    still_sandbox: RunningSandbox,
) -> None:
    async with user_socket(still_sandbox) as user:
        assert error(await user.ask("userDataStream.subscribe.signature")) == (400, -2035)
        answer = await user.ask("userDataStream.unsubscribe", signed=False)
        assert answer["status"] == 200
        assert (await user.event())["e"] == "eventStreamTerminated"
        assert (await user.ask("userDataStream.subscribe.signature"))["status"] == 200


@pytest.mark.parametrize("size", ["0.0003", "0.001"])
async def test_maker_receives_its_fill_with_fee_and_balances(
    still_sandbox: RunningSandbox, size: str
) -> None:
    sandbox = still_sandbox
    async with user_socket(sandbox) as user:
        await sandbox.rest_order("SELL", "60000.50", "0.001", newClientOrderId="resting")
        await user.event()
        await user.event()
        taker = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": size}
        await sandbox.signed("POST", "order", taker, account=sandbox.two)
        fill, position = await user.event(), await user.event()
    assert (fill["x"], fill["m"], fill["L"]) == ("TRADE", True, "60000.50000000")
    assert fill["X"] == ("FILLED" if size == "0.001" else "PARTIALLY_FILLED")
    assert fill["l"] == f"{float(size):.8f}"
    held = position["B"]
    assert isinstance(held, list)
    assert {row["a"] for row in held if isinstance(row, dict)} == {"BTC", "USDT"}


def result(answer: Row) -> Row:
    row = answer["result"]
    assert isinstance(row, dict), answer
    return row


def error(answer: Row) -> tuple[JsonValue, JsonValue]:
    row = answer["error"]
    assert isinstance(row, dict), answer
    return answer["status"], row["code"]


async def counted(sandbox: RunningSandbox, name: str) -> JsonValue:
    counts = (await sandbox.admin("GET", "stats")).row["counts"]
    assert isinstance(counts, dict)
    return counts.get(name, 0)
