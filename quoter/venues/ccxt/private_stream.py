"""The private stream, through two ccxt watches (our orders, our fills): both run or neither.

ccxt keeps one socket per client object, so a planned handover (FD-07) uses a second client. Its
watches are connected before those of the first end. Events that both deliver are duplicates, which
the engine ignores.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from quoter.domain.events import FeedDown, FeedUp
from quoter.domain.market import Stream
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import RequestSender
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs, StreamTimings
from quoter.venues.egress.gate import Purpose, declare_call
from quoter.venues.ports import Emit
from quoter.venues.profiles import VenueProfile
from quoter.venues.streams.backoff import Backoff, attempts_exhausted_alarm
from quoter.venues.streams.silent_stream import SilentStreamDetector
from quoter.venues.streams.stall_detector import StallDetector
from quoter.venues.supervised_tasks import wait_ended

POLL_S = 0.02
SILENCE_POLL_S = 0.5
OVERLAP_S = 3.0  # both connections are read for this long: events may still come on the old one
CLOSE_S_MAX = 3.0

type HandleRows = Callable[[list[JsonDict], Emit], None]


@dataclass(frozen=True, slots=True)
class PrivateConnection:
    """A ccxt client and the tasks that await its watches."""

    client: GuardedExchange
    watches: list[asyncio.Task[None]]

    @property
    def is_over(self) -> bool:
        """Whether one of the watches has ended."""
        return any(watch.done() for watch in self.watches)

    async def end(self) -> None:
        """Cancel the watches and disconnect the callbacks."""
        self.client.on_frame = self.client.on_close_announced = None
        for watch in self.watches:
            watch.cancel()
        await wait_ended(*self.watches)


class PrivateStream:
    """Runs ccxt's two private watches until cancelled, reconnecting with jittered back-off."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        make_second: Callable[[], GuardedExchange],
        sender: RequestSender,
        symbol: str,
        profile: VenueProfile,
        timings: StreamTimings,
        stall_s: float,
        now_ns: NowNs,
        random: Random,
    ) -> None:
        """Read from `client`, and after each handover from a client that `make_second` returns.

        Clients from `make_second` are for the same account; they are closed here after use.
        """
        self._own, self._client, self._make_second = client, client, make_second
        self._sender, self._symbol = sender, symbol
        self._profile, self._timings, self._now_ns = profile, timings, now_ns
        self._stall_s = stall_s
        self._backoff = Backoff(timings, random)
        self._silent_stream = SilentStreamDetector(timings.silent_s_max)
        self._active: PrivateConnection | None = None
        self._handover_requested = asyncio.Event()
        self.handovers = 0

    async def run(self, emit: Emit, *, trades: HandleRows, orders: HandleRows) -> None:
        """Emit FeedUp once both watches are subscribed, and FeedDown when either ends; repeat.

        `trades` and `orders` get the rows of the two watches, and emit their events.
        """
        with declare_call(Purpose.READ):
            try:
                while True:
                    started_s = await self._wait_for_attempt(emit)
                    text = await self._read_until_lost(emit, trades, orders)
                    self._backoff.connection_ended(time.monotonic() - started_s)
                    self._client.drop_sockets(text)
                    emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.PRIVATE, text=text))
            finally:
                await self._release(self._client)

    def expect(self, asked_s: float) -> None:
        """Expect an event: the venue answered an order sent at `asked_s` (monotonic clock, s)."""
        self._silent_stream.expect(asked_s)

    async def _wait_for_attempt(self, emit: Emit) -> float:
        def on_exhausted(text: str) -> None:
            emit(attempts_exhausted_alarm(self._now_ns(), Stream.PRIVATE, text))

        return await self._backoff.wait_for_attempt(on_exhausted)

    async def _read_until_lost(self, emit: Emit, trades: HandleRows, orders: HandleRows) -> str:
        """Serve one connection and its successors; return why the last one ended."""
        first = await self._open(self._client, emit, trades, orders)
        if isinstance(first, str):
            return first
        self._active = first
        emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.PRIVATE))
        self._attach(first, emit)
        self._handover_requested.clear()
        replacer = asyncio.create_task(
            self._replace_when_due(emit, trades, orders), name="private handover"
        )
        try:
            return await self._wait_until_over()
        finally:
            replacer.cancel()
            await wait_ended(replacer)
            if self._active is not None:
                await self._active.end()
            self._active = None

    async def _open(
        self, client: GuardedExchange, emit: Emit, trades: HandleRows, orders: HandleRows
    ) -> PrivateConnection | str:
        """Open the private stream on this client.

        Return the connection with its watches, or the text of the error.
        """
        try:
            async with asyncio.timeout(self._timings.open_s_max):
                if self._profile.authenticates_first:
                    await client.authenticate({"type": "spot"})
        except Exception as error:  # noqa: BLE001 - any error means: not connected
            return self._sender.describe_error(error)
        watches = (
            (client.watch_my_trades, trades, "fills"),
            (client.watch_orders, orders, "orders"),
        )
        connection = PrivateConnection(
            client,
            [
                asyncio.create_task(self._watch(watch, handle, emit), name=name)
                for watch, handle, name in watches
            ],
        )
        is_open = False
        try:
            is_open = await self._is_subscribed(connection)
            return connection if is_open else self._end_reason(connection)
        finally:
            if not is_open:
                await connection.end()

    def _attach(self, connection: PrivateConnection, emit: Emit) -> None:
        """Make this the connection whose stalls and announced end are reported."""

        def on_stall(text: str) -> None:
            """Report the stream as lost and back, so that the engine lists orders before it quotes.

            Events sent during the stall may still wait in the socket.
            """
            emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.PRIVATE, text=text))
            emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.PRIVATE))

        connection.client.on_frame = StallDetector(
            now_ns=self._now_ns, stall_s=self._stall_s, on_stall=on_stall
        )
        connection.client.on_close_announced = self._handover_requested.set

    async def _watch(
        self, watch: Callable[[str], Awaitable[list[JsonDict]]], handle: HandleRows, emit: Emit
    ) -> None:
        """Pass rows on without any other await: ccxt would lose events between two watches."""
        while True:
            rows = await watch(self._symbol)
            self._silent_stream.received(time.monotonic())
            handle(rows, emit)

    async def _wait_until_over(self) -> str:
        """Wait until the active watches end or the stream is silent; return the reason."""
        self._silent_stream.restart()
        while (active := self._active) is not None:
            await asyncio.wait(
                active.watches, timeout=SILENCE_POLL_S, return_when=asyncio.FIRST_COMPLETED
            )
            if active is not self._active:
                continue
            if active.is_over:
                return self._end_reason(active)
            if self._silent_stream.is_silent(time.monotonic()):
                return "no private event followed an order that the venue had answered"
        raise AssertionError("unreachable: only _read_until_lost resets the active connection")

    async def _replace_when_due(self, emit: Emit, trades: HandleRows, orders: HandleRows) -> None:
        """Hand over when the connection is old enough or its end is announced; repeat."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timings.handover_s):
                    await self._handover_requested.wait()
            self._handover_requested.clear()
            while not await self._try_handover(emit, trades, orders):
                pass  # every attempt waits for the back-off and counts against the attempt limit

    async def _try_handover(self, emit: Emit, trades: HandleRows, orders: HandleRows) -> bool:
        """Make one attempt; return whether another client's watches took over."""
        await self._wait_for_attempt(emit)
        client = self._make_second()
        second: PrivateConnection | str = "not yet"
        first = self._active
        try:
            second = await self._open(client, emit, trades, orders)
            if isinstance(second, str) or first is None or first.is_over:
                return False  # events may be missing since the first one ended
            self._active, self._client = second, client
        finally:
            if self._client is not client:
                if isinstance(second, PrivateConnection):
                    await second.end()
                await self._release(client)
        self._attach(second, emit)
        first.client.on_frame = first.client.on_close_announced = None
        self._backoff.reset()
        self.handovers += 1
        try:
            await asyncio.sleep(OVERLAP_S)
        finally:
            await first.end()
            await self._release(first.client)
        return True

    async def _release(self, client: GuardedExchange) -> None:
        """Close a client's sockets; the gateway's own client stays usable for requests."""
        client.drop_sockets("replaced")
        if client is not self._own:
            with suppress(Exception):  # ccxt's own close may hang on a dead peer
                async with asyncio.timeout(CLOSE_S_MAX):
                    await client.close()

    async def _is_subscribed(self, connection: PrivateConnection) -> bool:
        """Wait until every socket has answered the last message sent to it; False if one does not.

        An earlier answer is no proof: it may answer a login that precedes the subscriptions.
        """
        deadline_s = time.monotonic() + self._timings.open_s_max
        was_answered = False  # at the last poll: a subscription may follow an answer at once
        while time.monotonic() < deadline_s and not connection.is_over:
            await asyncio.sleep(POLL_S)
            # Kraken's `authenticate` keeps its token in a websocket that it never connects
            clients = [
                client
                for client in connection.client.clients.values()
                if client.connecting or client.connection is not None
            ]
            is_answered = bool(clients) and all(client.is_answered for client in clients)
            if is_answered and was_answered:
                return True
            was_answered = is_answered
        return False

    def _end_reason(self, connection: PrivateConnection) -> str:
        """Return why a watch ended.

        ccxt also cancels futures itself, which is an end like an error.
        """
        for watch in connection.watches:
            if watch.done():
                error = None if watch.cancelled() else watch.exception()
                return self._sender.describe_error(error or "ccxt cancelled the watch")
        return "the private stream never answered"
