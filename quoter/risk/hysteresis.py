"""Hysteresis of halt causes: a clearing delay, and a limit on repeated pauses.

A cause that clears by itself is cleared only after its condition was absent for a while. A cause
that pauses quoting again and again is a fault that needs a person (rule KS-14), unless the market
explains it: where the market itself raises a cause, such as a price jump, the limit grows with the
rate that is expected of this market. An outage during which quoting never resumed is one pause.
Causes that a slow machine raises are excepted: a resume would not make the machine faster, and
their monitors wait longer each time that the problem returns.
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

# Multiple of the expected rate that a market still reaches: its variance may grow so much before
# the estimate follows. Beyond it, only chance is allowed for.
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
        """Return how many pauses of a cause the window may have.

        expected_per_s: the rate at which the market itself raises the cause.
        """
        busy = MARKET_TIMES * min(expected_per_s, PER_S_MAX)
        if not busy > 0.0:
            return self.pauses_max
        by_chance = burst_limit(busy, self.window_ns / NS_PER_S, ONE_A_YEAR) - 1
        return max(self.pauses_max, by_chance)


class Pause(NamedTuple):
    """A pause, and the rate at which the market was expected to raise its cause by itself then."""

    ts_ns: int
    expected_per_s: float


class Flaps:
    """Counts, by cause, the pauses that need no operator, but not those of a slow machine."""

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
        """Count a pause by `cause`; return the allowed number if there were more, else None.

        `before`: trading state before `cause` was raised. In one that is paused already, nothing is
        counted: however often reconnecting fails, an outage is one pause. `active` are the active
        causes. Nothing is counted while one of them is a problem of the machine. If `cause` itself
        is one, the counts of the last CONSEQUENCE_NS are dropped.
        expected_per_s: see `Hysteresis.allowed`. The rate at the first of the pauses counts, so
        that pauses of a wrong feed do not explain themselves by the variance that they add.
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
        """Start counting anew, after an operator resumed."""
        self._pauses.clear()
