"""Limits how often an event that outsiders can cause is logged."""

import time
from collections.abc import Callable

INTERVAL_S = 60.0


class LogThrottle:
    """Allows a log line for the first event, then one per `INTERVAL_S` with a count of events."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._next_s = float("-inf")
        self._events = 0  # since the last line

    def count(self) -> int:
        """Count one event; return the number since the last line, or 0 if no line is due."""
        self._events += 1
        now_s = self._monotonic_s()
        if now_s < self._next_s:
            return 0
        self._next_s = now_s + INTERVAL_S
        events, self._events = self._events, 0
        return events
