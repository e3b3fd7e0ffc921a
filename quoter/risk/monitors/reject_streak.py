"""A venue that keeps saying no gets no more orders until somebody has looked (PT-08).

The part of repeated execution that refusals make; fills that come too fast are another rule.
"""

from collections import deque

from quoter.domain.reasons import RejectReason

REJECTS_MAX = 20  # in a row, of one kind, on one side
WINDOW_NS = 60_000_000_000
# What a busy market or venue says now and then: a row only counts within the window. Every other
# refusal rests its side for seconds, so that no window would ever hold twenty, and goes on until
# somebody mends what it names.
TRANSIENT_REJECTS = frozenset({RejectReason.POST_ONLY, RejectReason.RATE_LIMIT})


class RejectStreak:
    """The refusals of one side since its last accepted order or its last other refusal."""

    def __init__(self) -> None:
        self._reason: RejectReason | None = None
        self._times: deque[int] = deque(maxlen=REJECTS_MAX)

    def refused(self, reason: RejectReason, ts_ns: int) -> bool:
        """Count one; True if it fills the measure, which starts the count anew."""
        if reason is not self._reason:
            self._reason = reason
            self._times.clear()
        self._times.append(ts_ns)
        is_full = len(self._times) == REJECTS_MAX
        if is_full and reason in TRANSIENT_REJECTS:
            is_full = ts_ns - self._times[0] <= WINDOW_NS
        if is_full:
            self._times.clear()
        return is_full

    def accepted(self) -> None:
        """The venue took one: the row is broken."""
        self._times.clear()
