"""Announced closes: `serverShutdown`, and some time later the connection ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import ccxt.pro
import msgspec
import pytest

from quoter.sandbox.config import SandboxConfig
from tests.integration.sandbox_client import (
    ANSWER_S,
    END_S,
    Row,
    RunningSandbox,
    eventually,
    running,
)

type Client = aiohttp.ClientWebSocketResponse

ENDPOINTS = (
    "/ws/btcusdt@depth@100ms",
    "/stream?streams=btcusdt@trade",
    "/stream/ws/0",
    "/ws-api/v3",
)


def is_announcement(row: Row) -> bool:
    """Whether the frame is a serverShutdown event of any endpoint."""
    event = row.get("data") or row.get("event") or row
    return isinstance(event, dict) and event.get("e") == "serverShutdown"


async def announcement(client: Client) -> Row:
    """Read up to the announcement and return it."""
    while True:
        row: Row = msgspec.json.decode(await client.receive_str(timeout=ANSWER_S))
        if is_announcement(row):
            return row


async def end(client: Client) -> None:
    """Read until the server closes; it announces itself only once."""
    while (message := await client.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.TEXT:
        assert not is_announcement(msgspec.json.decode(message.data))
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert client.close_code == aiohttp.WSCloseCode.GOING_AWAY


@pytest.fixture
async def clients(still_sandbox: RunningSandbox) -> AsyncIterator[dict[str, Client]]:
    """Open a connection to every endpoint."""
    async with AsyncExitStack() as stack:
        yield {
            endpoint: await stack.enter_async_context(
                still_sandbox.http.ws_connect(f"{still_sandbox.ws_url}{endpoint}")
            )
            for endpoint in ENDPOINTS
        }


async def test_every_endpoint_has_its_own_form_of_the_announcement(
    still_sandbox: RunningSandbox, clients: dict[str, Client]
) -> None:
    before_ms = time.time_ns() // 1_000_000
    reply = await still_sandbox.admin("POST", "streams/shutdown", {"in_s": 0.2})
    assert reply.body == {"notified": 4}
    forms: dict[str, Row] = {}
    for endpoint, client in clients.items():
        forms[endpoint] = await announcement(client)
    raw = forms[ENDPOINTS[0]]
    assert set(raw) == {"e", "E"}
    assert before_ms <= int(str(raw["E"])) <= time.time_ns() // 1_000_000
    combined = forms[ENDPOINTS[1]]
    assert (set(combined), combined["stream"]) == ({"stream", "data"}, "!serverShutdown")
    assert set(forms[ENDPOINTS[2]]) == {"e", "E"}
    assert set(forms[ENDPOINTS[3]]) == {"event"}
    for client in clients.values():
        await end(client)


async def test_only_sockets_open_now_and_of_the_kind_asked_for_are_ended(
    still_sandbox: RunningSandbox, clients: dict[str, Client]
) -> None:
    body = {"in_s": 0.05, "socket": "user"}
    assert (await still_sandbox.admin("POST", "streams/shutdown", body)).body == {"notified": 1}
    await announcement(clients["/ws-api/v3"])
    await end(clients["/ws-api/v3"])
    async with still_sandbox.http.ws_connect(f"{still_sandbox.ws_url}/ws-api/v3") as fresh:
        await fresh.send_json({"id": 1, "method": "ping"})
        assert (await fresh.receive_json(timeout=ANSWER_S))["status"] == 200
        await clients["/stream/ws/0"].send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        assert (await clients["/stream/ws/0"].receive_json(timeout=ANSWER_S))["id"] == 1


async def test_socket_works_until_its_announced_close(
    still_sandbox: RunningSandbox, clients: dict[str, Client]
) -> None:
    """A second, earlier close replaces the first."""
    client = clients["/ws-api/v3"]
    for in_s, notified in ((600, 4), (3, 4)):
        reply = await still_sandbox.admin("POST", "streams/shutdown", {"in_s": in_s})
        assert reply.body == {"notified": notified}
        await announcement(client)
    await client.send_json({"id": 7, "method": "ping"})
    assert (await client.receive_json(timeout=ANSWER_S))["id"] == 7
    await end(client)


async def test_invalid_close_request_is_refused(still_sandbox: RunningSandbox) -> None:
    for body in ({"in_s": -1}, {"in_s": "soon"}, {"socket": "back"}, {"after": 1}):
        assert (await still_sandbox.admin("POST", "streams/shutdown", body)).status == 400


@pytest.mark.parametrize(("notice_s", "at_least_s"), [(0.2, 0.4), (9, 0.3)])
async def test_close_at_maximum_age_is_announced_before(
    still_config: SandboxConfig, notice_s: float, at_least_s: float
) -> None:
    """Never in the first half, so that a client that reconnects at once does not loop."""
    config = replace(still_config, disconnect_s=0.6, shutdown_notice_s=notice_s)
    async with running(config) as sandbox:
        started_s = time.monotonic()
        async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws") as client:
            await announcement(client)
            notified_s = time.monotonic() - started_s
            await end(client)
            ended_s = time.monotonic() - started_s
    assert at_least_s <= notified_s < ended_s
    assert ended_s >= 0.6


async def test_ccxt_survives_the_announcement_and_the_close(still_sandbox: RunningSandbox) -> None:
    """The event is unknown to ccxt; its next watch reconnects."""
    sandbox = still_sandbox
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}
    exchange = ccxt.pro.binance({"enableRateLimit": False, "options": options})
    rest, socket = f"{sandbox.url}/api/v3", f"{sandbox.ws_url}/stream/ws"
    exchange.urls["test"] = {"public": rest, "private": rest, "ws": {"spot": socket}}
    exchange.set_sandbox_mode(True)
    try:
        async with asyncio.timeout(END_S):
            await exchange.load_markets()
            watching = asyncio.create_task(exchange.watch_trades("BTC/USDT"))
            await eventually(lambda: opened(sandbox, 1))
            await sandbox.admin("POST", "streams/shutdown", {"in_s": 0.1})
            with pytest.raises(ccxt.pro.NetworkError):
                await watching
            watching = asyncio.create_task(exchange.watch_trades("BTC/USDT"))
            await eventually(lambda: opened(sandbox, 2))
            taker = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
            while not watching.done():
                await sandbox.signed("POST", "order", taker)
            assert watching.result()[0]["symbol"] == "BTC/USDT"
    finally:
        await exchange.close()


async def opened(sandbox: RunningSandbox, count: int) -> bool:
    counts = (await sandbox.admin("GET", "stats")).row["counts"]
    assert isinstance(counts, dict)
    return counts.get("market_sockets_opened") == count
