"""Detects fills that come faster than expected (rule PT-08). The cause it raises is latched.

Rejects, the other half of repeated execution, are in `reject_streak`.
"""

from quoter.domain.units import NS_PER_S, S_PER_NS
from quoter.risk.monitors.sliding import SlidingSum

WINDOW_NS = 60 * NS_PER_S
SLOTS = 60
FILLS_ALWAYS = 60.0  # a minute: never too many
EXPECTED_TIMES = 20.0  # this multiple of the expected number of fills is too much


class RepeatedExecution:
    """volume_max: base units that may be traded in 60 s, both sides together."""

    def __init__(self, *, volume_max: float) -> None:
        if not volume_max > 0.0:
            raise ValueError(f"out of domain: {volume_max=}")
        self._volume_max = volume_max
        self._fills = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._volume = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._expected = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._ts_ns: int | None = None

    def expect(self, ts_ns: int, fills_per_s: float) -> None:
        """Add the expected fills since the last call, at this rate."""
        if self._ts_ns is not None and fills_per_s > 0.0:
            passed_ns = min(max(0, ts_ns - self._ts_ns), WINDOW_NS)
            self._expected.add(ts_ns, fills_per_s * passed_ns * S_PER_NS)
        self._ts_ns = ts_ns

    def on_fill(self, ts_ns: int, size: float) -> str | None:
        """Count one fill. Return the limit that is exceeded, or None."""
        fills, volume = self._fills.add(ts_ns, 1.0), self._volume.add(ts_ns, size)
        fills_max = max(FILLS_ALWAYS, EXPECTED_TIMES * self._expected.total(ts_ns))
        if not fills <= fills_max:
            return f"{fills:.0f} fills within 60 s, limit {fills_max:.0f}"
        if not volume <= self._volume_max:
            return f"traded {volume:g} within 60 s, limit {self._volume_max:g}"
        return None
