"""Monitor of the venue's trading status, polled at an interval (FD-10)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.venues.config import NowNs, StreamTimings
from quoter.venues.ports import Emit

type AskStatus = Callable[[], Awaitable[str | None]]  # why closed; "" if open; None: no answer


class TradingStatusMonitor:
    """Raises VENUE_STATUS while trading is closed.

    It is cleared only if trading is still open after a pause; then the book is read anew.
    """

    def __init__(
        self, *, ask: AskStatus, resync: Callable[[], None], timings: StreamTimings, now_ns: NowNs
    ) -> None:
        self._ask, self._resync = ask, resync
        self._timings, self._now_ns = timings, now_ns
        self._is_closed = False
        self._check_wanted = asyncio.Event()

    def check_now(self) -> None:
        """Request the status at once, because another answer suggests that trading is closed."""
        if not self._is_closed:
            self._check_wanted.set()

    async def run(self, emit: Emit) -> None:
        """Poll until cancelled.

        A missing answer changes nothing: other causes cover a dead venue.
        """
        while True:
            text = await self._ask()
            if text and not self._is_closed:
                self._report(emit, text)
            elif text == "" and self._is_closed:
                await asyncio.sleep(self._timings.reopen_s)
                if await self._ask() == "":
                    self._resync()
                    self._report(emit, "")
            self._check_wanted.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timings.status_s):
                    await self._check_wanted.wait()

    def _report(self, emit: Emit, text: str) -> None:
        self._is_closed = bool(text)
        now_ns = self._now_ns()
        emit(Alarm(ts_ns=now_ns, cause=Cause.VENUE_STATUS, active=self._is_closed, text=text))
