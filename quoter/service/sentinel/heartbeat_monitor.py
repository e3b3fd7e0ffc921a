"""Derive the state of the daemon from its heartbeats; the daemon's clock is not used."""

import time
from collections.abc import Callable
from enum import StrEnum

from quoter.domain.trading import TradingState
from quoter.service.external_stops.heartbeat_files import (
    DaemonHeartbeat,
    HeartbeatAge,
    InstanceIdentity,
    RunStatus,
)


class DaemonState(StrEnum):
    """State of the daemon, as seen from its heartbeat file."""

    ABSENT = "absent"  # no heartbeat was seen
    UNREADABLE = "unreadable"  # the file exists, in an unknown format
    OTHER_MARKET = "other_market"  # it trades another market or instance
    STARTING = "starting"  # this run has sent no order yet
    ALIVE = "alive"
    KILLED = "killed"  # its kill switch is latched; it cancels its orders itself
    SILENT = "silent"  # ended without notice, frozen or hung
    STOPPED = "stopped"  # ended, with no order left


class HeartbeatMonitor:
    """Derives the daemon's state from the time since its label last changed.

    The time is measured on this process's monotonic clock.
    """

    def __init__(
        self,
        *,
        identity: InstanceIdentity,
        stale_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._stale_s = stale_s
        self._heartbeat_age = HeartbeatAge(monotonic_s)
        self.heartbeat: DaemonHeartbeat | None = None  # the last one of this instance
        self.state = DaemonState.ABSENT
        self.silence_s = 0.0

    def update(self, heartbeat: DaemonHeartbeat | None, *, is_there: bool = False) -> DaemonState:
        """Update from the heartbeat file; `heartbeat` is None if it can't be read.

        `is_there`: whether the file exists. The state is `UNREADABLE` if it exists, can't be read,
        and no heartbeat of an unfinished run was read before.
        """
        if heartbeat is not None and heartbeat.identity != self._identity:
            self.state = DaemonState.OTHER_MARKET
            return self.state
        self.silence_s = self._heartbeat_age.update(
            heartbeat.label if heartbeat is not None else ""
        )
        self.heartbeat = heartbeat or self.heartbeat
        self.state = self._state_of(self.heartbeat)
        if (
            heartbeat is None
            and is_there
            and self.state in (DaemonState.ABSENT, DaemonState.STOPPED)
        ):
            self.state = DaemonState.UNREADABLE
        return self.state

    def _state_of(self, heartbeat: DaemonHeartbeat | None) -> DaemonState:
        if heartbeat is None:
            return DaemonState.ABSENT
        if heartbeat.status is RunStatus.STOPPED:
            return DaemonState.STOPPED
        if self.silence_s > self._stale_s:
            return DaemonState.SILENT
        if heartbeat.status is RunStatus.STARTING:
            return DaemonState.STARTING
        return (
            DaemonState.KILLED if heartbeat.state == TradingState.KILLED.name else DaemonState.ALIVE
        )
