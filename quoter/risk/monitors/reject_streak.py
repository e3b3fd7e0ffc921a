"""Counts consecutive rejects; a full streak stops orders until an operator resumes (rule PT-08).

The engine then raises `repeated_execution`. Two other conditions raise the same cause: orders that
end without our cancel, and fills that come too fast (`repeated_execution.py`).
"""

from collections import deque

from quoter.domain.reasons import DoneReason, RejectReason
from quoter.domain.units import NS_PER_S

REJECTS_MAX = 20  # in a row, for one reason, on one side
WINDOW_NS = 60 * NS_PER_S
# Reasons that a busy market or venue causes now and then: a streak must fall within the window.
# Other reasons have no window: after such a reject the side waits for seconds, so that a window
# would never hold twenty, and the rejects go on until an operator removes the cause.
TRANSIENT_REJECTS = frozenset({RejectReason.POST_ONLY, RejectReason.RATE_LIMIT, *DoneReason})

type Reason = RejectReason | DoneReason


class RejectStreak:
    """Counts consecutive rejects of one side for one reason, or ends that we did not request."""

    def __init__(self) -> None:
        self._reason: Reason | None = None
        self._times: deque[int] = deque(maxlen=REJECTS_MAX)

    def refused(self, reason: Reason, ts_ns: int) -> bool:
        """Count one reject; return whether the streak is full. A full streak resets the count."""
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
