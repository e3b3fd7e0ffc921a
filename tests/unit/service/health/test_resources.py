"""Memory above its limit pauses a young run and restarts an older one."""

import os
import resource
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.health import resources as module
from quoter.service.health.resources import MIB, ResourceMonitor, open_files, resident_bytes
from tests.unit.service.full_table import full_table

MINUTE_S = 60


class ResourceRig:
    """A monitor with simulated memory and time."""

    def __init__(self, *, rss_max_mb: int = 100) -> None:
        self.now_ns = 0
        self.mb = 50
        self.pauses: list[str] = []
        self.restarts = 0
        self.resources = ResourceMonitor(
            rss_max_mb=rss_max_mb,
            clock=Clock(wall_ns=lambda: 0, monotonic_ns=lambda: self.now_ns),
            pause=self.pauses.append,
            restart=self.restart,
            rss=lambda: self.mb * MIB,
        )

    def restart(self) -> None:
        self.restarts += 1

    def run(self, seconds: int, *, mb: int) -> None:
        self.mb = mb
        for _ in range(seconds):
            self.now_ns += NS_PER_S
            self.resources.check()


def test_ten_seconds_above_the_limit_restart_a_run_older_than_ten_minutes_once() -> None:
    rig = ResourceRig()
    rig.run(10 * MINUTE_S, mb=100)
    rig.run(10, mb=101)
    assert rig.restarts == 0
    rig.run(30, mb=101)
    assert rig.restarts == 1
    assert set(rig.pauses) == {""}


def test_a_short_peak_does_not_restart() -> None:
    rig = ResourceRig()
    rig.run(10 * MINUTE_S, mb=50)
    for _ in range(5):
        rig.run(9, mb=500)
        rig.run(1, mb=100)
    assert rig.restarts == 0


def test_a_young_run_pauses_and_restarts_once_it_is_ten_minutes_old() -> None:
    """A limit that is too low for any run must not cause endless restarts."""
    rig = ResourceRig()
    rig.run(30, mb=101)
    assert rig.restarts == 0
    assert rig.pauses[-1] == "101 MiB used, the limit is 100 MiB (QUOTER_RSS_MAX_MB)"
    rig.run(9 * MINUTE_S + 29, mb=101)
    assert rig.restarts == 0
    rig.run(1, mb=101)
    assert rig.restarts == 1


def test_a_young_run_below_the_limit_again_resumes() -> None:
    rig = ResourceRig()
    rig.run(30, mb=101)
    rig.run(1, mb=100)
    assert rig.pauses[-1] == ""
    assert rig.restarts == 0


def test_a_limit_of_zero_is_no_limit() -> None:
    rig = ResourceRig(rss_max_mb=0)
    rig.run(20 * MINUTE_S, mb=100_000)
    assert (rig.restarts, set(rig.pauses)) == (0, {""})


def test_many_open_files_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    rig = ResourceRig()
    with capture_logs() as lines:
        for count in (limit * 0.8, limit * 0.81, limit * 0.9, 0, limit):
            monkeypatch.setattr(module, "open_files", lambda count=count: count)
            rig.run(1, mb=50)
    assert [line["event"] for line in lines] == ["open_files_near_limit"] * 2


def test_memory_and_open_files_of_this_process_are_measured() -> None:
    block = b"x" * (64 * MIB)
    with_block = resident_bytes()
    assert with_block > len(block)
    before = open_files()
    handles = [os.dup(0) for _ in range(5)]
    assert open_files() == before + 5
    for handle in handles:
        os.close(handle)


def test_without_proc_peak_memory_is_used_and_open_files_are_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STATM", Path("/no/such"))
    monkeypatch.setattr(module, "FILES", Path("/no/such"))
    assert resident_bytes() > 10 * MIB
    assert open_files() == 0


def test_without_free_descriptors_the_limit_is_reported_and_nothing_restarts() -> None:
    """Neither open files nor memory can be read then."""
    rig = ResourceRig()
    rig.run(10 * MINUTE_S, mb=50)
    monitor = ResourceMonitor(
        rss_max_mb=1,
        clock=Clock(wall_ns=lambda: 0, monotonic_ns=lambda: rig.now_ns),
        pause=rig.pauses.append,
        restart=rig.restart,
    )
    with capture_logs() as lines, full_table():
        monitor.check()
    assert [line["event"] for line in lines] == ["open_files_near_limit"]
    assert rig.restarts == 0
