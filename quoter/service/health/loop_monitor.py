"""What only the shell can see: an event loop that comes round late, a clock that was moved."""

from collections import deque

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.venues.ports import Emit

LAG_S_MAX = 0.25
LAGS_MAX = 3  # so many late wake-ups within WINDOW_NS are too many
WINDOW_NS = 10 * NS_PER_S  # and so long without one is calm again


class LoopMonitor:
    """Turns what it sees into alarms for the engine: told when it begins, and when it ends."""

    def __init__(self, *, clock: Clock, post: Emit) -> None:
        self._clock = clock
        self._post = post
        self._late_ns: deque[int] = deque(maxlen=LAGS_MAX)
        self._active: set[Cause] = set()
        self._venue_clock = ""  # what is wrong with it

    def lag(self, seconds: float) -> None:
        """The loop woke up so late; called at every wake-up of the probe."""
        now_ns = self._clock.now_ns()
        if seconds > LAG_S_MAX:
            self._late_ns.append(now_ns)
        while self._late_ns and now_ns - self._late_ns[0] > WINDOW_NS:
            self._late_ns.popleft()
        if len(self._late_ns) == LAGS_MAX:
            self._hold(Cause.LOOP_LAG, active=True, text=f"late by {seconds:.2f} s")
        elif not self._late_ns:
            self._hold(Cause.LOOP_LAG, active=False, text="")
        self._watch_clock()

    def _watch_clock(self) -> None:
        """Signed requests carry the wall clock; our own time does not move with it."""
        text = self._clock.moved() or self._venue_clock
        self._hold(Cause.CLOCK, active=bool(text), text=text)

    def venue_clock(self, text: str) -> None:
        """What is wrong with the venue's clock against ours; empty: nothing."""
        self._venue_clock = text
        self._watch_clock()

    def memory(self, text: str) -> None:
        """Why to rest because of our memory; empty: no reason."""
        self._hold(Cause.MEMORY, active=bool(text), text=text)

    def _hold(self, cause: Cause, *, active: bool, text: str) -> None:
        if active == (cause in self._active):
            return
        self._active ^= {cause}
        self._post(Alarm(ts_ns=self._clock.now_ns(), cause=cause, active=active, text=text))
