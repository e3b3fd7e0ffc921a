"""Our own orders and fills as the venue pushes them: one pump per stream, both or none.

ccxt keeps one socket per client object, so a planned roll (FD-07) takes a second client: its
watches wait before the first one's end, and what both tell is no news the second time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from quoter.domain.events import FeedDown, FeedUp
from quoter.domain.market import Stream
from quoter.venues.ccxt.calls import Caller
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs, StreamTimings
from quoter.venues.egress.gate import Purpose, calling
from quoter.venues.ports import Emit
from quoter.venues.profiles import VenueProfile
from quoter.venues.streams.backoff import Backoff, attempts_exhausted_alarm
from quoter.venues.streams.liveness import LivenessReporter
from quoter.venues.streams.silent_stream import SilentStreamDetector
from quoter.venues.supervised_tasks import ended

POLL_S = 0.02
MUTE_POLL_S = 0.5
OVERLAP_S = 3.0  # both connections are heard so long: what is on its way on the old one arrives
CLOSE_S_MAX = 3.0

type Rows = Callable[[list[JsonDict], Emit], None]


@dataclass(frozen=True, slots=True)
class Watches:
    """One connection: a ccxt client and the tasks that wait on it."""

    client: GuardedExchange
    pumps: list[asyncio.Task[None]]

    @property
    def is_over(self) -> bool:
        return any(pump.done() for pump in self.pumps)

    async def end(self) -> None:
        """Nobody hears of it any more."""
        self.client.alive = self.client.goodbye = None
        for pump in self.pumps:
            pump.cancel()
        await ended(*self.pumps)


class PrivateStream:
    """Runs ccxt's two private watches until cancelled, reconnecting with jitter."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        twin: Callable[[], GuardedExchange],
        caller: Caller,
        symbol: str,
        dialect: VenueProfile,
        timings: StreamTimings,
        stall_s: float,
        now_ns: NowNs,
        random: Random,
    ) -> None:
        """`twin` makes another client of the same account, which is closed here when it is old."""
        self._own, self._client, self._twin = client, client, twin
        self._caller, self._symbol = caller, symbol
        self._dialect, self._timings, self._now_ns = dialect, timings, now_ns
        self._stall_s = stall_s
        self._backoff = Backoff(timings, random)
        self._mute = SilentStreamDetector(timings.silent_s_max)
        self._active: Watches | None = None
        self._wants_roll = asyncio.Event()
        self.handovers = 0

    async def run(self, emit: Emit, *, trades: Rows, orders: Rows) -> None:
        """FeedUp once both watches wait, FeedDown when either ends, and again."""
        with calling(Purpose.READ):
            try:
                while True:
                    started_s = await self._turn(emit)
                    text = await self._connection(emit, trades, orders)
                    self._backoff.lived(time.monotonic() - started_s)
                    self._client.drop_sockets(text)
                    emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.PRIVATE, text=text))
            finally:
                await self._let_go(self._client)

    async def _turn(self, emit: Emit) -> float:
        def spent(text: str) -> None:
            emit(attempts_exhausted_alarm(self._now_ns(), Stream.PRIVATE, text))

        return await self._backoff.turn(spent)

    async def _connection(self, emit: Emit, trades: Rows, orders: Rows) -> str:
        """From the first watches to the last that took over unseen; how it ended."""
        first = await self._open(self._client, emit, trades, orders)
        if isinstance(first, str):
            return first
        self._active = first
        emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.PRIVATE))
        self._listen(first, emit)
        self._wants_roll.clear()
        roller = asyncio.create_task(self._roll(emit, trades, orders), name="private roll")
        try:
            return await self._life()
        finally:
            roller.cancel()
            await ended(roller)
            if self._active is not None:
                await self._active.end()
            self._active = None

    async def _open(
        self, client: GuardedExchange, emit: Emit, trades: Rows, orders: Rows
    ) -> Watches | str:
        """Watches that wait on a socket that has answered, or why there are none."""
        try:
            async with asyncio.timeout(self._timings.open_s_max):
                if self._dialect.signs_in_first:
                    await client.authenticate({"type": "spot"})
        except Exception as error:  # noqa: BLE001 - any trouble means: not connected
            return self._caller.text(error)
        found = (
            (client.watch_my_trades, trades, "fills"),
            (client.watch_orders, orders, "orders"),
        )
        watches = Watches(
            client,
            [
                asyncio.create_task(self._pump(watch, rows, emit), name=name)
                for watch, rows, name in found
            ],
        )
        is_open = False
        try:
            is_open = await self._subscribed(watches)
            return watches if is_open else self._ending(watches)
        finally:
            if not is_open:
                await watches.end()

    def _listen(self, watches: Watches, emit: Emit) -> None:
        """These watches are the stream: their silence and their end count."""

        def stalled(text: str) -> None:
            """News may wait behind this frame: the lists are asked for before we quote again."""
            emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.PRIVATE, text=text))
            emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.PRIVATE))

        watches.client.alive = LivenessReporter(
            emit=emit,
            stream=Stream.PRIVATE,
            now_ns=self._now_ns,
            stall_s=self._stall_s,
            on_stall=stalled,
        )
        watches.client.goodbye = self._wants_roll.set

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

    async def _life(self) -> str:
        """Wait until the active watches end, or nothing comes although something must."""
        self._mute.restart()
        while (active := self._active) is not None:
            await asyncio.wait(
                active.pumps, timeout=MUTE_POLL_S, return_when=asyncio.FIRST_COMPLETED
            )
            if active is not self._active:
                continue
            if active.is_over:
                return self._ending(active)
            if self._mute.is_mute(time.monotonic()):
                return "nothing was told of an order that the venue had answered"
        raise AssertionError("unreachable: only _connection takes the watches away")

    async def _roll(self, emit: Emit, trades: Rows, orders: Rows) -> None:
        """Replace the connection when it grows old or is told of its end, as often as needed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timings.handover_s):
                    await self._wants_roll.wait()
            self._wants_roll.clear()
            while not await self._take_over(emit, trades, orders):
                pass  # every attempt waits for its turn and counts against the budget

    async def _take_over(self, emit: Emit, trades: Rows, orders: Rows) -> bool:
        """One attempt: do the watches of another client wait before ours end?"""
        await self._turn(emit)
        client = self._twin()
        second: Watches | str = "not yet"
        first = self._active
        try:
            second = await self._open(client, emit, trades, orders)
            if isinstance(second, str) or first is None or first.is_over:
                return False  # what an ended one missed, only a reconnect fetches
            self._active, self._client = second, client
        finally:
            if self._client is not client:
                if isinstance(second, Watches):
                    await second.end()
                await self._let_go(client)
        self._listen(second, emit)
        first.client.alive = first.client.goodbye = None
        self._backoff.planned()
        self.handovers += 1
        try:
            await asyncio.sleep(OVERLAP_S)
        finally:
            await first.end()
            await self._let_go(first.client)
        return True

    async def _let_go(self, client: GuardedExchange) -> None:
        """Close the sockets of a client; the gateway's own goes on sending requests."""
        client.drop_sockets("replaced")
        if client is not self._own:
            with suppress(Exception):  # ccxt's own close may hang on a dead peer
                async with asyncio.timeout(CLOSE_S_MAX):
                    await client.close()

    async def _subscribed(self, watches: Watches) -> bool:
        """Wait until both watches wait on a socket that has answered; False if it never does."""
        deadline_s = time.monotonic() + self._timings.open_s_max
        while time.monotonic() < deadline_s and not watches.is_over:
            await asyncio.sleep(POLL_S)
            clients = list(watches.client.clients.values())
            if clients and all(client.last_message_at is not None for client in clients):
                return True
        return False

    def _ending(self, watches: Watches) -> str:
        """Why it ended: ccxt also cancels its futures, which is not our own cancellation."""
        for pump in watches.pumps:
            if pump.done():
                error = None if pump.cancelled() else pump.exception()
                return self._caller.text(error or "ccxt cancelled the watch")
        return "the private stream never answered"
