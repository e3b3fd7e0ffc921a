"""Cells on processes and on a Dask cluster: the same results, also when a process is killed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from quoter.domain.errors import BadSetting
from quoter.sweep.cell import Cell, CellResult
from quoter.sweep.workers import DIED, run_here, run_on_cluster
from tests.unit.sweep.cells import cells, result

pytestmark = pytest.mark.slow  # processes that import the engine


def kill_one(cell: Cell, parent: int | None) -> CellResult:
    """End the process of one variant, as the out-of-memory killer does."""
    assert parent == os.getppid()
    if cell.variant == "GAMMA=3":
        os.kill(os.getpid(), signal.SIGKILL)
    return result(cell, [1.0])


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Run a scheduler and workers in this process; yields the scheduler's address."""
    from distributed import LocalCluster  # not above: worker processes import this module

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
    ) as started:
        yield started.scheduler_address


def without_usage(found: CellResult) -> CellResult:
    return msgspec.structs.replace(found, cpu_s=0.0, memory_mb=0.0)


def by_identity(found: list[CellResult]) -> dict[str, CellResult]:
    return {each.identity: without_usage(each) for each in found}


def test_killed_worker_costs_its_own_cell_only(tape: Path) -> None:
    wanted = cells(tape, "QUOTER_GAMMA=2,3")
    found = by_identity(list(run_here(wanted, jobs=2, run=kill_one)))
    assert len(found) == len(wanted)
    failures = {cell.variant: found[cell.identity].failure for cell in wanted}
    assert failures.pop("GAMMA=3") == DIED
    assert set(failures.values()) == {""}


def test_cluster_gives_the_results_of_this_process(tape: Path) -> None:
    wanted = cells(tape, "QUOTER_GAMMA=1,2", seconds=7.0)
    here = by_identity(list(run_here(wanted, jobs=1)))
    with cluster(workers=2) as address:
        there = by_identity(list(run_on_cluster(wanted, address=address)))
    assert there == here


def test_cluster_without_a_worker_is_one_line(tape: Path) -> None:
    with cluster(workers=0) as address, pytest.raises(BadSetting, match="no worker"):
        list(run_on_cluster(cells(tape), address=address))


def test_address_without_a_scheduler_is_one_line(
    tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quoter.sweep.workers.CONNECT_S", 0.5)
    with pytest.raises(BadSetting, match=r"--dask tcp://127\.0\.0\.1:1: no scheduler"):
        list(run_on_cluster(cells(tape), address="tcp://127.0.0.1:1"))
