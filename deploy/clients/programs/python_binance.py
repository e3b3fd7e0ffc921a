"""python-binance: AsyncClient, BinanceSocketManager, and the user stream of the websocket API."""

import asyncio

from binance import AsyncClient, BinanceSocketManager
from report import Target, run_steps, target

SYMBOL = "XRPUSDT"
STEP_S = 30.0
STREAMS = ("kline_1m", "ticker", "miniTicker", "depth5", "depth20@100ms", "avgPrice", "depth")


class Session:
    """The steps, as methods."""

    def __init__(self, at: Target) -> None:
        # The package has its addresses as attributes, some of classes and some of instances.
        AsyncClient.API_URL = f"{at.url}/api"
        AsyncClient.MARGIN_API_URL = f"{at.url}/sapi"
        self.client = AsyncClient(at.api_key, at.secret)
        self.client.ws_api._url = f"{at.ws}/ws-api/v3"  # noqa: SLF001 - it has no other way
        self._sockets = BinanceSocketManager(self.client)
        self._sockets.STREAM_URL = f"{at.ws}/"
        self._far_id = 0

    async def start(self) -> str:
        """Ask for everything that is public, and for fees and limits."""
        client = self.client
        await client.ping()
        info = await client.get_exchange_info()
        ticker = await client.get_ticker(symbol=SYMBOL)
        average = await client.get_avg_price(symbol=SYMBOL)
        await client.get_historical_trades(symbol=SYMBOL, limit=5)
        await client.get_klines(symbol=SYMBOL, interval="4h")
        await client.get_ui_klines(symbol=SYMBOL, interval="1d")
        await client.get_trade_fee(symbol=SYMBOL)
        await client.get_current_order_count()
        return f"{len(info['symbols'])} symbols, {ticker['lastPrice']}, {average['price']}"

    async def subscribe(self) -> str:
        """Wait for an event of each stream."""
        missing = {f"{SYMBOL.lower()}@{name}" for name in STREAMS} | {"!ticker@arr"}
        async with asyncio.timeout(STEP_S):
            async with self._sockets.multiplex_socket(sorted(missing)) as socket:
                while missing:
                    event = await socket.recv()
                    assert "stream" in event, event
                    missing.discard(event["stream"])
        return f"{len(STREAMS) + 1} streams"

    async def place(self) -> str:
        """Place a post-only order far below the market."""
        best = await self.client.get_orderbook_ticker(symbol=SYMBOL)
        price = f"{float(best['bidPrice']) * 0.9:.3f}"
        order = await self.client.create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT_MAKER", quantity="100", price=price
        )
        self._far_id = order["orderId"]
        return str(self._far_id)

    async def fill(self) -> str:
        """Buy over REST for an amount of money, see it in the user stream; sell over the socket."""
        client = self.client
        async with asyncio.timeout(STEP_S), self._sockets.user_socket() as user:
            await asyncio.sleep(1)
            order = await client.order_market_buy(symbol=SYMBOL, quoteOrderQty="50")
            while (event := await user.recv()).get("x") != "TRADE":
                assert "error" not in event, event
        sold = await client.ws_create_order(
            symbol=SYMBOL, side="SELL", type="MARKET", quantity="50"
        )
        assert sold["status"] == order["status"] == "FILLED", (order, sold)
        return f"{order['executedQty']} bought, {event['x']} in the user stream"

    async def cancel(self) -> str:
        """Cancel the order that was placed, if it is still new."""
        gone = await self.client.cancel_order(
            symbol=SYMBOL, orderId=self._far_id, cancelRestrictions="ONLY_NEW"
        )
        assert not await self.client.get_open_orders(symbol=SYMBOL)
        return str(gone["status"])

    async def balances(self) -> str:
        """Read the account."""
        await self.client.get_account()
        balance = await self.client.get_asset_balance(asset="XRP")
        return f"{balance['free']} XRP"


async def main() -> None:
    """Run every step."""
    session = Session(target())
    try:
        await run_steps(session)
    finally:
        await session.client.close_connection()


asyncio.run(main())
