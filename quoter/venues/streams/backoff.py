"""When to try again: full jitter below a growing cap, and a budget of attempts."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from random import Random

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.venues.config import StreamTimings

EXPONENT_MAX = 16  # keeps 2**n small long after the cap decides


class Backoff:
    """Pauses before attempts; `now_s` is any steady clock, `Random` spreads many instances."""

    def __init__(self, timings: StreamTimings, random: Random) -> None:
        self._timings, self._random = timings, random
        self._failures = 0
        self._attempts: deque[float] = deque(maxlen=timings.connects_max)

    def pause_s(self, now_s: float) -> float:
        """Seconds to wait before the next attempt; 0 for the very first one."""
        pause = 0.0
        if self._attempts:
            cap = self._timings.backoff_base_s * 2 ** min(self._failures, EXPONENT_MAX)
            cap = min(self._timings.backoff_s_max, cap)
            pause = max(self._timings.backoff_s_min, self._random.uniform(0.0, cap))
        if len(self._attempts) == self._timings.connects_max:
            oldest = self._attempts[0]
            pause = max(pause, oldest + self._timings.connects_window_s - now_s)
        return pause

    async def turn(self, spent: Callable[[str], None], *, pause_s_min: float = 0.0) -> float:
        """Wait until the next attempt is due and begin it; when that was (steady clock, s).

        `spent` is told when it must wait because there were too many.
        """
        now_s = time.monotonic()
        if self.is_spent(now_s):
            spent(f"{self._timings.connects_max} connects in {self._timings.connects_window_s:g} s")
        await asyncio.sleep(max(self.pause_s(now_s), pause_s_min))
        started_s = time.monotonic()
        self.attempted(started_s)
        return started_s

    def is_spent(self, now_s: float) -> bool:
        """Must the next attempt wait because there were so many?"""
        window_s = self._timings.connects_window_s
        is_full = len(self._attempts) == self._timings.connects_max
        return is_full and now_s - self._attempts[0] < window_s

    def attempted(self, now_s: float) -> None:
        """An attempt begins."""
        self._attempts.append(now_s)
        self._failures += 1

    def planned(self) -> None:
        """The attempt replaced a connection that worked: nothing had failed."""
        self._failures = 0

    def lived(self, seconds: float) -> None:
        """A connection ended after `seconds`: a stable one wipes the slate."""
        if seconds >= self._timings.stable_s:
            self._failures = 0


def attempts_exhausted_alarm(ts_ns: int, stream: str, text: str) -> Alarm:
    """For a person: connections that do not last are no weather."""
    return Alarm(ts_ns=ts_ns, cause=Cause.CONNECT_BUDGET, active=True, text=f"{stream}: {text}")
