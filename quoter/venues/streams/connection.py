"""One websocket connection: a dead peer is left, and what waited in the socket is told as old."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from quoter.venues.boot_clock import boot_clock_s
from quoter.venues.config import StreamTimings

CLOSE_S_MAX = 1.0


class Direct(connect):
    """A connection to the address that was asked for: nobody sends us elsewhere (SE-12)."""

    def process_redirect(self, exc: Exception) -> Exception:
        """The refusal stays what it is."""
        return exc


class Link:
    """One connection: `hear` and `on_alive` may be exchanged while it lives.

    Frames and pongs that come after a stall are no sign that the market is known: the socket kept
    them while we, or the network, stood still. `on_stall` is told before anybody hears of them.
    """

    def __init__(
        self,
        *,
        url: str,
        timings: StreamTimings,
        on_open: Callable[[], None],
        hear: Callable[[bytes], None],
        on_alive: Callable[[], None],
        on_stall: Callable[[float], None],
    ) -> None:
        self._url, self._timings = url, timings
        self._on_open, self.hear, self.on_alive = on_open, hear, on_alive
        self._on_stall = on_stall
        self.is_open = False
        self._last_frame_s = 0.0
        self.task = asyncio.create_task(self._run(), name="connection")

    async def _run(self) -> None:
        """Until the connection ends, which raises."""
        timings = self._timings
        connecting = Direct(
            self._url,
            compression=None,
            proxy=None,
            ping_interval=None,  # ours says when a pong came, and gives up sooner
            open_timeout=timings.open_s_max,
            close_timeout=CLOSE_S_MAX,
            max_size=timings.frame_bytes_max,
            max_queue=timings.frames_queued_max,
        )
        async with connecting as socket:
            self.is_open = True
            self._last_frame_s = boot_clock_s()
            self._on_open()
            pinger = asyncio.create_task(self._ping(socket), name="ping")
            try:
                while True:
                    data = await socket.recv(decode=False)
                    now_s = boot_clock_s()
                    if now_s - self._last_frame_s > timings.stall_s:
                        self.look()
                    self._last_frame_s = now_s
                    self.hear(data)
            finally:
                self.is_open = False
                pinger.cancel()

    def look(self) -> None:
        """Tell of a stall that nobody has told of yet; before news from elsewhere counts."""
        now_s = boot_clock_s()
        silent_s = now_s - self._last_frame_s
        if self.is_open and silent_s > self._timings.stall_s:
            self._last_frame_s = now_s
            self._on_stall(silent_s)

    async def _ping(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):  # the reader hears of it too, and says so
            await self._watch(socket)

    async def _watch(self, socket: ClientConnection) -> None:
        """Ask a quiet peer for a sign of life; tear the connection down if none comes."""
        timings, missed = self._timings, 0
        while True:
            quiet_s = boot_clock_s() - self._last_frame_s
            if quiet_s < timings.ping_s:
                missed = 0
                await asyncio.sleep(timings.ping_s - quiet_s)
                continue
            if await answered(await socket.ping(), timings.pong_s_max):
                missed = 0
                self.look()
                self._last_frame_s = boot_clock_s()
                self.on_alive()
            elif boot_clock_s() - self._last_frame_s >= timings.pong_s_max:
                missed += 1
            if missed >= timings.pongs_missed_max:
                socket.transport.abort()  # a close handshake with a dead peer would hang
                return


async def answered(pong: Awaitable[float], timeout_s: float) -> bool:
    """Did the pong come within `timeout_s`?"""
    try:
        async with asyncio.timeout(timeout_s):
            await pong
    except TimeoutError:
        return False
    return True
