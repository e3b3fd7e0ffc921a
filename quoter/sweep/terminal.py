"""A sweep in a terminal: computes missing cells, then writes tables, warnings and files."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from quoter.domain.errors import BadSetting
from quoter.studies.common.report import Cell as ReportCell
from quoter.studies.common.report import Table as ReportTable
from quoter.sweep.cell import Cell, CellResult
from quoter.sweep.grid import Request, cells_of
from quoter.sweep.report import SHOWN, table_of, write_report
from quoter.sweep.results import rows, write_results
from quoter.sweep.store import CellStore
from quoter.sweep.summary import groups, warnings
from quoter.sweep.workers import run_here, run_on_cluster

FAILED_SHOWN = 5  # maximum number of failed cells shown with their reasons
PIPED_WIDTH = 200
DONE, INCOMPLETE = 0, 1  # exit codes


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """Options of a sweep.

    out: output folder. jobs: number of processes. dask: address of a scheduler, or None.
    """

    out: Path
    jobs: int
    dask: str | None


def run_sweep(request: Request, options: SweepOptions) -> int:
    """Compute the missing cells, write and print the results; return the exit code.

    Raises BadSetting for a setting that no cell can have, or a folder that can't be written.
    """
    cells = cells_of(request)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    try:
        store = CellStore(options.out)
        results = _computed(cells, store, options, console)
        write_results(rows(cells, results), options.out)
        _report(cells, results, request, options.out, console)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise BadSetting(f"--out {options.out}: {error.strerror}{where}") from None
    failures = [(cell, results[cell.identity].failure) for cell in cells]
    failures = [(cell, reason) for cell, reason in failures if reason]
    for cell, reason in failures[:FAILED_SHOWN]:
        place = f"{cell.variant}, {cell.tape.name}, {cell.model}, seed {cell.delay.seed}"
        console.print(f"failed: {place}: {reason}", style="red", markup=False)
    if failures:
        console.print(
            f"{len(failures)} of {len(cells)} cells failed: see column `failure` of the CSV"
        )
    return INCOMPLETE if failures else DONE


def _computed(
    cells: Sequence[Cell], store: CellStore, options: SweepOptions, console: Console
) -> dict[str, CellResult]:
    """Return the results of all cells by identity; each new one is stored when it is finished."""
    found = {cell.identity: store.load(cell.identity) for cell in cells}
    results = {identity: result for identity, result in found.items() if result is not None}
    left = [cell for cell in cells if cell.identity not in results]
    console.print(
        f"{len(cells)} cells, {len(results)} of them finished earlier, in {options.out}; "
        f"{len(left)} to run on {options.dask or f'{options.jobs} processes'}",
        style="dim",
    )
    if not left:
        return results
    columns = (
        TextColumn("cells"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("cells", total=len(cells), completed=len(results))
            for result in _running(left, options):
                store.save(result)
                results[result.identity] = result
                bar.advance(task)
    except KeyboardInterrupt:
        sys.stderr.write(
            f"{len(results)} finished cells are stored: run the same command to continue\n"
        )
        raise
    return results


def _running(cells: Sequence[Cell], options: SweepOptions) -> Iterator[CellResult]:
    if options.dask is not None:
        return run_on_cluster(cells, address=options.dask)
    return run_here(cells, jobs=options.jobs)


def _report(
    cells: Sequence[Cell],
    results: dict[str, CellResult],
    request: Request,
    folder: Path,
    console: Console,
) -> None:
    found = groups(cells, results)
    texts = list(warnings(found))
    for number, group in enumerate(found, start=1):
        _print(table_of(group, number), SHOWN, console)
    for text in texts:
        console.print(f"warning: {text}", style="yellow", markup=False, soft_wrap=True)
    shared: dict[str, ReportCell] = {
        "seconds": f"{request.seconds:g}" if request.seconds else "all",
        "seeds": request.seeds,
        "latency_ms": request.delay.median_ms,
        "code": cells[0].code,
    }
    write_report(found, texts, folder, settings=shared)
    console.print(f"{folder / 'report.html'}", markup=False, soft_wrap=True)


def _print(table: ReportTable, columns: Sequence[int], console: Console) -> None:
    shown = Table(title=table.title, title_justify="left", box=SIMPLE)
    for number in columns:
        shown.add_column(table.columns[number], justify="right" if number else "left")
    for row in table.rows:
        shown.add_row(*(str(row[number]) for number in columns))
    console.print(shown)
    console.print(table.note, style="dim")
