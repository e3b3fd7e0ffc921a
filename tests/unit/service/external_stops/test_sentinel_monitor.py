"""A daemon that must be watched pauses when nobody does."""

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
    """The watch of one daemon, and the sentinel's file."""

    def __init__(self, folder: Path, policy: SentinelPolicy) -> None:
        self.folder = folder
        self.now_s = 0.0
        self.seq = 0
        self.told: list[bool] = []
        self.watch = SentinelMonitor(
            folder=folder, policy=policy, clock=Clock(), monotonic_s=lambda: self.now_s
        )
        self.watch.begin(self._receive)

    def _receive(self, event: Event) -> None:
        assert isinstance(event, Alarm)
        assert event.cause is Cause.SENTINEL_LOST
        self.told.append(event.active)

    def new_heartbeat(self) -> None:
        self.seq += 1
        new_heartbeat = SentinelHeartbeat(run="s", seq=self.seq, ts_ns=0, pid=1, handled="")
        write_heartbeat(self.folder / SENTINEL_HEARTBEAT, new_heartbeat)

    def passes(self, seconds: float, *, beating: bool) -> None:
        for _ in range(round(seconds / 0.5)):
            self.now_s += 0.5
            if beating:
                self.new_heartbeat()
            self.watch.check()


def test_where_one_is_required_nothing_goes_before_it_is_there(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.REQUIRED)
    assert watched.told == [True]
    watched.passes(20, beating=False)
    assert watched.told == [True]
    watched.passes(RECOVERY_S + 1, beating=True)
    assert watched.told == [True, False]


def test_old_heartbeat_of_a_dead_sentinel_does_not_count(tmp_path: Path) -> None:
    Watched(tmp_path, SentinelPolicy.OFF).new_heartbeat()
    watched = Watched(tmp_path, SentinelPolicy.REQUIRED)
    watched.passes(20, beating=False)
    assert watched.told == [True]


def test_lost_sentinel_pauses_until_its_heartbeat_is_steady(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.AUTO)
    watched.watch.check()
    watched.passes(3, beating=True)
    assert watched.told == []
    watched.passes(LOST_S, beating=False)
    assert watched.told == []
    watched.passes(0.5, beating=False)
    assert watched.told == [True]
    watched.passes(RECOVERY_S - 0.5, beating=True)
    assert watched.told == [True]
    watched.passes(1, beating=True)
    assert watched.told == [True, False]


def test_where_none_was_ever_seen_none_is_missed(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.AUTO)
    watched.passes(60, beating=False)
    assert watched.told == []


@pytest.mark.parametrize("policy", list(SentinelPolicy))
def test_it_knows_whether_one_watches_whether_one_must_or_not(
    tmp_path: Path, policy: SentinelPolicy
) -> None:
    Watched(tmp_path, SentinelPolicy.OFF).new_heartbeat()  # of one that is dead
    watched = Watched(tmp_path, policy)
    watched.passes(1, beating=False)
    assert not watched.watch.is_running
    watched.passes(1, beating=True)
    assert watched.watch.is_running
    watched.passes(LOST_S, beating=False)
    assert watched.watch.is_running
    watched.passes(0.5, beating=False)
    assert not watched.watch.is_running


def test_who_does_not_want_one_is_not_stopped(tmp_path: Path) -> None:
    watched = Watched(tmp_path, SentinelPolicy.OFF)
    watched.passes(3, beating=True)
    watched.passes(60, beating=False)
    assert watched.told == []
