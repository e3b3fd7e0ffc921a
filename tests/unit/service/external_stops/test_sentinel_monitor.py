"""Quoting pauses without a running sentinel, depending on the policy."""

from pathlib import Path

import pytest

from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.service.external_stops.heartbeat_files import (
    SENTINEL_HEARTBEAT,
    SentinelHeartbeat,
    write_heartbeat,
)
from quoter.service.external_stops.sentinel_monitor import (
    LOST_S,
    RECOVERY_S,
    SentinelMonitor,
    SentinelPolicy,
)


class Watched:
    """A monitor with a simulated clock, and the sentinel's heartbeat file."""

    def __init__(self, folder: Path, policy: SentinelPolicy) -> None:
        self.folder = folder
        self.now_s = 0.0
        self.seq = 0
        self.alarms: list[bool] = []
        self.watch = SentinelMonitor(
            folder=folder, policy=policy, clock=Clock(), monotonic_s=lambda: self.now_s
        )
        self.watch.begin(self._receive)

    def _receive(self, event: Event) -> None:
        assert isinstance(event, Alarm)
        assert event.cause is Cause.SENTINEL_LOST
        self.alarms.append(event.active)

    def new_heartbeat(self) -> None:
        self.seq += 1
        new_heartbeat = SentinelHeartbeat(run="s", seq=self.seq, ts_ns=0, pid=1, handled="")
        write_heartbeat(self.folder / SENTINEL_HEARTBEAT, new_heartbeat)

    def passes(self, seconds: float, *, with_heartbeats: bool) -> None:
        for _ in range(round(seconds / 0.5)):
            self.now_s += 0.5
            if with_heartbeats:
                self.new_heartbeat()
            self.watch.check()


def test_a_required_sentinel_pauses_until_its_heartbeat_is_steady(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.REQUIRED)
    assert watched.alarms == [True]
    watched.passes(20, with_heartbeats=False)
    assert watched.alarms == [True]
    watched.passes(RECOVERY_S + 1, with_heartbeats=True)
    assert watched.alarms == [True, False]


def test_old_heartbeat_of_a_dead_sentinel_does_not_count(tmp_path: Path) -> None:
    Watched(tmp_path, SentinelPolicy.OFF).new_heartbeat()
    watched = Watched(tmp_path, SentinelPolicy.REQUIRED)
    watched.passes(20, with_heartbeats=False)
    assert watched.alarms == [True]


def test_lost_sentinel_pauses_until_its_heartbeat_is_steady(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.AUTO)
    watched.watch.check()
    watched.passes(3, with_heartbeats=True)
    assert watched.alarms == []
    watched.passes(LOST_S, with_heartbeats=False)
    assert watched.alarms == []
    watched.passes(0.5, with_heartbeats=False)
    assert watched.alarms == [True]
    watched.passes(RECOVERY_S - 0.5, with_heartbeats=True)
    assert watched.alarms == [True]
    watched.passes(1, with_heartbeats=True)
    assert watched.alarms == [True, False]


def test_with_auto_a_sentinel_that_was_never_seen_does_not_pause(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.AUTO)
    watched.passes(60, with_heartbeats=False)
    assert watched.alarms == []


@pytest.mark.parametrize("policy", list(SentinelPolicy))
def test_is_running_follows_the_heartbeat_under_every_policy(
    tmp_path: Path, policy: SentinelPolicy
) -> None:
    Watched(tmp_path, SentinelPolicy.OFF).new_heartbeat()  # of a sentinel that no longer runs
    watched = Watched(tmp_path, policy)
    watched.passes(1, with_heartbeats=False)
    assert not watched.watch.is_running
    watched.passes(1, with_heartbeats=True)
    assert watched.watch.is_running
    watched.passes(LOST_S, with_heartbeats=False)
    assert watched.watch.is_running
    watched.passes(0.5, with_heartbeats=False)
    assert not watched.watch.is_running


def test_with_off_a_lost_sentinel_does_not_pause(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.OFF)
    watched.passes(3, with_heartbeats=True)
    watched.passes(60, with_heartbeats=False)
    assert watched.alarms == []
