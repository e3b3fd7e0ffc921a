"""Memory above its bound ends a run cleanly, but not one that has only just begun."""

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


class ClockRig:
    """A process whose memory and age the test sets."""

    def __init__(self, *, rss_max_mb: int = 100) -> None:
        self.now_ns = 0
        self.mb = 50
        self.rests: list[str] = []
        self.restarts = 0
        self.resources = ResourceMonitor(
            rss_max_mb=rss_max_mb,
            clock=Clock(wall_ns=lambda: 0, monotonic_ns=lambda: self.now_ns),
            pause=self.rests.append,
            restart=self.restart,
            rss=lambda: self.mb * MIB,
        )

    def restart(self) -> None:
        self.restarts += 1

    def live(self, seconds: int, *, mb: int) -> None:
        self.mb = mb
        for _ in range(seconds):
            self.now_ns += NS_PER_S
            self.resources.check()


def test_ten_seconds_above_the_bound_end_an_old_run_once() -> None:
    rig = ClockRig()
    rig.live(10 * MINUTE_S, mb=100)
    rig.live(10, mb=101)
    assert rig.restarts == 0
    rig.live(30, mb=101)
    assert rig.restarts == 1
    assert set(rig.rests) == {""}


def test_a_peak_is_no_reason() -> None:
    rig = ClockRig()
    rig.live(10 * MINUTE_S, mb=50)
    for _ in range(5):
        rig.live(9, mb=500)
        rig.live(1, mb=100)
    assert rig.restarts == 0


def test_a_young_run_rests_and_is_ended_when_it_is_old_enough() -> None:
    """A bound that is too low for any run must not restart us for ever while we trade."""
    rig = ClockRig()
    rig.live(30, mb=101)
    assert rig.restarts == 0
    assert rig.rests[-1] == "101 MiB used, the limit is 100 MiB (QUOTER_RSS_MAX_MB)"
    rig.live(9 * MINUTE_S + 29, mb=101)
    assert rig.restarts == 0
    rig.live(1, mb=101)
    assert rig.restarts == 1


def test_a_young_run_that_shrinks_goes_on() -> None:
    rig = ClockRig()
    rig.live(30, mb=101)
    rig.live(1, mb=100)
    assert rig.rests[-1] == ""
    assert rig.restarts == 0


def test_zero_is_no_bound() -> None:
    rig = ClockRig(rss_max_mb=0)
    rig.live(20 * MINUTE_S, mb=100_000)
    assert (rig.restarts, set(rig.rests)) == (0, {""})


def test_many_open_files_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    rig = ClockRig()
    with capture_logs() as lines:
        for count in (limit * 0.8, limit * 0.81, limit * 0.9, 0, limit):
            monkeypatch.setattr(module, "open_files", lambda count=count: count)
            rig.live(1, mb=50)
    assert [line["event"] for line in lines] == ["open_files_near_limit"] * 2


def test_it_sees_this_process() -> None:
    block = b"x" * (64 * MIB)
    with_block = resident_bytes()
    assert with_block > len(block)
    before = open_files()
    handles = [os.dup(0) for _ in range(5)]
    assert open_files() == before + 5
    for handle in handles:
        os.close(handle)


def test_where_there_is_no_proc_the_peak_counts_and_files_are_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STATM", Path("/no/such"))
    monkeypatch.setattr(module, "FILES", Path("/no/such"))
    assert resident_bytes() > 10 * MIB
    assert open_files() == 0


def test_a_full_table_of_descriptors_is_reported_and_ends_nothing() -> None:
    """Neither files nor memory can be looked at then."""
    rig = ClockRig()
    rig.live(10 * MINUTE_S, mb=50)
    looking = ResourceMonitor(
        rss_max_mb=1,
        clock=Clock(wall_ns=lambda: 0, monotonic_ns=lambda: rig.now_ns),
        pause=rig.rests.append,
        restart=rig.restart,
    )
    with capture_logs() as lines, full_table():
        looking.check()
    assert [line["event"] for line in lines] == ["open_files_near_limit"]
    assert rig.restarts == 0
