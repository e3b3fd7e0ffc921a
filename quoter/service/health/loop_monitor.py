"""Raise and clear the causes that the engine can't detect: loop lag, clock, memory."""

from collections import deque

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.venues.ports import Emit

LAG_S_MAX = 0.25
LAGS_MAX = 3  # late wake-ups within WINDOW_NS that raise `loop_lag`
WINDOW_NS = 10 * NS_PER_S  # without a late wake-up for this long, `loop_lag` is cleared


class LoopMonitor:
    """Posts an alarm when a problem begins, and another when it ends."""

    def __init__(self, *, clock: Clock, post: Emit) -> None:
        self._clock = clock
        self._post = post
        self._late_ns: deque[int] = deque(maxlen=LAGS_MAX)
        self._active: set[Cause] = set()
        self._venue_clock = ""  # problem of the venue's clock; empty: none

    def record_lag(self, seconds: float) -> None:
        """Take in how late the event loop woke the probe, seconds; call at every wake-up."""
        now_ns = self._clock.now_ns()
        if seconds > LAG_S_MAX:
            self._late_ns.append(now_ns)
        while self._late_ns and now_ns - self._late_ns[0] > WINDOW_NS:
            self._late_ns.popleft()
        if len(self._late_ns) == LAGS_MAX:
            self._set_cause(Cause.LOOP_LAG, active=True, text=f"late by {seconds:.2f} s")
        elif not self._late_ns:
            self._set_cause(Cause.LOOP_LAG, active=False, text="")
        self._update_clock_cause()

    def _update_clock_cause(self) -> None:
        """Update `clock`: signed requests use the wall clock, which a step may have moved."""
        text = self._clock.moved() or self._venue_clock
        self._set_cause(Cause.CLOCK, active=bool(text), text=text)

    def set_venue_clock_problem(self, text: str) -> None:
        """Set the problem of the venue's clock; empty: none."""
        self._venue_clock = text
        self._update_clock_cause()

    def set_memory_problem(self, text: str) -> None:
        """Set the reason to pause because of our memory use; empty: none."""
        self._set_cause(Cause.MEMORY, active=bool(text), text=text)

    def _set_cause(self, cause: Cause, *, active: bool, text: str) -> None:
        if active == (cause in self._active):
            return
        self._active ^= {cause}
        self._post(Alarm(ts_ns=self._clock.now_ns(), cause=cause, active=active, text=text))
