"""A public websocket stream that reconnects without limit and detects a dead peer in seconds.

Before the planned end of a connection, a second one is opened. It takes over where the frames of
both overlap, so that the stream is not interrupted (FD-07).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Protocol

from websockets.exceptions import InvalidStatus, WebSocketException

from quoter.venues.config import StreamTimings
from quoter.venues.retry_after import retry_after_s
from quoter.venues.streams.backoff import Backoff
from quoter.venues.streams.connection import Connection
from quoter.venues.supervised_tasks import retrieve_errors, wait_ended

# frames of a second connection that are kept until it overlaps the first
OVERLAP_FRAMES_MAX = 10_000
OVERLAP_S_MAX = 60.0  # a second connection that does not overlap within this time is closed


class StreamHandler(Protocol):
    """Receiver of a stream's data and state changes; every method returns at once."""

    def on_open(self) -> None:
        """Handle a new connection; the subscription is in the URL."""

    def on_frame(self, data: bytes) -> None:
        """Handle one whole text message, undecoded."""

    def trim_overlap(self, frames: deque[bytes]) -> bool:
        """Drop known frames from the front; return whether the rest follows without a gap.

        `frames`: of a second connection. Later frames may be known too.
        """

    def on_stall(self, silent_s: float) -> None:
        """Handle a stall of `silent_s` seconds: frames after it may be old."""

    def on_lost(self, text: str) -> None:
        """Handle the end or failure of a connection; another attempt follows."""

    def on_attempts_exhausted(self, text: str) -> None:
        """Handle that the attempt limit delays the next attempt; `text` names the limit."""


class StreamReader:
    """Reads one URL into a handler until cancelled."""

    def __init__(
        self, *, url: str, handler: StreamHandler, timings: StreamTimings, random: Random
    ) -> None:
        self._url, self._handler, self._timings = url, handler, timings
        self._backoff = Backoff(timings, random)
        self._retry_after_s = 0.0
        self._active: Connection | None = None
        self._standby: Connection | None = None  # connected, not yet the active one
        self._overlap: deque[bytes] = deque(maxlen=OVERLAP_FRAMES_MAX)
        self._handover_requested = asyncio.Event()
        self._handed_over = asyncio.Event()
        self._end_reason = "ended"
        self.handovers = 0

    def request_handover(self) -> None:
        """Replace the connection while it still works: the venue has announced its end."""
        self._handover_requested.set()

    def reconnect(self, text: str) -> None:
        """Close the active connection; `run` opens another. `text`: the reason."""
        if self._active is not None:
            self._end_reason = text
            self._active.task.cancel()

    def check_stall(self) -> None:
        """Report a stall that the next frame would show; call before using other data."""
        if self._active is not None:
            self._active.check_stall()

    async def run(self) -> None:
        """Connect, read, reconnect; only cancellation ends it."""
        while True:
            started_s = await self._wait_for_attempt()
            try:
                await self._read_until_lost()
            except InvalidStatus as error:
                self._note_refusal(error)
                text = f"handshake refused: HTTP {error.response.status_code}"
            except (WebSocketException, OSError) as error:  # TimeoutError is an OSError
                text = f"{type(error).__name__}: {error}"
            else:
                text, self._end_reason = self._end_reason, "ended"
            self._backoff.connection_ended(time.monotonic() - started_s)
            self._handler.on_lost(text)

    async def _wait_for_attempt(self) -> float:
        """Wait until an attempt is due, count it, return its time (monotonic clock, s)."""
        pause_s, self._retry_after_s = self._retry_after_s, 0.0
        return await self._backoff.wait_for_attempt(
            self._handler.on_attempts_exhausted, pause_s_min=pause_s
        )

    def _note_refusal(self, error: InvalidStatus) -> None:
        self._retry_after_s = retry_after_s(error.response.headers.get("Retry-After"))

    async def _read_until_lost(self) -> None:
        """Serve one connection and its successors. Raises the error of the last one."""
        self._handover_requested.clear()
        handler = self._handler
        active = self._new_connection(handler.on_open, handler.on_frame)
        self._active = active
        replacer = asyncio.create_task(self._replace_when_due(), name="handover")
        try:
            while True:
                await asyncio.wait({active.task})
                if not active.task.cancelled():
                    active.task.exception()  # retrieved, so that asyncio does not log it
                if active is self._active and self._standby is not None and self._standby.is_open:
                    self._switch_to(self._standby)  # the handler detects a gap between the two
                if active is self._active:
                    if not active.task.cancelled():
                        active.task.result()
                    return
                active = self._active
        finally:
            replacer.cancel()
            connections = [each for each in (self._active, self._standby) if each is not None]
            for each in connections:
                each.task.cancel()
            self._active = self._standby = None
            await wait_ended(replacer, *(each.task for each in connections))

    def _new_connection(
        self,
        on_open: Callable[[], None],
        on_frame: Callable[[bytes], None],
    ) -> Connection:
        return Connection(
            url=self._url,
            timings=self._timings,
            on_open=on_open,
            on_frame=on_frame,
            on_stall=self._handler.on_stall,
        )

    async def _replace_when_due(self) -> None:
        """Hand over when the connection is old enough or its end is announced; repeat."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timings.handover_s):
                    await self._handover_requested.wait()
            self._handover_requested.clear()
            while not await self._try_handover():
                pass  # every attempt waits for the back-off and counts against the attempt limit

    async def _try_handover(self) -> bool:
        """Make one attempt; return whether the new connection became the active one."""
        await self._wait_for_attempt()
        self._overlap.clear()
        self._handed_over.clear()
        standby = self._standby = self._new_connection(_ignore, self._compare)
        joining = asyncio.create_task(self._handed_over.wait())
        try:
            await asyncio.wait(
                {standby.task, joining}, timeout=OVERLAP_S_MAX, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            joining.cancel()
        if standby is self._active:
            self._backoff.reset()
            return True
        self._standby = None
        standby.task.cancel()
        await asyncio.wait({standby.task})
        for error in retrieve_errors({standby.task}):
            if isinstance(error, InvalidStatus):
                self._note_refusal(error)
        return False

    def _compare(self, data: bytes) -> None:
        """Keep a frame of the standby connection; switch to it as soon as both overlap."""
        self._overlap.append(data)
        if self._standby is not None and self._handler.trim_overlap(self._overlap):
            self._switch_to(self._standby)

    def _switch_to(self, standby: Connection) -> None:
        """Make the standby connection the active one, starting with its buffered frames."""
        former, self._active, self._standby = self._active, standby, None
        standby.on_frame = self._handler.on_frame
        while self._overlap:
            self._handler.on_frame(self._overlap.popleft())
        self.handovers += 1
        self._handed_over.set()
        if former is not None:
            former.on_frame = _drop_frame
            former.task.cancel()


def _ignore() -> None:
    """Do nothing when a standby connection opens."""


def _drop_frame(data: bytes) -> None:
    """Drop frames of a replaced connection: the new one delivers them too."""
