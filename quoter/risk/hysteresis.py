"""Hysteresis of halt causes: a clearing delay, and a limit on repeated pauses.

A cause that clears by itself is cleared only after its condition was absent for a while. A cause
that pauses quoting again and again is a fault that needs a person (rule KS-14). Causes that a slow
machine raises are excepted: a resume would not make the machine faster, and their monitors wait
longer each time that the problem returns.
"""

from collections import deque
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.kill_switch import SEVERITY

# How long a condition must be absent before its cause is cleared. Causes whose source waits or
# counts by itself (`venue_status`, `loop_lag`, `rate_limited` and others) are not listed.
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

# Problems of this machine: the event loop is late, the clock is wrong, memory is short, the disk is
# slow. Each clears by itself, after a calm time that its source doubles while the problem returns.
MACHINE_CAUSES = frozenset({Cause.LOOP_LAG, Cause.CLOCK, Cause.MEMORY, Cause.LEDGER_SLOW})
# A slow machine also delays market data, so causes that were raised this long before a problem of
# the machine was noticed are taken for its consequences.
CONSEQUENCE_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """Clearing delay by cause, and the maximum number of pauses.

    More than `pauses_max` pauses by one cause within `window_ns` raise FLAPPING.
    """

    clean_ns: Mapping[Cause, int] = field(default_factory=lambda: CLEAN_NS)
    pauses_max: int = 5
    window_ns: int = 600 * NS_PER_S

    def __post_init__(self) -> None:
        """Raise ValueError for values that would always or never raise FLAPPING."""
        if not (self.pauses_max >= 1 and self.window_ns > 0):
            raise ValueError(f"out of domain: {self.pauses_max=} {self.window_ns=}")


class Flaps:
    """Counts, by cause, the pauses that need no operator, but not those of a slow machine."""

    def __init__(self, policy: Hysteresis) -> None:
        self._policy = policy
        self._times: dict[Cause, deque[int]] = {}

    def add(self, cause: Cause, ts_ns: int, *, active: Container[Cause] = ()) -> bool:
        """Count one raise of `cause`; True if there were too many.

        `active` are the active causes. Nothing is counted while one of them is a problem of the
        machine. If `cause` itself is one, the counts of the last CONSEQUENCE_NS are dropped.
        """
        if cause in MACHINE_CAUSES:
            self._forget_since(ts_ns - CONSEQUENCE_NS)
            return False
        if any(machine in active for machine in MACHINE_CAUSES):
            return False
        severity = SEVERITY[cause]
        if severity.is_latched or severity.state is not TradingState.PAUSED:
            return False
        kept = self._policy.pauses_max + 1
        times = self._times.setdefault(cause, deque(maxlen=kept))
        times.append(ts_ns)
        return len(times) == kept and ts_ns - times[0] <= self._policy.window_ns

    def _forget_since(self, ts_ns: int) -> None:
        for times in self._times.values():
            while times and times[-1] >= ts_ns:
                times.pop()

    def reset(self) -> None:
        """Start counting anew, after an operator resumed."""
        self._times.clear()
