"""Arm and refresh the venue's dead man's switch, which cancels all orders when it is not refreshed.

It is armed before the first create. While it may have fired, no create is sent: the egress gate
checks `block_reason` before each one.
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

REFRESHES = 4  # per time-out
FAILURES_MAX = 2  # in a row; then quoting pauses
CHECKS = 20  # checks of the remaining time, between two refreshes


class DeadManRefresher:
    """Arms, refreshes and disarms the switch; raises `dead_man` if it fails or may have fired."""

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
        # the earliest time at which it may fire; None: not armed
        self._fires_s: float | None = None
        self._failures = 0
        self._is_over = False
        self._is_active = False
        self._post: Emit | None = None
        # A refresh in flight must not arrive after the disarming.
        self._request_lock = asyncio.Lock()

    def block_reason(self) -> str:
        """Return the reason to send no create now; empty while the switch is surely armed."""
        if self._fires_s is None:
            return "the dead man's switch is not armed"
        if self._monotonic_s() >= self._fires_s:
            return "the dead man's switch may have fired: it was not refreshed in time"
        return ""

    def age_s(self) -> float:
        """Return the seconds since the last confirmed refresh was sent; nan if it is not armed."""
        if self._fires_s is None:
            return nan
        return self._monotonic_s() - (self._fires_s - self.timeout_s)

    def begin(self, post: Emit) -> None:
        """Raise `dead_man` until the switch is armed; call at the start."""
        self._post = post
        self._set_cause(self.block_reason())

    async def run(self) -> None:
        """Refresh four times per time-out until disarmed; return only when cancelled."""
        loop_time = asyncio.get_running_loop().time
        due_s = loop_time()
        while not self._is_over:
            if loop_time() >= due_s:
                due_s = loop_time() + self.timeout_s / REFRESHES
                await self._refresh()
            self._check()
            await asyncio.sleep(self.timeout_s / REFRESHES / CHECKS)
        await asyncio.Event().wait()  # a task that ends would end the run

    async def _refresh(self) -> None:
        if (
            text := self.block_reason()
        ):  # it may have fired: raise the cause before it is armed again
            self._set_cause(text)
        asked_s = self._monotonic_s()
        try:
            async with self._request_lock, asyncio.timeout(self.timeout_s / REFRESHES):
                if not self._is_over:
                    await self._switch.set_dead_man(self.timeout_s)
        except (VenueError, TimeoutError) as error:
            self._failures += 1
            text = str(error) or "the venue did not answer in time"
            log.warning("dead_man_not_refreshed", error=text, failures=self._failures)
        else:
            self._failures = 0
            self._fires_s = None if self._is_over else asked_s + self.timeout_s

    def _check(self) -> None:
        text = self.block_reason()
        if not text and self._failures >= FAILURES_MAX:
            text = f"the venue did not refresh the switch {self._failures} times in a row"
        self._set_cause(text)

    def _set_cause(self, text: str) -> None:
        if self._post is None or bool(text) == self._is_active:
            return
        self._is_active = bool(text)
        now_ns = self._clock.now_ns()
        self._post(Alarm(ts_ns=now_ns, cause=Cause.DEAD_MAN, active=self._is_active, text=text))

    async def disarm(self) -> None:
        """Disarm the switch; call only when the venue lists no own order."""
        self._is_over = True
        self._fires_s = None
        try:
            async with self._request_lock:
                await self._switch.set_dead_man(0)
        except VenueError as error:  # harmless: when it fires there is no order left
            log.warning("dead_man_not_disarmed", error=str(error))
