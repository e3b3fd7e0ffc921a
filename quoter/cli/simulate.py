"""`quoter simulate`: run studies on the model market and write a report folder.

Nothing heavy is imported until a study runs: numpy and matplotlib are an extra.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quoter.domain.errors import BadSetting

if TYPE_CHECKING:
    from quoter.studies.common.report import Cell, Report

OFF = 1  # exit code: a figure is outside its expected range
JOBS_MAX = 256
SEED = 1
PIPED_WIDTH = 120
EXTRA = ("numpy", "matplotlib")
HELP = {  # by command; importing the studies for their help would be slow
    "as-tables": "Reproduce the paper's tables; compare with the published and the exact values.",
    "gamma": "Standard deviation of the inventory against gamma on four different symbols.",
    "widening": "Cost and benefit of widening the side that adds inventory.",
    "toxic": "Informed order bursts, with and without protection.",
    "crash": "A market crash like that of October 2025, without circuit breakers.",
    "slicing": "Costs of a taker who buys ten lots at once, and in ten slices.",
    "hedge": "Value of hedging the inventory beyond a threshold, compared with no hedging.",
}
EVERYTHING = "all"

# No `type` statement: typer does not resolve it, and help and bounds would be lost.
Paths = Annotated[int | None, typer.Option(min=2, max=100_000_000, help="Paths per market.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same numbers.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, max=JOBS_MAX, help="Number of processes; default: all cores.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer paths: seconds instead of minutes.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for tables and pictures; default: report/<study>-<time>."),
]

simulate = typer.Typer(
    name="simulate",
    help="Studies on the model market: tables and pictures. Needs the extra `simulate`.",
    no_args_is_help=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRequest:
    """Options of one `quoter simulate` command."""

    paths: int | None
    seed: int
    jobs: int
    is_quick: bool
    out: Path | None


def _study_command(name: str) -> Callable[[Paths, Seed, Jobs, Quick, Out], None]:
    def run(
        paths: Paths = None,
        seed: Seed = SEED,
        jobs: Jobs = None,
        quick: Quick = False,
        out: Out = None,
    ) -> None:
        workers = jobs or _cores()
        request = StudyRequest(paths=paths, seed=seed, jobs=workers, is_quick=quick, out=out)
        raise typer.Exit(run_studies(list(HELP) if name == EVERYTHING else [name], request))

    return run


for _name, _help in {**HELP, EVERYTHING: "Every study, one after the other."}.items():
    simulate.command(_name, help=_help)(_study_command(_name))


def run_studies(names: list[str], request: StudyRequest) -> int:
    """Run studies by name and write a folder for each. Returns the exit code.

    Raises BadSetting if numpy or matplotlib is missing, or a folder can't be written.
    """
    _require_extra()
    started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    is_met = True
    for name in names:
        folder = request.out or Path("report") / f"{name}-{started}"
        if request.out is not None and len(names) > 1:
            folder = request.out / name
        is_met = _run(name, request, folder) and is_met
    return 0 if is_met else OFF


def _run(name: str, request: StudyRequest, folder: Path) -> bool:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from quoter.sim.model_markets import MARKETS
    from quoter.studies.catalogue import STUDIES
    from quoter.studies.common.batches import run_batches
    from quoter.studies.common.options import Options
    from quoter.studies.common.report_writer import write_report

    options = Options(paths=request.paths, is_quick=request.is_quick, markets=MARKETS)
    study = STUDIES[name]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    before = time.monotonic()
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with Progress(*columns) as progress:
        bar = progress.add_task(name, total=1.0)
        samples = run_batches(
            study.batches(options),
            seed=request.seed,
            jobs=request.jobs,
            advance=lambda share: progress.advance(bar, share),
        )
    found = study.report(options, samples)
    with _writing(folder):
        write_report(found, folder, settings=_settings(request))
    _show(found, folder, time.monotonic() - before)
    return found.is_met


def _show(found: "Report", folder: Path, seconds: float) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from quoter.studies.common.report import cell, checks_table

    checks = checks_table(found)
    shown = Table(*checks.columns, title=found.title, title_justify="left", box=box.SIMPLE)
    shown.columns[0].no_wrap = True
    for column in shown.columns[1:5]:
        column.justify, column.no_wrap = "right", True
    for row in checks.rows:
        style = None if row[-1] == "ok" else "bold red"
        shown.add_row(*(cell(value, digits=5) for value in row), style=style)
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    console.print(shown)
    for finding in found.findings:
        console.print(f"* {finding}", highlight=False, markup=False)
    met = sum(check.is_met for check in found.checks)
    console.print(
        f"{met} of {len(found.checks)} figures are within their expected range; {seconds:.0f} s"
    )
    console.print(f"{folder / 'summary.md'}", highlight=False, markup=False, soft_wrap=True)


def _settings(request: StudyRequest) -> "dict[str, Cell]":
    """Return the options that the results depend on."""
    return {"seed": request.seed, "paths": request.paths or "default", "quick": request.is_quick}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadSetting(f"--out: can't write to {folder}: {error.strerror}") from None


def _require_extra() -> None:
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise BadSetting(
            f"quoter simulate needs {' and '.join(missing)}: pip install 'quoter[simulate]'"
        )


def _cores() -> int:
    return min(JOBS_MAX, os.process_cpu_count() or 1)
