"""cryptofeed: every public channel of its Binance feed. It has no orders and no balances."""

import asyncio
from collections.abc import Awaitable, Callable

from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import CANDLES, L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Binance
from report import Target, run_steps, target

SYMBOL = "BTC-USDT"
CHANNELS = (L2_BOOK, TICKER, TRADES, CANDLES)
STEP_S = 130.0  # it passes on closed candles only, and the shortest is one minute
ROUTES = Routes("/api/v3/exchangeInfo", l2book="/api/v3/depth?symbol={}&limit={}")

type Callback = Callable[[object, float], Awaitable[None]]


class Session:
    """The two steps, as methods."""

    def __init__(self, at: Target) -> None:
        self._at = at
        self._seen = dict.fromkeys(CHANNELS, 0)
        self._complete = asyncio.Event()
        self._handler = FeedHandler()

    async def start(self) -> str:
        """Read the symbols and make the feed."""
        Binance.websocket_endpoints = [WebsocketEndpoint(self._at.ws)]
        Binance.rest_endpoints = [RestEndpoint(self._at.url, routes=ROUTES)]
        feed = Binance(
            symbols=[SYMBOL],
            channels=list(CHANNELS),
            candle_interval="1m",
            callbacks={channel: self._counted(channel) for channel in CHANNELS},
        )
        self._handler.add_feed(feed)
        return SYMBOL

    async def subscribe(self) -> str:
        """Wait for an event of each channel."""
        running = asyncio.create_task(self._handler.run_async(install_signal_handlers=False))
        late = asyncio.create_task(self._complete.wait())
        await asyncio.wait({running, late}, timeout=STEP_S, return_when=asyncio.FIRST_COMPLETED)
        self._handler.request_stop()
        await running
        assert self._complete.is_set(), self._seen
        return str(self._seen)

    def _counted(self, channel: str) -> Callback:
        async def callback(_event: object, _receipt: float) -> None:
            self._seen[channel] += 1
            if all(self._seen.values()):
                self._complete.set()

        return callback


asyncio.run(run_steps(Session(target()), ("start", "subscribe")))
