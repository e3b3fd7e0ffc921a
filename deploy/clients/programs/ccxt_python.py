"""ccxt.pro for Python: REST, public streams and the user stream."""

import asyncio

import ccxt.pro
from report import Target, run_steps, target

SYMBOL = "XRP/USDT"
STEP_S = 30.0
SPOT_ONLY = {
    "defaultType": "spot",
    "fetchMarkets": {"types": ["spot"]},
    "fetchMargins": False,
}


def urls(at: Target) -> dict[str, object]:
    """Ccxt's address table for the sandbox; "/stream" marks a spot stream for ccxt."""
    rest = f"{at.url}/api/v3"
    stream = f"{at.ws}/stream/ws"
    sockets = {"spot": stream, "margin": stream, "ws-api": {"spot": f"{at.ws}/ws-api/v3"}}
    return {"public": rest, "private": rest, "sapi": f"{at.url}/sapi/v1", "ws": sockets}


class Session:
    """The steps, as methods."""

    def __init__(self, at: Target) -> None:
        keys = {"apiKey": at.api_key, "secret": at.secret}
        self.client = ccxt.pro.binance(keys | {"urls": {"api": urls(at)}, "options": SPOT_ONLY})
        self._far_id = ""

    async def start(self) -> str:
        """Load markets, and ask for every public statistic."""
        client = self.client
        await client.load_markets()
        fees = await client.fetch_trading_fees()
        fee = await client.fetch_trading_fee(SYMBOL)
        day = await client.fetch_ticker(SYMBOL)
        await client.fetch_tickers()
        await client.fetch_bids_asks()
        await client.fetch_last_prices()
        await client.fetch_trades(SYMBOL, limit=5)
        await client.fetch_ohlcv(SYMBOL, "1h")
        return f"{len(client.markets)} markets, {len(fees)} fees, {fee['taker']}, {day['last']}"

    async def subscribe(self) -> str:
        """Wait for an event of every public stream that ccxt has."""
        client = self.client
        async with asyncio.timeout(STEP_S):
            book = await client.watch_order_book(SYMBOL)
            ticker = await client.watch_ticker(SYMBOL)
            bars = await client.watch_ohlcv("BTC/USDT", "1m")
            trades = await client.watch_trades("BTC/USDT")
            best = await client.watch_bids_asks([SYMBOL])
        assert book["bids"]
        assert best
        return f"last {ticker['last']}, {len(bars)} bars, {len(trades)} trades"

    async def place(self) -> str:
        """Place a post-only order far below the market."""
        price = (await self.client.fetch_order_book(SYMBOL, 5))["bids"][0][0] * 0.9
        order = await self.client.create_order(
            SYMBOL, "limit", "buy", 100, price, {"postOnly": True}
        )
        self._far_id = order["id"]
        return str(order["id"])

    async def fill(self) -> str:
        """Buy for an amount of money and sell a size; see it in the user stream."""
        client = self.client
        news = asyncio.create_task(client.watch_my_trades(SYMBOL))
        await asyncio.sleep(2)
        order = await client.create_market_buy_order_with_cost(SYMBOL, 50)
        sold = await client.create_order(SYMBOL, "market", "sell", 50)
        async with asyncio.timeout(STEP_S):
            seen = await news
        found = await client.fetch_order(order["id"], SYMBOL)
        assert sold["status"] == found["status"] == "closed", (sold, found)
        assert order["cost"] <= 50
        return f"bought {order['filled']} for {order['cost']}, {len(seen)} trade in the stream"

    async def cancel(self) -> str:
        """Cancel the order that was placed."""
        gone = await self.client.cancel_order(self._far_id, SYMBOL)
        assert not await self.client.fetch_open_orders(SYMBOL)
        return str(gone["status"])

    async def balances(self) -> str:
        """Read balances and own trades."""
        balance = await self.client.fetch_balance()
        mine = await self.client.fetch_my_trades(SYMBOL)
        return f"{balance['total']['XRP']} XRP, {len(mine)} trades"


async def main() -> None:
    """Run every step."""
    session = Session(target())
    try:
        await run_steps(session)
    finally:
        await session.client.close()


asyncio.run(main())
