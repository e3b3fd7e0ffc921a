"""Hysteresis of halt causes: a clearing delay, and a limit on repeated pauses.

A cause that clears by itself is cleared only after its condition was absent for a while.

A cause that pauses quoting again and again is a fault that needs a person (rule KS-14). An outage
during which quoting never resumed is one pause. The market itself raises some causes, such as a
price jump. For these the limit grows with the rate that is expected of this market.

Causes that a slow machine raises are not limited: a resume would not make the machine faster. Their
monitors wait longer each time the problem returns.
"""

from collections import deque
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from quoter.domain.poisson import ONE_A_YEAR, burst_limit
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.kill_switch import SEVERITY

# How long a condition must be absent before its cause is cleared. Causes whose source has
# a delay of its own (`venue_status`, `loop_lag`, `rate_limited` and others) are not listed.
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
# slow. Each clears by itself after a calm time, which its source doubles when the problem returns.
MACHINE_CAUSES = frozenset({Cause.LOOP_LAG, Cause.CLOCK, Cause.MEMORY, Cause.LEDGER_SLOW})
# A slow machine also delays market data. Causes raised this long before a problem of the machine is
# detected are therefore treated as its consequences.
CONSEQUENCE_NS = 10 * NS_PER_S

# Multiple of the expected rate that is still attributed to the market: its variance may grow this
# much before the estimate follows. Pauses above it are allowed only as far as chance explains them.
MARKET_TIMES = 4.0
PER_S_MAX = 1.0  # expected pauses per second, at most; it bounds the work of computing a limit
PAUSES_KEPT = 1_024  # pauses of a cause that are remembered; a higher limit is never reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """Clearing delay by cause, and the maximum number of pauses.

    More than `pauses_max` pauses by one cause within `window_ns` raise FLAPPING, if the market does
    not explain them.
    """

    clean_ns: Mapping[Cause, int] = field(default_factory=lambda: CLEAN_NS)
    pauses_max: int = 5
    window_ns: int = 600 * NS_PER_S

    def __post_init__(self) -> None:
        """Raise ValueError for values that would always or never raise FLAPPING."""
        if not (self.pauses_max >= 1 and self.window_ns > 0):
            raise ValueError(f"out of domain: {self.pauses_max=} {self.window_ns=}")

    def allowed(self, expected_per_s: float) -> int:
        """Return the allowed number of pauses of one cause within the window.

        expected_per_s: the rate at which the market itself raises the cause.
        """
        busy = MARKET_TIMES * min(expected_per_s, PER_S_MAX)
        if not busy > 0.0:
            return self.pauses_max
        by_chance = burst_limit(busy, self.window_ns / NS_PER_S, ONE_A_YEAR) - 1
        return max(self.pauses_max, by_chance)


class Pause(NamedTuple):
    """A pause, and the rate (1/s) at which the market was then expected to raise its cause."""

    ts_ns: int
    expected_per_s: float


class Flaps:
    """Counts pauses by cause, except those that are latched or due to a slow machine."""

    def __init__(self, policy: Hysteresis) -> None:
        self._policy = policy
        self._pauses: dict[Cause, deque[Pause]] = {}

    def add(
        self,
        cause: Cause,
        ts_ns: int,
        *,
        before: TradingState = TradingState.RUNNING,
        active: Container[Cause] = (),
        expected_per_s: float = 0.0,
    ) -> int | None:
        """Count a pause by `cause`; return the allowed number if it is exceeded, else None.

        before: trading state before the cause was raised. Nothing is counted if quoting was paused
        already: an outage is one pause, however often reconnecting fails.

        active: the active causes. Nothing is counted while one of them is a problem of the machine.
        If `cause` itself is one, the counts of the last CONSEQUENCE_NS are dropped. expected_per_s:
        see `Hysteresis.allowed`.

        The limit uses the rate at the first pause in the window. Otherwise a wrong feed would add
        variance, and so raise the limit on its own pauses.
        """
        if cause in MACHINE_CAUSES:
            self._forget_since(ts_ns - CONSEQUENCE_NS)
            return None
        if any(machine in active for machine in MACHINE_CAUSES):
            return None
        if before >= TradingState.PAUSED:
            return None
        severity = SEVERITY[cause]
        if severity.is_latched or severity.state is not TradingState.PAUSED:
            return None
        pauses = self._pauses.setdefault(cause, deque(maxlen=PAUSES_KEPT))
        pauses.append(Pause(ts_ns, expected_per_s))
        while ts_ns - pauses[0].ts_ns > self._policy.window_ns:
            pauses.popleft()
        allowed = self._policy.allowed(pauses[0].expected_per_s)
        return allowed if len(pauses) > allowed else None

    def count(self, ts_ns: int) -> int:
        """Return how many pauses the window that ends now has, by all causes together."""
        begin_ns = ts_ns - self._policy.window_ns
        return sum(pause.ts_ns >= begin_ns for each in self._pauses.values() for pause in each)

    def _forget_since(self, ts_ns: int) -> None:
        for pauses in self._pauses.values():
            while pauses and pauses[-1].ts_ns >= ts_ns:
                pauses.pop()

    def reset(self) -> None:
        """Reset all counts, after a resume by an operator."""
        self._pauses.clear()
