"""State of a daemon, derived from its heartbeats and the sentinel's clock."""

from dataclasses import replace

import pytest

from quoter.service.external_stops.heartbeat_files import DaemonHeartbeat, RunStatus
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from tests.unit.service.external_stops.test_heartbeat_files import US, new_heartbeat


class Watch:
    """A monitor with a simulated clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.monitor = HeartbeatMonitor(identity=US, stale_s=3.0, monotonic_s=lambda: self.now_s)

    def update(
        self, seen: DaemonHeartbeat | None, after_s: float = 0.0, *, is_there: bool = False
    ) -> DaemonState:
        self.now_s += after_s
        return self.monitor.update(seen, is_there=is_there)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_without_a_heartbeat_there_is_no_daemon(watch: Watch) -> None:
    assert watch.update(None, after_s=100.0) is DaemonState.ABSENT


def test_unreadable_heartbeat_is_not_an_absent_daemon(watch: Watch) -> None:
    """It may be of another version: that daemon may trade, and its silence would be missed."""
    assert watch.update(None, is_there=True) is DaemonState.UNREADABLE
    assert watch.update(new_heartbeat(1)) is DaemonState.ALIVE
    assert watch.update(None, after_s=1.0, is_there=True) is DaemonState.ALIVE
    assert watch.update(None, after_s=3.1, is_there=True) is DaemonState.SILENT
    assert watch.update(new_heartbeat(2, RunStatus.STOPPED)) is DaemonState.STOPPED
    assert watch.update(None, is_there=True) is DaemonState.UNREADABLE


def test_daemon_is_silent_when_its_heartbeat_does_not_change_for_too_long(watch: Watch) -> None:
    assert watch.update(new_heartbeat(1)) is DaemonState.ALIVE
    assert watch.update(new_heartbeat(1), after_s=3.0) is DaemonState.ALIVE
    assert watch.update(new_heartbeat(1), after_s=0.1) is DaemonState.SILENT
    assert watch.update(new_heartbeat(2), after_s=0.1) is DaemonState.ALIVE


def test_later_time_with_the_same_number_does_not_count(watch: Watch) -> None:
    """The clock may have been changed, or the same heartbeat was written again."""
    watch.update(new_heartbeat(1))
    assert watch.update(replace(new_heartbeat(1), ts_ns=10**19), after_s=3.1) is DaemonState.SILENT


def test_earlier_time_with_the_next_number_counts(watch: Watch) -> None:
    watch.update(new_heartbeat(1))
    assert watch.update(replace(new_heartbeat(2), ts_ns=-1), after_s=3.1) is DaemonState.ALIVE


def test_a_removed_heartbeat_file_counts_as_silence(watch: Watch) -> None:
    watch.update(new_heartbeat(1))
    assert watch.update(None, after_s=3.1) is DaemonState.SILENT
    assert watch.monitor.heartbeat == new_heartbeat(1)


def test_a_stopped_daemon_does_not_become_silent(watch: Watch) -> None:
    watch.update(new_heartbeat(1))
    assert watch.update(new_heartbeat(2, RunStatus.STOPPED)) is DaemonState.STOPPED
    assert watch.update(new_heartbeat(2, RunStatus.STOPPED), after_s=1_000.0) is DaemonState.STOPPED


def test_a_starting_daemon_becomes_silent_without_heartbeats(watch: Watch) -> None:
    assert watch.update(new_heartbeat(1, RunStatus.STARTING)) is DaemonState.STARTING
    assert watch.update(new_heartbeat(1, RunStatus.STARTING), after_s=3.1) is DaemonState.SILENT


def test_a_heartbeat_with_state_killed_means_killed(watch: Watch) -> None:
    assert watch.update(replace(new_heartbeat(1), state="KILLED")) is DaemonState.KILLED


def test_a_daemon_of_another_market_is_ignored(watch: Watch) -> None:
    other = replace(new_heartbeat(1), identity=replace(US, symbol="ETH/USDT"))
    assert watch.update(other) is DaemonState.OTHER_MARKET
    assert watch.monitor.heartbeat is None
