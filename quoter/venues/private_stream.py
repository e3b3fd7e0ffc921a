"""Our own orders and fills as the venue pushes them: one pump per stream, both or none."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random

from quoter.domain.events import FeedDown, FeedUp
from quoter.domain.market import Stream
from quoter.venues.alive import SignsOfLife
from quoter.venues.backoff import Backoff
from quoter.venues.calls import Caller
from quoter.venues.ccxt_types import JsonDict
from quoter.venues.config import NowNs, StreamTimings
from quoter.venues.dialects import Dialect
from quoter.venues.guards import GuardedExchange
from quoter.venues.ports import Emit
from quoter.venues.transport import Purpose, calling

POLL_S = 0.02

type Rows = Callable[[list[JsonDict], Emit], None]


class PrivateStream:
    """Runs ccxt's two private watches until cancelled, reconnecting with jitter."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        caller: Caller,
        symbol: str,
        dialect: Dialect,
        timings: StreamTimings,
        now_ns: NowNs,
        random: Random,
    ) -> None:
        self._client, self._caller, self._symbol = client, caller, symbol
        self._dialect, self._timings, self._now_ns = dialect, timings, now_ns
        self._backoff = Backoff(timings, random)

    async def run(self, emit: Emit, *, trades: Rows, orders: Rows) -> None:
        """FeedUp once both watches wait, FeedDown when either ends, and again."""
        with calling(Purpose.READ):
            while True:
                await asyncio.sleep(self._backoff.pause_s(time.monotonic()))
                started_s = time.monotonic()
                self._backoff.attempted(started_s)
                text = await self._connection(emit, trades, orders)
                self._backoff.lived(time.monotonic() - started_s)
                self._client.alive = None
                self._client.drop_sockets(text)
                emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.PRIVATE, text=text))

    async def _connection(self, emit: Emit, trades: Rows, orders: Rows) -> str:
        """One life of the private socket; how it ended."""
        try:
            async with asyncio.timeout(self._timings.open_s_max):
                if self._dialect.signs_in_first:
                    await self._client.authenticate({"type": "spot"})
        except Exception as error:  # noqa: BLE001 - any trouble means: not connected
            return self._caller.text(error)
        watches = (
            (self._client.watch_my_trades, trades, "fills"),
            (self._client.watch_orders, orders, "orders"),
        )
        pumps = [
            asyncio.create_task(self._pump(watch, rows, emit), name=name)
            for watch, rows, name in watches
        ]
        try:
            if await self._subscribed(pumps):
                emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.PRIVATE))
                self._client.alive = SignsOfLife(
                    emit=emit, stream=Stream.PRIVATE, now_ns=self._now_ns
                )
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            return self._ending(pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self, watch: Callable[[str], Awaitable[list[JsonDict]]], rows: Rows, emit: Emit
    ) -> None:
        """Nothing but wait and hand on: news between two waits would wake nobody."""
        while True:
            rows(await watch(self._symbol), emit)

    async def _subscribed(self, pumps: list[asyncio.Task[None]]) -> bool:
        """Wait until both watches wait on a socket that has answered; False if it never does."""
        deadline_s = time.monotonic() + self._timings.open_s_max
        while time.monotonic() < deadline_s and not any(pump.done() for pump in pumps):
            await asyncio.sleep(POLL_S)
            clients = list(self._client.clients.values())
            if clients and all(client.last_message_at is not None for client in clients):
                return True
        return False

    def _ending(self, pumps: list[asyncio.Task[None]]) -> str:
        """Why it ended: ccxt also cancels its futures, which is not our own cancellation."""
        for pump in pumps:
            if pump.done():
                error = None if pump.cancelled() else pump.exception()
                return self._caller.text(error or "ccxt cancelled the watch")
        return "the private stream never answered"
