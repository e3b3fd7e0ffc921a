"""The daemon's eye on its sentinel: who quotes must be watched."""

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.service.external_stops.heartbeat_files import (
    SENTINEL_HEARTBEAT,
    HeartbeatAge,
    SentinelHeartbeat,
    get,
)
from quoter.venues.ports import Emit

LOST_S = 5.0
FRESH_S = 2.0  # the sentinel beats every half second
RECOVERY_S = 2.0


class SentinelPolicy(StrEnum):
    """When a sentinel that gives no sign of life keeps us from quoting."""

    OFF = "off"  # never
    AUTO = "auto"  # once this run has seen one
    REQUIRED = "required"  # always


class SentinelMonitor:
    """Raises `sentinel_lost` and settles it; `look` is called several times a second."""

    def __init__(
        self,
        *,
        folder: Path,
        policy: SentinelPolicy,
        clock: Clock,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = folder / SENTINEL_HEARTBEAT
        self._policy = policy
        self._clock = clock
        self._post: Emit | None = None
        self._monotonic_s = monotonic_s
        self._pulse = HeartbeatAge(monotonic_s)
        self._first: str | None = None  # what lay there before: of a sentinel that may be dead
        self._is_seen = False
        self.is_running = False  # now, whether it must or not
        self._back_s: float | None = None  # since when it beats again
        self._is_active = False

    def begin(self, post: Emit) -> None:
        """Where one is required, none is there until it is seen."""
        self._post = post
        if self._policy is SentinelPolicy.REQUIRED:
            self._hold(True, "no sign of life of the sentinel yet")

    def look(self) -> None:
        """Read its last beat and judge."""
        beat = get(self._path, SentinelHeartbeat)
        mark = beat.mark if beat is not None else ""
        if self._first is None:
            self._first = mark
        self._is_seen = self._is_seen or mark not in ("", self._first)
        silence_s = self._pulse.look(mark)
        self.is_running = self._is_seen and silence_s <= LOST_S
        if self._policy is not SentinelPolicy.OFF:
            self._judge(silence_s)

    def _judge(self, silence_s: float) -> None:
        if not self._is_active:
            if self._is_seen and silence_s > LOST_S:
                self._hold(True, f"no sign of life of the sentinel for {silence_s:.1f} s")
            return
        if not self._is_seen or silence_s > FRESH_S:
            self._back_s = None
            return
        now_s = self._monotonic_s()
        if self._back_s is None:
            self._back_s = now_s
        if now_s - self._back_s >= RECOVERY_S:
            self._hold(False, "")

    def _hold(self, is_active: bool, text: str) -> None:
        self._is_active, self._back_s = is_active, None
        now_ns = self._clock.now_ns()
        if self._post is not None:
            self._post(Alarm(ts_ns=now_ns, cause=Cause.SENTINEL_LOST, active=is_active, text=text))
