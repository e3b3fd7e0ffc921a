"""Back-off between connection attempts: full jitter below a growing cap, and an attempt limit."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from random import Random

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.venues.config import StreamTimings

EXPONENT_MAX = 16  # keeps 2**n small; the cap is reached long before


class Backoff:
    """Pauses before connection attempts. The random jitter keeps many instances apart."""

    def __init__(self, timings: StreamTimings, random: Random) -> None:
        self._timings, self._random = timings, random
        self._failures = 0
        self._attempts: deque[float] = deque(maxlen=timings.connects_max)

    def pause_s(self, now_s: float) -> float:
        """Return the seconds to wait before the next attempt; 0 for the first one.

        `now_s`: monotonic clock.
        """
        pause = 0.0
        if self._attempts:
            cap = self._timings.backoff_base_s * 2 ** min(self._failures, EXPONENT_MAX)
            cap = min(self._timings.backoff_s_max, cap)
            pause = max(self._timings.backoff_s_min, self._random.uniform(0.0, cap))
        if len(self._attempts) == self._timings.connects_max:
            oldest = self._attempts[0]
            pause = max(pause, oldest + self._timings.connects_window_s - now_s)
        return pause

    async def wait_for_attempt(
        self, on_exhausted: Callable[[str], None], *, pause_s_min: float = 0.0
    ) -> float:
        """Wait until the next attempt is due, record it, return its time (monotonic clock, s).

        Calls `on_exhausted` with a text if the attempt limit delays it.
        """
        now_s = time.monotonic()
        if self.is_exhausted(now_s):
            timings = self._timings
            on_exhausted(f"{timings.connects_max} connects in {timings.connects_window_s:g} s")
        await asyncio.sleep(max(self.pause_s(now_s), pause_s_min))
        started_s = time.monotonic()
        self.record_attempt(started_s)
        return started_s

    def is_exhausted(self, now_s: float) -> bool:
        """Whether the attempt limit delays the next attempt."""
        window_s = self._timings.connects_window_s
        is_full = len(self._attempts) == self._timings.connects_max
        return is_full and now_s - self._attempts[0] < window_s

    def record_attempt(self, now_s: float) -> None:
        """Count an attempt that begins now.

        It is a failure until its connection has proved stable.
        """
        self._attempts.append(now_s)
        self._failures += 1

    def reset(self) -> None:
        """Forget the failures: a planned attempt has replaced a working connection."""
        self._failures = 0

    def connection_ended(self, lasted_s: float) -> None:
        """Forget failures if the connection that just ended had lasted at least `stable_s`."""
        if lasted_s >= self._timings.stable_s:
            self._failures = 0


def attempts_exhausted_alarm(ts_ns: int, stream: str, text: str) -> Alarm:
    """Return the alarm that the attempt limit is reached: a person must see why connections end."""
    return Alarm(ts_ns=ts_ns, cause=Cause.CONNECT_BUDGET, active=True, text=f"{stream}: {text}")
