"""Calm time: for how long a problem of this machine must be absent until quoting resumes.

A problem that returns soon after its end must be absent twice as long as the last time, so that a
machine that is slow all day does not change between quoting and pausing all the time.
"""

from quoter.domain.units import NS_PER_S

CALM_NS = 10 * NS_PER_S  # doubled at each relapse, from the first relapse on
RELAPSE_NS = 600 * NS_PER_S
DOUBLINGS_MAX = 4  # the longest calm time is 160 s


class Recovery:
    """Whether one problem is active; it ends after its calm time."""

    def __init__(self, *, first_ns: int = 0) -> None:
        """Start with the calm time `first_ns`, used if there was no problem for RELAPSE_NS."""
        self.is_active = False
        self.calm_ns = self._first_ns = first_ns
        self._doublings = 0
        self._bad_ns = 0  # when the problem was seen last
        self._ended_ns: int | None = None

    def observe(self, now_ns: int, *, is_bad: bool) -> None:
        """Update with whether there is a problem now."""
        if is_bad:
            if not self.is_active:
                self._begin(now_ns)
            self._bad_ns = now_ns
        elif self.is_active and now_ns - self._bad_ns >= self.calm_ns:
            self.is_active, self._ended_ns = False, now_ns

    def _begin(self, now_ns: int) -> None:
        is_relapse = self._ended_ns is not None and now_ns - self._ended_ns < RELAPSE_NS
        self._doublings = min(self._doublings + 1, DOUBLINGS_MAX) if is_relapse else 0
        self.calm_ns = CALM_NS << self._doublings if self._doublings else self._first_ns
        self.is_active = True
