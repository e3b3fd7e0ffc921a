"""UTC time that never runs backwards, and the lag of the event loop.

No other module of the service takes times from the wall clock, except for texts to read.
"""

import asyncio
import time
from collections.abc import Callable

from quoter.domain.units import NS_PER_S
from quoter.venues.boot_clock import boot_clock_ns

PROBE_S = 0.05
STUCK_S = 2.0  # an event loop that did not run the probe for this long is stuck
OFFSET_NS_MAX = NS_PER_S  # venues reject signed requests if the clock is off by more


class Clock:
    """UTC nanoseconds: the wall clock at the start plus monotonic time, including system sleep.

    A later step of the wall clock (NTP, an operator, a paused virtual machine) does not change
    `now_ns`; `offset_ns` shows it.
    """

    def __init__(
        self,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = boot_clock_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._start_ns = wall_ns() - monotonic_ns()

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; never less than before."""
        return self._start_ns + self._monotonic_ns()

    def offset_ns(self) -> int:
        """Return how far the wall clock was stepped since the start, ns (wall minus `now_ns`)."""
        return self._wall_ns() - self.now_ns()

    def moved(self) -> str:
        """Describe a step of the wall clock above OFFSET_NS_MAX; empty if there is none."""
        offset_ns = self.offset_ns()
        if abs(offset_ns) <= OFFSET_NS_MAX:
            return ""
        return f"the wall clock was moved by {offset_ns / NS_PER_S:+.1f} s"


class LoopProbe:
    """Measures how late the event loop wakes a periodic task."""

    def __init__(self, report: Callable[[float], None], *, period_s: float = PROBE_S) -> None:
        self._report = report
        self._period_s = period_s
        self._last_s = time.monotonic()

    async def run(self) -> None:
        """Report the lag of each wake-up, seconds >= 0, until cancelled."""
        while True:
            self.mark()
            await asyncio.sleep(self._period_s)
            self._report(max(0.0, self.silence_s() - self._period_s))

    def mark(self) -> None:
        """Restart the measurement of `silence_s`."""
        self._last_s = time.monotonic()

    def silence_s(self) -> float:
        """Return the seconds since the task last went to sleep."""
        return time.monotonic() - self._last_s

    def is_alive(self) -> bool:
        """Whether the task ran within the last STUCK_S seconds; also False after it has ended."""
        return self.silence_s() < STUCK_S
