"""`quoter backtest`: run the live engine on recorded market data with several fill models."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isinf
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from quoter.app.backtesting import run_setups, suggested_limits
from quoter.app.kept_run import KeptRun
from quoter.backtest.fill_terms import DelayOptions
from quoter.backtest.tape_run import RunResult, TapeRun, play_window
from quoter.domain.errors import BadSetting
from quoter.domain.number_text import plain
from quoter.domain.units import BPS_PER_UNIT, NS_PER_S
from quoter.settings import Settings, load
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import MarketSpec
from quoter.tapes.formats import read_tape, tape_market, tape_notes, tape_symbol
from quoter.tapes.messages import Line, TapeError
from quoter.tapes.opening import Opening, open_tape
from quoter.tapes.reading import ReadProgress, RowAccount
from quoter.tapes.row_checks import prepared

LINES_PER_REDRAW = 2_000
HORIZON_S = 5  # seconds after a fill at which the edge in the table is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """Options of one `quoter backtest`. `seconds`: length to play; 0 for the whole tape."""

    files: tuple[Path, ...]
    symbol: str | None
    filters: Path | None
    models: tuple[FillModel, ...]
    delay: DelayOptions
    seconds: float
    json_output: bool
    keep: Path | None = None  # folder for recording and ledger of each run


def run_backtest(options: BacktestOptions) -> int:
    """Play the tape, print the table or JSON, and return the exit code. Raises BadSetting."""
    console = Console(stderr=options.json_output)
    try:
        name = options.symbol or tape_symbol(options.files)
        market = tape_market(options.files, name, filters=options.filters)
        settings = _settings(market, console)
        account = RowAccount(of_format=tape_notes(options.files))
        progress = ReadProgress(options.files)
        lines = read_tape(options.files, name, on_bad=account.add_bad, progress=progress)
        opening = open_tape(prepared(lines, account, tick=market.tick))
        results = _play(options, settings, market, opening, progress, console)
    except (TapeError, OSError) as error:
        raise BadSetting(f"backtest: {error}") from None
    if options.json_output:
        sys.stdout.write(json.dumps(_as_json(results, account, market, settings)) + "\n")
    else:
        _print(console, results, account)
    if options.keep is not None:
        place = options.keep / options.models[0]
        console.print(f"kept in {options.keep}: see `quoter report {place}`", markup=False)
    return 0


def _settings(market: MarketSpec, console: Console) -> Settings:
    """Return the settings for the tape's market; print those that the results depend on."""
    symbol = f"{market.base}/{market.quote}"
    settings = load(dry_run=True, defaults=suggested_limits(market))
    settings = settings.model_copy(update={"symbol": symbol})
    console.print(
        f"gamma {settings.gamma:g}, orders of {plain(settings.order_size)}, inventory up to "
        f"{plain(settings.inventory_max)} {market.base}, loss up to {plain(settings.loss_max)} "
        f"{market.quote}",
        style="dim",
    )
    fee = settings.fee_maker_bps
    modelled = float(market.fee_maker) * BPS_PER_UNIT
    text = f"{fee:g} bps" if fee is not None else f"{modelled:g} bps (QUOTER_FEE_MAKER_BPS not set)"
    console.print(f"{symbol}: tick {market.tick}, lot {market.lot}, maker fee {text}", style="dim")
    return settings


def _play(
    options: BacktestOptions,
    settings: Settings,
    market: MarketSpec,
    opening: Opening,
    progress: ReadProgress,
    console: Console,
) -> list[RunResult]:
    setups = run_setups(
        settings,
        market,
        start_ns=opening.ts_ns,
        models=options.models,
        delay=options.delay,
    )
    kept = [
        KeptRun(
            options.keep / setup.market.fill_model, settings, setup, options.delay, opening.ts_ns
        )
        for setup in setups
        if options.keep is not None
    ]
    runs = [
        TapeRun(setup, opening.book, opening.ts_ns, observer=keeper.observe if keeper else None)
        for setup, keeper in zip_longest(setups, kept)
    ]
    end_ns = opening.ts_ns + options.seconds * NS_PER_S if options.seconds else float("inf")
    for _ in play_window(runs, _shown(opening.lines, progress, console), end_ns=end_ns):
        pass
    for run, keeper in zip(runs, kept, strict=False):
        keeper.close(run.engine.ts_ns)
    return [run.result() for run in runs]


