"""A cause that clears by itself must stay away for a while first, and may not come back for ever.

P10 and KS-14 of reliability.md: what pauses us again and again is a fault that nobody has mended.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.kill_switch import SEVERITY

# How long a condition must be gone before its cause settles, where who raises it does not wait
# already: `venue_status`, `loop_lag`, `rate_limited` and others have their own time or count.
CLEAN_NS: Mapping[Cause, int] = MappingProxyType(
    {
        Cause.BOOK_DESYNC: 2 * NS_PER_S,
        Cause.BOOK_STALE: 2 * NS_PER_S,
        Cause.FEED_SLOW: 2 * NS_PER_S,
        Cause.MARKET_FEED_DOWN: 2 * NS_PER_S,
        Cause.PRIVATE_STREAM_DOWN: NS_PER_S,
        Cause.UNKNOWN_ORDERS: NS_PER_S,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """clean_ns by cause; more than `pauses_max` pauses of one cause in `window_ns` are a flap."""

    clean_ns: Mapping[Cause, int] = field(default_factory=lambda: CLEAN_NS)
    pauses_max: int = 5
    window_ns: int = 600 * NS_PER_S

    def __post_init__(self) -> None:
        """Raise ValueError for a measure that nothing could ever fill, or everything would."""
        if not (self.pauses_max >= 1 and self.window_ns > 0):
            raise ValueError(f"out of domain: {self.pauses_max=} {self.window_ns=}")


class Flaps:
    """Counts the pauses that cleared by themselves, cause by cause."""

    def __init__(self, policy: Hysteresis) -> None:
        self._policy = policy
        self._times: dict[Cause, deque[int]] = {}

    def add(self, cause: Cause, ts_ns: int) -> bool:
        """Count one raise of `cause`; True if that is one too many."""
        severity = SEVERITY[cause]
        if severity.is_latched or severity.state is not TradingState.PAUSED:
            return False
        kept = self._policy.pauses_max + 1
        times = self._times.setdefault(cause, deque(maxlen=kept))
        times.append(ts_ns)
        return len(times) == kept and ts_ns - times[0] <= self._policy.window_ns

    def reset(self) -> None:
        """Somebody has looked: the count begins anew."""
        self._times.clear()
