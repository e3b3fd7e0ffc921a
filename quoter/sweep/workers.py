"""Runs cells on the cores of this machine (joblib) or on a Dask cluster."""

import os
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import BrokenProcessPool

from quoter.domain.errors import BadSetting
from quoter.sweep.cell import Cell, CellResult, failed
from quoter.sweep.running import run_cell

# arguments: cell, and id of the process that waits
type Run = Callable[[Cell, int | None], CellResult]

IDLE_S: Final = 60  # a worker process without work ends after this time
CONNECT_S: Final = 10
DIED = "its worker process ended: killed, or out of memory"


def run_here(cells: Sequence[Cell], *, jobs: int, run: Run = run_cell) -> Iterator[CellResult]:
    """Yield the results of cells in order of completion, from `jobs` processes (1: this process).

    If the process of a cell is killed, its result has that as the reason.
    """
    if jobs == 1:
        for cell in cells:
            yield run(cell, None)
        return
    left = {cell.identity: cell for cell in cells}
    while left:
        try:
            for result in _pool(run, list(left.values()), jobs):
                del left[result.identity]
                yield result
        except BrokenProcessPool:
            # The cell that killed its worker is one of the first 2 * jobs, which ran or were next.
            for cell in list(left.values())[: 2 * jobs]:
                del left[cell.identity]
                yield _alone(run, cell)


def run_on_cluster(cells: Sequence[Cell], *, address: str) -> Iterator[CellResult]:
    """Yield the results of cells in order of completion, from a Dask cluster.

    Every worker needs this package, and the tapes at the same paths. Raises BadSetting if there is
    no scheduler at the address or it has no worker.
    """
    from distributed import Client, as_completed  # noqa: PLC0415 - the extra `cluster`

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BadSetting(f"--dask {address}: no scheduler: {_first_line(error)}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise BadSetting(f"--dask {address}: the cluster has no worker; start `dask worker`")
        futures = {client.submit(run_cell, cell, key=cell.identity): cell for cell in cells}
        for future in as_completed(futures, loop=client.loop):
            try:
                yield future.result()
            except (Exception, CancelledError) as error:  # noqa: BLE001 - a worker or the scheduler
                yield failed(futures[future], f"the worker failed: {_first_line(error)}")
            future.release()


def _pool(run: Run, cells: Sequence[Cell], jobs: int) -> Iterator[CellResult]:
    parent = os.getpid()
    with parallel_config(backend="loky", idle_worker_timeout=IDLE_S):
        pool = Parallel(
            n_jobs=jobs,
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="2*n_jobs",
            max_nbytes=None,
        )
        yield from pool(delayed(run)(cell, parent) for cell in cells)


def _alone(run: Run, cell: Cell) -> CellResult:
    """Run one cell in a separate pool."""
    try:
        return next(_pool(run, [cell], 2))
    except BrokenProcessPool:
        return failed(cell, DIED)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
