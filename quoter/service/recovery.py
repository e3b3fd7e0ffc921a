"""Calm time: for how long a problem of this machine must be absent until quoting resumes.

If a problem returns soon after its end, its calm time doubles. So a machine that is slow all day
does not alternate between quoting and pausing.
"""

from quoter.domain.units import NS_PER_S

CALM_NS = 10 * NS_PER_S  # doubled at each relapse, from the first relapse on
RELAPSE_NS = 600 * NS_PER_S
DOUBLINGS_MAX = 4  # the longest calm time is 160 s


class Recovery:
    """State of one problem: active until the problem was absent for its calm time."""

    def __init__(self, *, first_ns: int = 0) -> None:
        """`first_ns`: calm time of a problem that did not occur within RELAPSE_NS before."""
        self.is_active = False
        self.calm_ns = self._first_ns = first_ns
        self._doublings = 0
        self._bad_ns = 0  # when the problem was seen last
        self._ended_ns: int | None = None

    def observe(self, now_ns: int, *, is_bad: bool) -> None:
        """Update with whether the problem exists now."""
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
