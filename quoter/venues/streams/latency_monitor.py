"""Latency of the market feed: the venue's time on frames compared with ours (FD-05 d)."""

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.venues.clock import VenueClock, clock_sample_of
from quoter.venues.config import StreamTimings


class LatencyMonitor:
    """Raises and clears FEED_SLOW from frame timestamps once the clock offset is known."""

    def __init__(self, timings: StreamTimings, clock: VenueClock | None = None) -> None:
        """`clock`: updated elsewhere; None: the feed calls `record_clock`."""
        self._limit_ns = int(timings.latency_s_max * NS_PER_S)
        self._far_ns = int(timings.stall_s * NS_PER_S)  # a frame this late raises FEED_SLOW alone
        self._frames = timings.latency_frames
        self.is_measured_elsewhere = clock is not None
        self._clock = clock or VenueClock()
        self._in_a_row = 0  # frames that contradict the present state
        self._is_slow = False

    def record_clock(
        self, *, venue_ms: int, asked_ns: int, answered_ns: int, step_ms: int = 0
    ) -> None:
        """Record the venue's time, which was read between request and answer.

        `step_ms`: see `clock_sample_of`. Except for the first, a sample whose round trip exceeds
        the latency limit is ignored as too uncertain.
        """
        if self._clock.latest is not None and answered_ns - asked_ns > self._limit_ns:
            return
        self._clock.latest = clock_sample_of(
            venue_ms=venue_ms, asked_ns=asked_ns, answered_ns=answered_ns, step_ms=step_ms
        )

    def observe(self, event_ms: int, now_ns: int) -> Alarm | None:
        """Check the latency of a frame that the venue dated `event_ms` (0: undated).

        Returns an alarm if FEED_SLOW is raised or cleared, else None.
        """
        sample = self._clock.latest
        if sample is None or not event_ms:
            return None
        late_ns = now_ns + sample.offset_ns - event_ms * NS_PER_MS
        if (late_ns > self._limit_ns) is self._is_slow:
            self._in_a_row = 0
            return None
        self._in_a_row += 1
        is_far = late_ns > self._far_ns and not self._is_slow
        if self._in_a_row < self._frames and not is_far:
            return None
        return self._set(now_ns, is_slow=not self._is_slow, text=_late(late_ns))

    def restart(self, now_ns: int) -> Alarm | None:
        """Reset for a new connection; return the alarm that clears FEED_SLOW, if it is raised."""
        self._in_a_row = 0
        return self._set(now_ns, is_slow=False, text="") if self._is_slow else None

    def _set(self, now_ns: int, *, is_slow: bool, text: str) -> Alarm:
        self._in_a_row, self._is_slow = 0, is_slow
        return Alarm(ts_ns=now_ns, cause=Cause.FEED_SLOW, active=is_slow, text=text)


def _late(late_ns: int) -> str:
    return f"market data came {late_ns / NS_PER_S:.1f} s late"