def _shown(lines: Iterator[Line], progress: ReadProgress, console: Console) -> Iterator[Line]:
    """Yield the lines; show the share of the bytes read in a progress bar."""
    columns = (
        TextColumn("playing"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("tape", total=progress.total or None)
        for number, line in enumerate(lines):
            if number % LINES_PER_REDRAW == 0:
                bar.update(task, completed=progress.done)
            yield line


def _print(console: Console, results: Sequence[RunResult], account: RowAccount) -> None:
    table = Table(title="the same tape with each fill model", title_justify="left")
    table.add_column("")
    for result in results:
        table.add_column(result.fill_model.value, justify="right")
    for name, values in _rows(results):
        table.add_row(name, *values)
    console.print(table)
    for text in warnings(results, account):
        console.print(f"warning: {text}", style="yellow")


def _rows(results: Sequence[RunResult]) -> Iterator[tuple[str, list[str]]]:
    yield "fills", [f"{r.fills}" for r in results]
    yield "filled, base", [f"{r.filled_base:f}" for r in results]
    yield (
        "orders per fill",
        ["–" if isinf(r.orders_per_fill) else f"{r.orders_per_fill:.1f}" for r in results],
    )
    yield "profit, quote", [f"{r.pnl.total:+.4f}" for r in results]
    yield "  spread", [f"{r.pnl.spread:+.4f}" for r in results]
    yield "  inventory", [f"{r.pnl.inventory:+.4f}" for r in results]
    yield "  fees", [f"{-r.pnl.fees:+.4f}" for r in results]
    yield f"edge after {HORIZON_S} s, net, bps", [_edge_text(r) for r in results]
    yield "drawdown, quote", [f"{r.drawdown_max:.4f}" for r in results]
    yield "inventory sd, orders", [f"{r.inventory_sd_lots:.2f}" for r in results]
    yield "two-sided", [f"{r.two_sided_share:.1%}" for r in results]
    yield "books equal the venue's", ["yes" if r.is_equal else "NO" for r in results]


def _edge_text(result: RunResult) -> str:
    edge = result.edge_bps(HORIZON_S)
    return "–" if edge is None else f"{edge:+.2f}"


def warnings(results: Sequence[RunResult], account: RowAccount) -> Iterator[str]:
    """Yield warnings for a reader of the table."""
    yield from account.notes(gaps=max(result.gaps for result in results))
    totals = [result.pnl.total for result in results]
    if min(totals) < 0 < max(totals):
        yield "some fill models give a profit and some a loss: this tape does not decide"
    edges = [edge for result in results if (edge := result.edge_bps(HORIZON_S)) is not None]
    if edges and max(edges) < 0:
        yield f"the edge after {HORIZON_S} s, net of fees, is negative in every fill model"
    for result in results:
        seconds = sum(result.causes_s.values())
        if result.state.value or seconds > result.seconds / 100:
            held = ", ".join(f"{cause} {_seconds(s)} s" for cause, s in result.causes_s.items())
            yield f"{result.fill_model}: ended {result.state.name}; {held}"


def _seconds(number: float) -> str:
    return f"{number:.0f}" if number >= 1 else plain(number, 2)


def _as_json(
    results: Sequence[RunResult], account: RowAccount, market: MarketSpec, settings: Settings
) -> dict[str, object]:
    return {
        "symbol": market.symbol,
        "gamma": settings.gamma,
        "order_size": f"{settings.order_size:f}",
        "rows": dict(account.rows),
        "left_out": dict(account.left_out),
        "warnings": list(warnings(results, account)),
        "runs": [_run_as_json(result) for result in results],
    }


def _run_as_json(result: RunResult) -> dict[str, object]:
    return {
        "fill_model": result.fill_model.value,
        "seconds": result.seconds,
        "orders": result.orders,
        "fills": result.fills,
        "filled_base": f"{result.filled_base:f}",
        "pnl_quote": {
            "total": f"{result.pnl.total:f}",
            "spread": f"{result.pnl.spread:f}",
            "inventory": f"{result.pnl.inventory:f}",
            "fees": f"{result.pnl.fees:f}",
        },
        "edge_bps": result.edge_bps(HORIZON_S),
        "drawdown_max_quote": f"{result.drawdown_max:f}",
        "inventory_sd_orders": result.inventory_sd_lots,
        "inventory_min_base": f"{result.inventory_min:f}",
        "inventory_max_base": f"{result.inventory_max:f}",
        "two_sided_share": result.two_sided_share,
        "state": result.state.name,
        "causes_s": {cause.value: seconds for cause, seconds in result.causes_s.items()},
        "gaps": result.gaps,
        "ledger_equals_truth": result.is_equal,
    }
