"""A public stream that reconnects for ever and notices within seconds that its peer is gone.

Before a connection ends as planned, another one is opened beside it and takes over where the two
meet, so that nobody who reads the stream sees an end (FD-07).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from random import Random
from typing import Protocol

from websockets.exceptions import InvalidStatus, WebSocketException

from quoter.venues.config import StreamTimings
from quoter.venues.streams.backoff import Backoff
from quoter.venues.streams.connection import Link
from quoter.venues.supervised_tasks import ended, heard

RETRY_AFTER_S_MAX = 3 * 86_400.0  # the longest ban that Binance documents
OVERLAP_FRAMES_MAX = 10_000  # kept of a new connection until it meets the old one
MEET_S_MAX = 60.0  # then a new connection that never met the old one is given up


class StreamHandler(Protocol):
    """What a reader tells; every method returns at once."""

    def opened(self) -> None:
        """Connected; the subscription is in the URL."""

    def frame(self, data: bytes) -> None:
        """One whole text message, undecoded."""

    def meets(self, frames: deque[bytes]) -> bool:
        """Is nothing missing between what was told and these frames of a second connection?

        What of them is known may be removed; of the frames that follow some may be known too.
        """

    def alive(self) -> None:
        """A ping of ours was answered."""

    def stalled(self, silent_s: float) -> None:
        """Nothing was read for so long: whatever is told next may have waited in the socket."""

    def lost(self, text: str) -> None:
        """The connection ended or could not be made; another attempt follows."""

    def spent(self, text: str) -> None:
        """The budget of connection attempts is used up: the next one has to wait for long."""


class StreamReader:
    """Reads one URL into a handler until cancelled."""

    def __init__(
        self, *, url: str, handler: StreamHandler, timings: StreamTimings, random: Random
    ) -> None:
        self._url, self._handler, self._timings = url, handler, timings
        self._backoff = Backoff(timings, random)
        self._retry_after_s = 0.0
        self._active: Link | None = None
        self._second: Link | None = None
        self._overlap: deque[bytes] = deque(maxlen=OVERLAP_FRAMES_MAX)
        self._wants_roll = asyncio.Event()
        self._met = asyncio.Event()
        self.handovers = 0

    def roll(self) -> None:
        """The venue is about to end this connection: replace it while it still lives."""
        self._wants_roll.set()

    def look(self) -> None:
        """Find a stall that the next frame would show, before something else is believed."""
        if self._active is not None:
            self._active.look()

    async def run(self) -> None:
        """Connect, read, reconnect; only cancellation ends it."""
        while True:
            started_s = await self._attempt()
            try:
                await self._life()
            except InvalidStatus as error:
                self._note_refusal(error)
                text = f"handshake refused: HTTP {error.response.status_code}"
            except (WebSocketException, OSError) as error:  # TimeoutError is an OSError
                text = f"{type(error).__name__}: {error}"
            else:
                text = "ended"
            self._backoff.lived(time.monotonic() - started_s)
            self._handler.lost(text)

    async def _attempt(self) -> float:
        """Wait for our turn, and count it; when it came."""
        pause_s, self._retry_after_s = self._retry_after_s, 0.0
        return await self._backoff.turn(self._handler.spent, pause_s_min=pause_s)

    def _note_refusal(self, error: InvalidStatus) -> None:
        self._retry_after_s = retry_after_s(error.response.headers.get("Retry-After"))

    async def _life(self) -> None:
        """From the first connection to the last that took over unseen; raises what ended it."""
        self._wants_roll.clear()
        handler = self._handler
        link = self._active = self._link(handler.opened, handler.frame, handler.alive)
        roller = asyncio.create_task(self._roll(), name="roll")
        try:
            while True:
                await asyncio.wait({link.task})
                if not link.task.cancelled():
                    link.task.exception()  # of one that was replaced nobody else asks
                if link is self._active and self._second is not None and self._second.is_open:
                    self._switch(self._second)  # what may be missing between them, the handler sees
                if link is self._active:
                    link.task.result()
                    return
                link = self._active
        finally:
            roller.cancel()
            links = [each for each in (self._active, self._second) if each is not None]
            for each in links:
                each.task.cancel()
            self._active = self._second = None
            await ended(roller, *(each.task for each in links))

    def _link(
        self,
        on_open: Callable[[], None],
        hear: Callable[[bytes], None],
        on_alive: Callable[[], None],
    ) -> Link:
        return Link(
            url=self._url,
            timings=self._timings,
            on_open=on_open,
            hear=hear,
            on_alive=on_alive,
            on_stall=self._handler.stalled,
        )

    async def _roll(self) -> None:
        """Replace the connection when it grows old or is told of its end, as often as needed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timings.handover_s):
                    await self._wants_roll.wait()
            self._wants_roll.clear()
            while not await self._take_over():
                pass  # every attempt waits for its turn and counts against the budget

    async def _take_over(self) -> bool:
        """One attempt: is a new connection the active one now?"""
        await self._attempt()
        self._overlap.clear()
        self._met.clear()
        second = self._second = self._link(_nothing, self._compare, _nothing)
        meeting = asyncio.create_task(self._met.wait())
        try:
            await asyncio.wait(
                {second.task, meeting}, timeout=MEET_S_MAX, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            meeting.cancel()
        if second is self._active:
            self._backoff.planned()
            return True
        self._second = None
        second.task.cancel()
        await asyncio.wait({second.task})
        for ending in heard({second.task}):
            if isinstance(ending, InvalidStatus):
                self._note_refusal(ending)
        return False

    def _compare(self, data: bytes) -> None:
        """A frame of the second connection: take over as soon as the two meet."""
        self._overlap.append(data)
        if self._second is not None and self._handler.meets(self._overlap):
            self._switch(self._second)

    def _switch(self, second: Link) -> None:
        """The second connection is the stream from here on."""
        first, self._active, self._second = self._active, second, None
        second.hear, second.on_alive = self._handler.frame, self._handler.alive
        while self._overlap:
            self._handler.frame(self._overlap.popleft())
        self.handovers += 1
        self._met.set()
        if first is not None:
            first.hear, first.on_alive = _deaf, _nothing
            first.task.cancel()


def _nothing() -> None:
    """Of a connection that is not the stream nobody needs to hear."""


def _deaf(data: bytes) -> None:
    """What an old connection still brings is known."""


def retry_after_s(header: str | None) -> float:
    """Seconds of a Retry-After header, bounded; 0 if there is none or it is a date."""
    try:
        seconds = float(header or 0)
    except ValueError:
        return 0.0
    return min(RETRY_AFTER_S_MAX, max(0.0, seconds)) if isfinite(seconds) else 0.0
