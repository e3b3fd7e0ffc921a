"""Monitor the sentinel's heartbeat: raise `sentinel_lost` when it stops."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.service.external_stops.heartbeat_files import (
    SENTINEL_HEARTBEAT,
    HeartbeatAge,
    SentinelHeartbeat,
    read_heartbeat,
)
from quoter.venues.ports import Emit

LOST_S = 5.0
FRESH_S = 2.0  # the sentinel writes a heartbeat every 0.5 s
RECOVERY_S = 2.0


class SentinelPolicy(StrEnum):
    """Whether a missing heartbeat of the sentinel stops quoting."""

    OFF = "off"  # never
    AUTO = "auto"  # once this run has seen a sentinel
    REQUIRED = "required"  # always


class SentinelMonitor:
    """Raises and clears `sentinel_lost`; call `check` several times per second."""

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
        self._heartbeat_age = HeartbeatAge(monotonic_s)
        self._first: str | None = None  # label found at the start: its sentinel may have ended
        self._is_seen = False
        self.is_running = False  # now, whatever the policy
        self._back_s: float | None = None  # since when there are heartbeats again
        self._is_active = False

    def begin(self, post: Emit) -> None:
        """Raise `sentinel_lost` until a sentinel is seen, if the policy is `required`."""
        self._post = post
        if self._policy is SentinelPolicy.REQUIRED:
            self._set_cause(True, "no heartbeat of the sentinel yet")

    def check(self) -> None:
        """Read the last heartbeat, and raise or clear the cause."""
        heartbeat = read_heartbeat(self._path, SentinelHeartbeat)
        label = heartbeat.label if heartbeat is not None else ""
        if self._first is None:
            self._first = label
        self._is_seen = self._is_seen or label not in ("", self._first)
        silence_s = self._heartbeat_age.update(label)
        self.is_running = self._is_seen and silence_s <= LOST_S
        if self._policy is not SentinelPolicy.OFF:
            self._update_cause(silence_s)

    def _update_cause(self, silence_s: float) -> None:
        if not self._is_active:
            if self._is_seen and silence_s > LOST_S:
                since = datetime.now(UTC) - timedelta(seconds=silence_s)
                self._set_cause(True, f"no heartbeat of the sentinel since {since:%H:%M:%S} UTC")
            return
        if not self._is_seen or silence_s > FRESH_S:
            self._back_s = None
            return
        now_s = self._monotonic_s()
        if self._back_s is None:
            self._back_s = now_s
        if now_s - self._back_s >= RECOVERY_S:
            self._set_cause(False, "")

    def _set_cause(self, is_active: bool, text: str) -> None:
        self._is_active, self._back_s = is_active, None
        now_ns = self._clock.now_ns()
        if self._post is not None:
            self._post(Alarm(ts_ns=now_ns, cause=Cause.SENTINEL_LOST, active=is_active, text=text))
