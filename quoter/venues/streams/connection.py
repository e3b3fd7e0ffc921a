"""One websocket connection that detects a dead peer, and reports a stall before late frames."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from quoter.venues.boot_clock import boot_clock_s
from quoter.venues.config import StreamTimings

CLOSE_S_MAX = 1.0


class NoRedirectConnect(connect):
    """A connection to the requested address only; redirects are refused (SE-12)."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Return the server's refusal unchanged instead of following the redirect."""
        return exc


class Connection:
    """One connection; its callback `on_frame` may be replaced while it is open.

    A frame that is read after a stall may be old: the socket buffered it while this process, or the
    network, did not run. `on_stall` is called before such a frame.
    """

    def __init__(
        self,
        *,
        url: str,
        timings: StreamTimings,
        on_open: Callable[[], None],
        on_frame: Callable[[bytes], None],
        on_stall: Callable[[float], None],
    ) -> None:
        self._url, self._timings = url, timings
        self._on_open, self.on_frame = on_open, on_frame
        self._on_stall = on_stall
        self.is_open = False
        self._last_frame_s = 0.0
        self.task = asyncio.create_task(self._run(), name="connection")

    async def _run(self) -> None:
        """Read until the connection ends, which raises."""
        timings = self._timings
        connecting = NoRedirectConnect(
            self._url,
            compression=None,
            proxy=None,
            # `_ping` handles pongs, and ends the connection sooner than the library would
            ping_interval=None,
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
                        self.check_stall()
                    self._last_frame_s = now_s
                    self.on_frame(data)
            finally:
                self.is_open = False
                pinger.cancel()

    def check_stall(self) -> None:
        """Call `on_stall` once if nothing was read for longer than the limit."""
        now_s = boot_clock_s()
        silent_s = now_s - self._last_frame_s
        if self.is_open and silent_s > self._timings.stall_s:
            self._last_frame_s = now_s
            self._on_stall(silent_s)

    async def _ping(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):  # `_run` gets and reports the same error
            await self._ping_when_quiet(socket)

    async def _ping_when_quiet(self, socket: ClientConnection) -> None:
        """Ping a quiet peer; abort the connection when too many pongs in a row are missing."""
        timings, missed = self._timings, 0
        while True:
            quiet_s = boot_clock_s() - self._last_frame_s
            if quiet_s < timings.ping_s:
                missed = 0
                await asyncio.sleep(timings.ping_s - quiet_s)
                continue
            if await pong_received(await socket.ping(), timings.pong_s_max):
                missed = 0
                self.check_stall()
                self._last_frame_s = boot_clock_s()
            elif boot_clock_s() - self._last_frame_s >= timings.pong_s_max:
                missed += 1
            if missed >= timings.pongs_missed_max:
                socket.transport.abort()  # a close handshake with a dead peer would hang
                return


async def pong_received(pong: Awaitable[float], timeout_s: float) -> bool:
    """Whether the pong arrives within `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            await pong
    except TimeoutError:
        return False
    return True
