"""Our own orders and fills as the venue pushes them: one pump per stream, both or none."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random

from quoter.domain.events import FeedDown, FeedUp
from quoter.domain.market import Stream
from quoter.venues.alive import SignsOfLife
from quoter.venues.backoff import Backoff, spent_alarm
from quoter.venues.calls import Caller
from quoter.venues.ccxt_types import JsonDict
from quoter.venues.config import NowNs, StreamTimings
from quoter.venues.dialects import Dialect
from quoter.venues.guards import GuardedExchange
from quoter.venues.ports import Emit
from quoter.venues.tasks import ended
from quoter.venues.transport import Purpose, calling

POLL_S = 0.02

MUTE_POLL_S = 0.5

type Rows = Callable[[list[JsonDict], Emit], None]


class Muteness:
    """A socket that lives and says nothing of what the venue has answered elsewhere (FD-11).

    Only counts once the venue has shown that it tells of orders: some may not.
    """

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._heard_s: float | None = None
        self._expected_s: float | None = None  # since when something is due

    def restart(self) -> None:
        """A new connection owes nothing of what an older one was asked."""
        self._expected_s = None

    def heard(self, now_s: float) -> None:
        self._heard_s, self._expected_s = now_s, None

    def expect(self, asked_s: float) -> None:
        """The venue was asked at `asked_s` and has answered; news may have come before that."""
        is_told = self._heard_s is not None and self._heard_s >= asked_s
        if self._expected_s is None and not is_told:
            self._expected_s = asked_s

    def is_mute(self, now_s: float) -> bool:
        expected_s = self._expected_s
        late = expected_s is not None and now_s - expected_s > self._seconds_max
        return late and self._heard_s is not None


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
        self._mute = Muteness(timings.mute_s_max)

    async def run(self, emit: Emit, *, trades: Rows, orders: Rows) -> None:
        """FeedUp once both watches wait, FeedDown when either ends, and again."""

        def spent(text: str) -> None:
            emit(spent_alarm(self._now_ns(), Stream.PRIVATE, text))

        with calling(Purpose.READ):
            while True:
                started_s = await self._backoff.turn(spent)
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
                if await self._goes_mute(pumps):
                    return "nothing was told of an order that the venue had answered"
            return self._ending(pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await ended(*pumps)

    async def _pump(
        self, watch: Callable[[str], Awaitable[list[JsonDict]]], rows: Rows, emit: Emit
    ) -> None:
        """Nothing but wait and hand on: news between two waits would wake nobody."""
        while True:
            news = await watch(self._symbol)
            self._mute.heard(time.monotonic())
            rows(news, emit)

    def expect(self, asked_s: float) -> None:
        """The venue answered an order that was sent at `asked_s` (steady clock): news must come."""
        self._mute.expect(asked_s)

    async def _goes_mute(self, pumps: list[asyncio.Task[None]]) -> bool:
        """Wait until a pump ends (False), or nothing comes although something must (True)."""
        self._mute.restart()
        while True:
            done, _ = await asyncio.wait(
                pumps, timeout=MUTE_POLL_S, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                return False
            if self._mute.is_mute(time.monotonic()):
                return True

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
