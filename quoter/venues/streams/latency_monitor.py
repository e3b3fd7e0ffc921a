"""Is the feed behind the market? The venue's clock on its frames against ours (FD-05 d)."""

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.venues.clock import VenueClock, sampled
from quoter.venues.config import StreamTimings


class LatencyMonitor:
    """Judges frames one by one once it knows how far the venue's clock is from ours."""

    def __init__(self, timings: StreamTimings, clock: VenueClock | None = None) -> None:
        """`clock` is kept by somebody else; without it the feed has to tell what it measured."""
        self._limit_ns = int(timings.latency_s_max * 1e9)
        self._far_ns = int(timings.stall_s * 1e9)  # too old to wait for a second one
        self._frames = timings.latency_frames
        self.is_measured_elsewhere = clock is not None
        self._clock = clock or VenueClock()
        self._in_a_row = 0  # frames that contradict what stands
        self._is_slow = False

    def measured(self, *, venue_ms: int, asked_ns: int, answered_ns: int) -> None:
        """The venue told its clock; it was taken somewhere between question and answer.

        An answer that was long on its way, or waited for us, says too little.
        """
        if self._clock.latest is not None and answered_ns - asked_ns > self._limit_ns:
            return
        self._clock.latest = sampled(venue_ms=venue_ms, asked_ns=asked_ns, answered_ns=answered_ns)

    def see(self, event_ms: int, now_ns: int) -> Alarm | None:
        """What to tell of a frame that the venue dates `event_ms` (0: not at all)."""
        sample = self._clock.latest
        if sample is None or not event_ms:
            return None
        lag_ns = now_ns + sample.offset_ns - event_ms * NS_PER_MS
        if (lag_ns > self._limit_ns) is self._is_slow:
            self._in_a_row = 0
            return None
        self._in_a_row += 1
        is_far = lag_ns > self._far_ns and not self._is_slow
        if self._in_a_row < self._frames and not is_far:
            return None
        return self._become(
            now_ns, is_slow=not self._is_slow, text=f"{lag_ns / NS_PER_S:.1f} s late"
        )

    def restart(self, now_ns: int) -> Alarm | None:
        """Another connection: nothing is held against it."""
        self._in_a_row = 0
        return self._become(now_ns, is_slow=False, text="") if self._is_slow else None

    def _become(self, now_ns: int, *, is_slow: bool, text: str) -> Alarm:
        self._in_a_row, self._is_slow = 0, is_slow
        return Alarm(ts_ns=now_ns, cause=Cause.FEED_SLOW, active=is_slow, text=text)
