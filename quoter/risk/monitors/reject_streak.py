"""Counts rejects in a row; a full streak stops orders until an operator resumes (rule PT-08).

The engine raises `repeated_execution` for it, and also for orders that end without our cancel and
for fills that come too fast (`repeated_execution.py`).
"""

from collections import deque

from quoter.domain.reasons import DoneReason, RejectReason
from quoter.domain.units import NS_PER_S

REJECTS_MAX = 20  # in a row, for one reason, on one side
WINDOW_NS = 60 * NS_PER_S
# Reasons that a busy market or venue causes now and then: a streak counts only within the window.
# After any other reject the side waits for seconds, so no window would ever hold twenty of them,
# and the rejects go on until an operator removes the cause.
TRANSIENT_REJECTS = frozenset({RejectReason.POST_ONLY, RejectReason.RATE_LIMIT, *DoneReason})

type Reason = RejectReason | DoneReason


class RejectStreak:
    """Rejects of one side, for the same reason and in a row; or ends that we did not request."""

    def __init__(self) -> None:
        self._reason: Reason | None = None
        self._times: deque[int] = deque(maxlen=REJECTS_MAX)

    def refused(self, reason: Reason, ts_ns: int) -> bool:
        """Count one reject; True if the streak is full, which starts the count anew."""
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
        """End the streak: the venue accepted an order."""
        self._times.clear()
