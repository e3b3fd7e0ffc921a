"""Raise and clear the causes that the engine can't detect: loop lag, clock, memory.

All three are problems of this machine. They clear by themselves and never latch; see `recovery`.
"""

from collections import deque

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.recovery import Recovery
from quoter.venues.ports import Emit

LAG_S_MAX = 0.25
LAGS_MAX = 3  # late wake-ups within WINDOW_NS that raise `loop_lag`
LONG_LAG = 4.0  # multiple of LAG_S_MAX: a single wake-up that late raises `loop_lag`
WINDOW_NS = 10 * NS_PER_S  # without a late wake-up for this long, `loop_lag` is cleared


class LoopMonitor:
    """Posts an alarm when a problem begins, and another when it ends."""

    def __init__(self, *, clock: Clock, post: Emit) -> None:
        self._clock = clock
        self._post = post
        self._late_ns: deque[int] = deque(maxlen=LAGS_MAX)
        self._recovery = {
            Cause.LOOP_LAG: Recovery(first_ns=WINDOW_NS),
            # the first time it clears at once: its sources have waited already
            Cause.CLOCK: Recovery(),
            Cause.MEMORY: Recovery(),
        }
        self._venue_clock = ""  # problem of the venue's clock; empty: none

    def record_lag(self, seconds: float) -> None:
        """Update with the delay of the loop's last wake-up, seconds; call at every wake-up."""
        now_ns = self._clock.now_ns()
        is_late = seconds > LAG_S_MAX
        if is_late:
            self._late_ns.append(now_ns)
        while self._late_ns and now_ns - self._late_ns[0] > WINDOW_NS:
            self._late_ns.popleft()
        is_active = self._recovery[Cause.LOOP_LAG].is_active
        is_often = len(self._late_ns) == LAGS_MAX or seconds > LONG_LAG * LAG_S_MAX
        is_bad = is_late and (is_active or is_often)
        self._set_cause(Cause.LOOP_LAG, f"late by {seconds:.2f} s" if is_bad else "")
        self._update_clock_cause()

    def _update_clock_cause(self) -> None:
        """Update `clock`: signed requests use the wall clock, which a step may have moved."""
        self._set_cause(Cause.CLOCK, self._clock.moved() or self._venue_clock)

    def set_venue_clock_problem(self, text: str) -> None:
        """Set the problem of the venue's clock; an empty text if there is none."""
        self._venue_clock = text
        self._update_clock_cause()

    def set_memory_problem(self, text: str) -> None:
        """Set the reason to pause because of our memory use; an empty text if there is none."""
        self._set_cause(Cause.MEMORY, text)

    def _set_cause(self, cause: Cause, text: str) -> None:
        """Raise the cause while there is a `text`, and clear it after its calm time."""
        recovery = self._recovery[cause]
        was_active = recovery.is_active
        recovery.observe(self._clock.now_ns(), is_bad=bool(text))
        if was_active == recovery.is_active:
            return
        if recovery.is_active and recovery.calm_ns:
            text = f"{text}; clears by itself after {recovery.calm_ns / NS_PER_S:g} s without it"
        self._post(
            Alarm(ts_ns=self._clock.now_ns(), cause=cause, active=recovery.is_active, text=text)
        )
