"""Unmodified ccxt.pro trades on the sandbox, configured as for a testnet."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import ccxt
import ccxt.pro
import pytest

from quoter.sandbox.config import SandboxConfig, default_config
from quoter.sim.model_markets import BITCOIN
from tests.integration.sandbox_client import END_S, RunningSandbox

ANSWER_S = 10.0
SYMBOL = "BTC/USDT"


def point(exchange: ccxt.pro.binance, sandbox: RunningSandbox) -> None:
    """Replace the testnet's addresses and choose the testnet."""
    rest, socket = f"{sandbox.url}/api/v3", f"{sandbox.ws_url}/stream/ws"
    exchange.urls["test"] = {
        "public": rest,
        "private": rest,
        "v1": f"{sandbox.url}/api/v1",
        "ws": {
            "spot": socket,
            "margin": socket,
            "ws-api": {"spot": f"{sandbox.ws_url}/ws-api/v3"},
        },
    }
    exchange.set_sandbox_mode(True)


@pytest.fixture
def sandbox_config() -> SandboxConfig:
    """There are trades, but the mid stays at 60000."""
    return replace(default_config(3), markets=(replace(BITCOIN, sigma=0.0),))


@pytest.fixture
async def client(sandbox: RunningSandbox) -> AsyncIterator[ccxt.pro.binance]:
    """A ccxt client of account one."""
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "ws": {"compress": 0}}
    exchange = ccxt.pro.binance(
        {
            "apiKey": sandbox.one.api_key,
            "secret": sandbox.one.secret,
            "enableRateLimit": False,
            "options": options,
        }
    )
    point(exchange, sandbox)
    try:
        yield exchange
    finally:
        await exchange.close()


async def test_ccxt_trades_over_rest_and_websocket(
    sandbox: RunningSandbox, client: ccxt.pro.binance
) -> None:
    """One client for all calls: constructing one takes more than a second."""
    async with asyncio.timeout(END_S):
        await reads_the_market(client)
        await makes_and_cancels(client)
        await uses_the_websocket_api(client)
        await sees_its_own_fills(sandbox, client)


async def reads_the_market(client: ccxt.pro.binance) -> None:
    markets = await client.load_markets()
    market = markets[SYMBOL]
    assert market["precision"]["price"] == 0.01
    assert market["limits"]["cost"]["min"] == 5.0
    book = await client.watch_order_book(SYMBOL)
    first = book["nonce"]
    while book["nonce"] == first:
        book = await client.watch_order_book(SYMBOL)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert (await client.watch_trades(SYMBOL))[0]["symbol"] == SYMBOL


async def makes_and_cancels(client: ccxt.pro.binance) -> None:
    params = {"postOnly": True, "clientOrderId": "first"}
    order = await client.create_order(SYMBOL, "limit", "buy", "0.001", "50000", params)
    assert order["clientOrderId"] == "first"
    assert [row["clientOrderId"] for row in await client.fetch_open_orders(SYMBOL)] == ["first"]
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await client.create_order(SYMBOL, "limit", "buy", "0.001", "70000", {"postOnly": True})
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        await client.create_order(SYMBOL, "limit", "buy", "0.001", "50000", params)
    await client.cancel_order(None, SYMBOL, {"clientOrderId": "first"})
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(None, SYMBOL, {"clientOrderId": "first"})
    for price in ("50000", "50001"):
        await client.create_order(SYMBOL, "limit", "buy", "0.001", price, {"postOnly": True})
    assert len(await client.cancel_all_orders(SYMBOL)) == 2
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_all_orders(SYMBOL)


async def uses_the_websocket_api(client: ccxt.pro.binance) -> None:
    params = {"newClientOrderId": "fast"}
    order = await client.create_order_ws(SYMBOL, "LIMIT_MAKER", "sell", "0.001", "70000", params)
    assert order["clientOrderId"] == "fast"
    done = await client.cancel_order_ws(order["id"], SYMBOL)
    assert done["status"] == "canceled"
    unified = {"postOnly": True, "clientOrderId": "slip"}
    with pytest.raises(ccxt.BadRequest, match="unknown parameter"):  # ccxt sends both spellings
        await client.create_order_ws(SYMBOL, "limit", "sell", "0.001", "70000", unified)


async def sees_its_own_fills(sandbox: RunningSandbox, client: ccxt.pro.binance) -> None:
    """Fill a part of an open order by a market order of the other account."""
    await asyncio.wait_for(watch_open(client), ANSWER_S)
    watching = asyncio.create_task(client.watch_my_trades(SYMBOL))
    maker = {"postOnly": True, "clientOrderId": "eaten"}
    await client.create_order(SYMBOL, "limit", "sell", "0.02", "60000.50", maker)
    await sandbox.signed(
        "POST",
        "order",
        account=sandbox.two,
        symbol="BTCUSDT",
        side="BUY",
        type="MARKET",
        quantity="0.012",
    )
    seen = await asyncio.wait_for(watching, ANSWER_S)
    assert (seen[0]["takerOrMaker"], seen[0]["price"]) == ("maker", 60000.5)
    order = await client.fetch_order(None, SYMBOL, {"clientOrderId": "eaten"})
    assert 0.012 <= order["filled"] <= 0.02
    listed = await client.fetch_my_trades(SYMBOL)
    truth = (await sandbox.admin("GET", f"truth?api_key={sandbox.one.api_key}")).row["trades"]
    assert isinstance(truth, list)
    ids = [str(row["id"]) for row in truth if isinstance(row, dict)]
    assert [row["id"] for row in listed] == ids[: len(listed)]
    assert seen[0]["id"] in ids


async def watch_open(client: ccxt.pro.binance) -> None:
    """Subscribe to the private stream: an order that comes and goes shows that it works."""
    watching = asyncio.create_task(client.watch_orders(SYMBOL))
    await client.fetch_balance()
    while not watching.done():
        order = await client.create_order(
            SYMBOL, "limit", "buy", "0.001", "50000", {"postOnly": True}
        )
        await client.cancel_order(order["id"], SYMBOL)
    assert watching.result()[0]["symbol"] == SYMBOL
