"""What strangers can cause a thousand times a second is counted, and told once in a while."""

import time
from collections.abc import Callable

PAUSE_S = 60.0


class LogThrottle:
    """Decides when a line is due: at once for the first time, then once in `PAUSE_S` at most."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._next_s = float("-inf")
        self._untold = 0

    def count(self) -> int:
        """It happened once more: how often since the last line, or 0 if none is due."""
        self._untold += 1
        now_s = self._monotonic_s()
        if now_s < self._next_s:
            return 0
        self._next_s = now_s + PAUSE_S
        told, self._untold = self._untold, 0
        return told
