"""Keeping the venue's dead man's switch from firing while we are well.

It is armed before the first create, and from then on there is no moment at which a create may leave
while it may have fired: `overdue` is asked at the last inch too.
"""

import asyncio
from collections.abc import Callable
from math import nan

import structlog

from quoter.domain.errors import VenueError
from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.venues.boot_clock import boot_clock_s
from quoter.venues.ports import DeadManSwitch, Emit

log = structlog.get_logger()

REFRESHES = 4  # in one timeout
FAILURES_MAX = 2  # in a row: after so many we pause
LOOKS = 20  # at the time that is left, in one timeout


class DeadManRefresher:
    """Arms, refreshes and disarms it; a pause when it can't be refreshed, or has fired."""

    def __init__(
        self,
        *,
        switch: DeadManSwitch,
        timeout_s: float,
        clock: Clock,
        monotonic_s: Callable[[], float] = boot_clock_s,
    ) -> None:
        self._switch = switch
        self.timeout_s = timeout_s
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._fires_s: float | None = None  # the earliest time at which it may; None: not armed
        self._failures = 0
        self._is_over = False
        self._is_active = False
        self._post: Emit | None = None
        self._asking = asyncio.Lock()  # a refresh that is under way must not arrive after the end

    def block_reason(self) -> str:
        """Why no create may leave now; empty: the venue will cancel it if we die."""
        if self._fires_s is None:
            return "the dead man's switch is not armed"
        if self._monotonic_s() >= self._fires_s:
            return "the dead man's switch has fired"
        return ""

    def age_s(self) -> float:
        """Seconds since it was last armed, as the venue may count them; nan: it is not armed."""
        if self._fires_s is None:
            return nan
        return self._monotonic_s() - (self._fires_s - self.timeout_s)

    def begin(self, post: Emit) -> None:
        """The first thing that the engine hears: not before it is armed."""
        self._post = post
        self._hold(self.block_reason())

    async def run(self) -> None:
        """Refresh four times in every timeout until disarmed; in any case run until cancelled."""
        asking = asyncio.get_running_loop().time
        due_s = asking()
        while not self._is_over:
            if asking() >= due_s:
                due_s = asking() + self.timeout_s / REFRESHES
                await self._refresh()
            self._judge()
            await asyncio.sleep(self.timeout_s / REFRESHES / LOOKS)
        await asyncio.Event().wait()  # the run is over when its end says so, not when we have done

    async def _refresh(self) -> None:
        if text := self.block_reason():  # it may have fired: say so before we arm it anew
            self._hold(text)
        asked_s = self._monotonic_s()
        try:
            async with self._asking, asyncio.timeout(self.timeout_s / REFRESHES):
                if not self._is_over:
                    await self._switch.set_dead_man(self.timeout_s)
        except (VenueError, TimeoutError) as error:
            self._failures += 1
            log.warning("dead_man_not_refreshed", error=repr(error), failures=self._failures)
        else:
            self._failures = 0
            self._fires_s = None if self._is_over else asked_s + self.timeout_s

    def _judge(self) -> None:
        text = self.block_reason()
        if not text and self._failures >= FAILURES_MAX:
            text = f"the venue refused to be refreshed {self._failures} times"
        self._hold(text)

    def _hold(self, text: str) -> None:
        if self._post is None or bool(text) == self._is_active:
            return
        self._is_active = bool(text)
        now_ns = self._clock.now_ns()
        self._post(Alarm(ts_ns=now_ns, cause=Cause.DEAD_MAN, active=self._is_active, text=text))

    async def disarm(self) -> None:
        """Only when the venue lists no order of ours any more: from here on it does not fire."""
        self._is_over = True
        self._fires_s = None
        try:
            async with self._asking:
                await self._switch.set_dead_man(0)
        except VenueError as error:  # it fires into an empty book
            log.warning("dead_man_not_disarmed", error=str(error))
