"""`make mutants`: apply known bugs to a copy of the tree; exit 1 unless the tests find every one.

Run as `python -m tests.mutants [--only NAME] [--jobs N]`.
"""

import argparse
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.mutants.catalogue import MUTANTS
from tests.mutants.hunt import Result, Verdict, hunt
from tests.mutants.mutant import Mutant

JOBS, JOBS_MAX = 2, 16
WIDTH_MIN = 220  # columns of the table outside of a terminal, so that a log does not wrap


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--only", default="", help="only mutants whose names contain this")
    parser.add_argument("--jobs", type=int, default=JOBS, choices=range(1, JOBS_MAX + 1))
    return parser.parse_args()


def chosen(only: str) -> tuple[Mutant, ...]:
    """The mutants whose names contain `only`."""
    return tuple(mutant for mutant in MUTANTS if only in mutant.name)


def table(verdicts: list[Verdict]) -> Table:
    made = Table("mutant", "what it breaks", "result", "by", "s")
    made.columns[-1].justify = "right"
    for verdict in verdicts:
        style = None if verdict.result is Result.KILLED else "bold red"
        by = verdict.by.removeprefix("tests/").replace("[", r"\[")
        made.add_row(
            verdict.mutant.name,
            verdict.mutant.breaks,
            verdict.result.value,
            by,
            f"{verdict.seconds:.1f}",
            style=style,
        )
    return made


def main() -> int:
    options = arguments()
    mutants = chosen(options.only)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_MIN)
    if not mutants:
        console.print(f"no mutant's name contains {options.only!r}")
        return 2
    started_s = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("mutants", total=len(mutants))

        def report(verdict: Verdict) -> None:
            text = f"{verdict.mutant.name} {verdict.result}"
            progress.update(task, advance=1, description=text)
            if not console.is_terminal:  # a log shows no progress bar until its end
                done = round(progress.tasks[0].completed)
                progress.console.print(f"{done}/{len(mutants)} {text} {verdict.seconds:.1f} s")

        verdicts = hunt(mutants, jobs=options.jobs, report=report)
    console.print(table(verdicts))
    killed = sum(verdict.result is Result.KILLED for verdict in verdicts)
    console.print(
        f"{killed} of {len(verdicts)} killed ({killed / len(verdicts):.1%})"
        f" in {time.monotonic() - started_s:.0f} s"
    )
    return 0 if killed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
