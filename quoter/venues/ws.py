"""A public stream that reconnects for ever and notices within seconds that its peer is gone."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from random import Random
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from quoter.venues.backoff import Backoff
from quoter.venues.config import StreamTimings

CLOSE_S_MAX = 1.0


class StreamHandler(Protocol):
    """What a reader tells; every method returns at once."""

    def opened(self) -> None:
        """Connected; the subscription is in the URL."""

    def frame(self, data: bytes) -> None:
        """One whole text message, undecoded."""

    def alive(self) -> None:
        """A ping of ours was answered."""

    def lost(self, text: str) -> None:
        """The connection ended or could not be made; another attempt follows."""


class StreamReader:
    """Reads one URL into a handler until cancelled."""

    def __init__(
        self, *, url: str, handler: StreamHandler, timings: StreamTimings, random: Random
    ) -> None:
        self._url, self._handler, self._timings = url, handler, timings
        self._backoff = Backoff(timings, random)
        self._last_frame_s = 0.0
        self._retry_after_s = 0.0

    async def run(self) -> None:
        """Connect, read, reconnect; only cancellation ends it."""
        while True:
            pause_s = max(self._backoff.pause_s(time.monotonic()), self._retry_after_s)
            await asyncio.sleep(pause_s)
            self._retry_after_s = 0.0
            started_s = time.monotonic()
            self._backoff.attempted(started_s)
            try:
                await self._connection()
            except InvalidStatus as error:
                self._retry_after_s = retry_after_s(error.response.headers.get("Retry-After"))
                text = f"handshake refused: HTTP {error.response.status_code}"
            except (WebSocketException, OSError) as error:  # TimeoutError is an OSError
                text = f"{type(error).__name__}: {error}"
            else:
                text = "ended"
            self._backoff.lived(time.monotonic() - started_s)
            self._handler.lost(text)

    async def _connection(self) -> None:
        timings = self._timings
        connecting = connect(
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
            self._handler.opened()
            self._last_frame_s = time.monotonic()
            pinger = asyncio.create_task(self._ping(socket), name="ping")
            try:
                while True:  # until the connection ends, which raises
                    data = await socket.recv(decode=False)
                    self._last_frame_s = time.monotonic()
                    self._handler.frame(data)
            finally:
                pinger.cancel()

    async def _ping(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):  # the reader hears of it too, and says so
            await self._watch(socket)

    async def _watch(self, socket: ClientConnection) -> None:
        """Ask a quiet peer for a sign of life; tear the connection down if none comes."""
        timings, missed = self._timings, 0
        while True:
            quiet_s = time.monotonic() - self._last_frame_s
            if quiet_s < timings.ping_s:
                missed = 0
                await asyncio.sleep(timings.ping_s - quiet_s)
                continue
            if await answered(await socket.ping(), timings.pong_s_max):
                missed = 0
                self._last_frame_s = time.monotonic()
                self._handler.alive()
            elif time.monotonic() - self._last_frame_s >= timings.pong_s_max:
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


def retry_after_s(header: str | None) -> float:
    """Seconds of a Retry-After header; 0 if there is none or it is a date."""
    try:
        return max(0.0, float(header or 0))
    except ValueError:
        return 0.0
