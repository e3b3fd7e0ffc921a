"""What the sentinel makes of the daemon's beats. No clock of the daemon is believed."""

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
    """How the daemon is, as far as can be seen from outside."""

    ABSENT = "absent"  # no beat was ever seen
    UNREADABLE = "unreadable"  # its beat is there, and of a form that we don't know
    OTHER_MARKET = "other_market"  # it trades another market than we watch
    STARTING = "starting"  # nothing of this run is at the venue
    ALIVE = "alive"
    KILLED = "killed"  # it says so itself, and cancels
    SILENT = "silent"  # dead, frozen or hung
    STOPPED = "stopped"  # by its own word, with no order left


class HeartbeatMonitor:
    """Judges beats by whether they change, on our own monotonic clock."""

    def __init__(
        self,
        *,
        identity: InstanceIdentity,
        stale_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._stale_s = stale_s
        self._pulse = HeartbeatAge(monotonic_s)
        self.beat: DaemonHeartbeat | None = None  # the last one of ours
        self.core = DaemonState.ABSENT
        self.silence_s = 0.0

    def look(self, beat: DaemonHeartbeat | None, *, is_there: bool = False) -> DaemonState:
        """Take in what lies there now; None: nothing that can be read, which is no news.

        `is_there`: a file is. A daemon that never gave another sign can't be watched by it.
        """
        if beat is not None and beat.identity != self._identity:
            self.core = DaemonState.OTHER_MARKET
            return self.core
        self.silence_s = self._pulse.look(beat.mark if beat is not None else "")
        self.beat = beat or self.beat
        self.core = self._judge(self.beat)
        if beat is None and is_there and self.core in (DaemonState.ABSENT, DaemonState.STOPPED):
            self.core = DaemonState.UNREADABLE
        return self.core

    def _judge(self, beat: DaemonHeartbeat | None) -> DaemonState:
        if beat is None:
            return DaemonState.ABSENT
        if beat.status is RunStatus.STOPPED:
            return DaemonState.STOPPED
        if self.silence_s > self._stale_s:
            return DaemonState.SILENT
        if beat.status is RunStatus.STARTING:
            return DaemonState.STARTING
        return DaemonState.KILLED if beat.state == TradingState.KILLED.name else DaemonState.ALIVE
