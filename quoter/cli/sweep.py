"""`quoter sweep`: arguments of the command. Heavy modules are imported when it runs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from quoter.sim.fill_models import FillModel

BYTES_PER_MB = 1 << 20
MEMORY_MB = 1_000
BOUNDS = (FillModel.PESSIMISTIC, FillModel.FRONT)

# No `type` statements: typer does not resolve them, and help and bounds would be lost.
Tapes = Annotated[
    list[str], typer.Argument(help="Tapes; several files of one tape are joined by commas.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE,VALUE",
        help="Values of one setting, repeatable; every combination is run.",
    ),
]
Models = Annotated[
    list[FillModel] | None,
    typer.Option(help="Fill model, repeatable; default: pessimistic and front, the bounds."),
]
Baselines = Annotated[
    bool, typer.Option("--baselines", help="Also run simpler pricing rules, to compare with.")
]
Seeds = Annotated[int, typer.Option(min=1, max=1_000, help="Number of seeds of the latency.")]
Seconds = Annotated[float, typer.Option(min=0, help="Seconds of each tape to play; 0: all of it.")]
Symbol = Annotated[str | None, typer.Option(help="Symbol; default: the first in each tape.")]
Filters = Annotated[
    Path | None,
    typer.Option(exists=True, help="File with Binance's answer to exchangeInfo, as in `backtest`."),
]
Median = Annotated[
    float, typer.Option(min=0, max=5_000, help="Median latency of each message, ms.")
]
Spread = Annotated[
    float, typer.Option(min=1, max=100, help="99 % quantile of the latency / its median.")
]
Jobs = Annotated[
    int | None, typer.Option(min=1, max=256, help="Number of processes; default: all cores.")
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Run on a Dask cluster: address of its scheduler."),
]
Memory = Annotated[
    int,
    typer.Option(min=100, help="Largest memory of a worker process, MiB; a cell above it fails."),
]
Out = Annotated[
    Path, typer.Option(help="Folder of the results; finished cells in it are not run again.")
]


def sweep(
    tape: Tapes,
    changes: Changes = None,
    fill_model: Models = None,
    baselines: Baselines = False,
    seeds: Seeds = 1,
    seconds: Seconds = 0,
    symbol: Symbol = None,
    filters: Filters = None,
    latency_ms: Median = 10.0,
    latency_spread: Spread = 3.0,
    jobs: Jobs = None,
    dask: Cluster = None,
    memory_mb: Memory = MEMORY_MB,
    out: Out = Path("report/sweep"),
) -> None:
    """Run a backtest for every combination of settings, tapes, fill models and seeds.

    Needs the extra `sweep`; no key and no network. Prints and writes profit, edge, inventory and
    more with their errors, and warns if these are too large to tell which variant is best. A sweep
    that was stopped or killed continues with the same command. Exit codes: 0 all cells finished, 1
    some failed, 2 wrong usage.
    """
    from quoter.sweep.extras import require_extras

    require_extras(dask=dask is not None)
    from quoter.backtest.baselines import Strategy
    from quoter.backtest.fill_terms import DelayOptions
    from quoter.sweep.grid import Request, parsed_grid, tape_of
    from quoter.sweep.terminal import SweepOptions, run_sweep

    request = Request(
        grid=parsed_grid(changes or ()),
        tapes=[tape_of(text, symbol=symbol, filters=filters) for text in tape],
        strategies=tuple(Strategy) if baselines else (Strategy.QUOTER,),
        models=tuple(fill_model or BOUNDS),
        seeds=seeds,
        delay=DelayOptions(median_ms=latency_ms, spread=latency_spread, seed=1),
        seconds=seconds,
        memory_max=memory_mb * BYTES_PER_MB,
    )
    cores = os.process_cpu_count() or 1
    raise typer.Exit(run_sweep(request, SweepOptions(out=out, jobs=jobs or cores, dask=dask)))
