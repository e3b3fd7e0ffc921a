"""The one place that reads a clock: UTC that never runs backwards, and how late the loop is."""

import asyncio
import time
from collections.abc import Callable

from quoter.domain.units import NS_PER_S
from quoter.venues.boot_clock import boot_clock_ns

PROBE_S = 0.05
STUCK_S = 2.0  # a loop that has not come round for this long is not alive
OFFSET_NS_MAX = NS_PER_S  # venues refuse signed requests from a clock that is off by more


class Clock:
    """UTC nanoseconds: the wall at start plus monotonic time since, a machine's sleep included.

    A step of the wall clock later on (NTP, a person, a virtual machine that was stopped from
    outside) moves nothing here: it shows in `offset_ns`.
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
        """Nanoseconds since 1970, UTC; never less than before."""
        return self._start_ns + self._monotonic_ns()

    def offset_ns(self) -> int:
        """Wall clock minus ours: how far the wall was moved since the start."""
        return self._wall_ns() - self.now_ns()

    def moved(self) -> str:
        """How far the wall was moved, if it is too far to trade on; else empty."""
        offset_ns = self.offset_ns()
        if abs(offset_ns) <= OFFSET_NS_MAX:
            return ""
        return f"the wall clock was moved by {offset_ns / NS_PER_S:+.1f} s"


class LoopProbe:
    """A ticker in the event loop that measures how late it is woken."""

    def __init__(self, report: Callable[[float], None], *, period_s: float = PROBE_S) -> None:
        self._report = report
        self._period_s = period_s
        self._last_s = time.monotonic()

    async def run(self) -> None:
        """Report the lag of each wake-up, seconds >= 0, for ever."""
        while True:
            self.mark()
            await asyncio.sleep(self._period_s)
            self._report(max(0.0, self.silence_s() - self._period_s))

    def mark(self) -> None:
        """It is about to run: silence counts from here."""
        self._last_s = time.monotonic()

    def silence_s(self) -> float:
        """Seconds since the ticker last went to sleep."""
        return time.monotonic() - self._last_s

    def is_alive(self) -> bool:
        """Has the ticker come round lately? False too once its task has ended."""
        return self.silence_s() < STUCK_S
