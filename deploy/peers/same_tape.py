"""Play one tape through the sandbox over sockets and through the backtest: do the fills agree?

Run by `make same-tape TAPE="FILES"`. The sandbox plays the tape in real time to a daemon, with the
daemon's own connections, ledger and pauses. The backtest plays the same part of the tape with the
same settings, fill model (`front`, the sandbox's) and start of the estimates, at the latency that
the daemon measured (at 10, 50 and 99 %). Exits with 1 unless the number of fills over
sockets lies within the range of the backtests, give or take its own root.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import sqrt
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from quoter.app.backtesting import run_setups, suggested_limits
from quoter.app.daemon import Daemon, trade
from quoter.backtest.fill_terms import DelayOptions
from quoter.backtest.tape_run import TapeRun, play_window
from quoter.cli.sandbox import sandbox_config
from quoter.domain.commands import PlaceOrder
from quoter.domain.events import BookSnapshot, OrderAck, OrderReject, Trade
from quoter.domain.step import Step
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.engine import Engine
from quoter.engine.run_statistics import RunStatistics
from quoter.service.exit_codes import ExitCode
from quoter.settings import FixedSettings, Settings
from quoter.sim.exchange import Exchange
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import DepthBook, MarketSpec
from quoter.tapes.binance_raw import capture_symbol, read_lines
from quoter.tapes.messages import Line, Print
from quoter.tapes.opening import open_tape
from quoter.tapes.playing import feed
from quoter.telemetry.logs import configure_logs

SANDBOX_START_S_MAX = 60.0
LEVELS = 5_000  # of the book that a backtest begins with
QUANTILES = (0.1, 0.5, 0.99)  # of the latency that was measured on this machine
LATENCY_MS_MIN = 0.05
WAYS = 2  # an acknowledgement is the way there and back
SEEDS = (1, 2)


@dataclass(slots=True)
class Seen:
    """The figures of one run, and the latency of its messages; times in ns of its own clock."""

    name: str
    statistics: RunStatistics | None = None
    rejected: int = 0
    sent_ns: dict[str, int] = field(default_factory=dict)
    answers_ms: list[float] = field(default_factory=list)  # one way
    trades_ns: dict[int, int] = field(default_factory=dict)  # when each public trade was received

    def observe(self, engine: Engine, step: Step) -> None:
        self.statistics = self.statistics or RunStatistics(engine)
        self.statistics.observe(step)
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                self.sent_ns[command.client_id] = command.decided_ns
        match step.event:
            case OrderAck(client_id=name) if name in self.sent_ns:
                waited_ns = step.event.ts_ns - self.sent_ns.pop(name)
                self.answers_ms.append(waited_ns / NS_PER_MS / WAYS)
            case OrderReject():
                self.rejected += 1
            case Trade(trade_id=name):
                self.trades_ns[int(name)] = step.event.ts_ns
            case _:
                pass

    @property
    def fills(self) -> int:
        return self.statistics.executions if self.statistics is not None else 0

    def lags_ms(self, rows: Sequence[Line]) -> list[float]:
        """Return how much later than the quickest each public trade of the tape was received."""
        recorded = {row.trade_id: ts_ns for ts_ns, row in rows if isinstance(row, Print)}
        late_ns = [at - recorded[name] for name, at in self.trades_ns.items() if name in recorded]
        return [(each - min(late_ns)) / NS_PER_MS for each in late_ns]

    def row(self, rows: Sequence[Line]) -> tuple[str, ...]:
        """Return its row of the table."""
        counted = self.statistics
        if counted is None:
            return (self.name,)
        figures = f"{counted.orders}", f"{self.rejected}", f"{self.fills}"
        size = f"{counted.filled_base:f}", f"{counted.two_sided_share:.0%}"
        late = (self.answers_ms, self.lags_ms(rows))
        return (self.name, *figures, *size, *(quantile_text(values) for values in late))


def quantile_text(values: Sequence[float]) -> str:
    return " / ".join(f"{each:.0f}" for each in at_quantiles(values))


def at_quantiles(values: Sequence[float]) -> list[float]:
    """Return the quantiles of the table; zeros if there are too few values."""
    if len(values) < 2:
        return [0.0] * len(QUANTILES)
    cuts = quantiles(values, n=100, method="inclusive")
    return [cuts[round(share * 100) - 1] for share in QUANTILES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the tape: its market, the book at its beginning, and the rows after it."""

    market: MarketSpec
    start_ns: int
    book: DepthBook
    rows: list[Line]


def part_of(files: list[Path], market: MarketSpec, *, update_id: int, seconds: float) -> Part:
    """Return the part that begins with the book of an update; 0: with the first book."""
    opening = open_tape(read_lines(files, market.symbol))
    exchange = Exchange((replace(market, recorded=True),), seed=0, now_ns=opening.ts_ns)
    exchange.load_depth(market.symbol, opening.book, opening.ts_ns)
    start_ns, rows, book = 0, list[Line](), opening.book
    for ts_ns, row in opening.lines:
        if start_ns:
            if ts_ns > start_ns + seconds * NS_PER_S:
                break
            rows.append((ts_ns, row))
            continue
        feed(exchange, market.symbol, row, ts_ns)
        book = exchange.depth(market.symbol, LEVELS)
        if book.last >= update_id:
            start_ns = ts_ns
    return Part(market=market, start_ns=start_ns, book=book, rows=rows)


def settings_for(market: MarketSpec, url: str, folder: Path) -> FixedSettings:
    """Return the settings of the daemon and of the backtests."""
    limits = suggested_limits(market)
    return FixedSettings(
        sandbox_url=url,
        symbol=f"{market.base}/{market.quote}",
        data_dir=folder,
        secrets_dir=folder,
        port=0,
        order_size=Decimal(limits["QUOTER_ORDER_SIZE"]),
        inventory_max=Decimal(limits["QUOTER_INVENTORY_MAX"]),
        notional_max=Decimal(limits["QUOTER_NOTIONAL_MAX"]),
        loss_max=Decimal(limits["QUOTER_LOSS_MAX"]),
        trial_order="off",
    )


def with_estimates(settings: FixedSettings, part: Part) -> FixedSettings:
    """Return the settings with first estimates of the tape, so that both runs start alike."""
    run = backtest(part, settings, median_ms=1.0, seed=1)[1]
    learned = run.engine.calibration.learned
    if learned is None:
        raise SystemExit("the tape is too short to estimate sigma, kappa and intensity from it")
    return settings.model_copy(
        update={"sigma": learned.sigma, "kappa": learned.kappa, "intensity": learned.intensity}
    )


def backtest(
    part: Part, settings: Settings, *, median_ms: float, seed: int
) -> tuple[Seen, TapeRun]:
    """Return the fills of a backtest of the part, and the run."""
    fills = Seen(f"{median_ms:.1f} ms, seed {seed}")
    delay = DelayOptions(median_ms=median_ms, spread=3.0, seed=seed)
    (setup,) = run_setups(
        settings, part.market, start_ns=part.start_ns, models=(FillModel.FRONT,), delay=delay
    )
    run = TapeRun(setup, part.book, part.start_ns, observer=fills.observe)
    for _ in play_window((run,), part.rows, end_ns=float("inf")):
        pass
    return fills, run


class OverSockets:
    """A daemon that trades for some seconds, and the update id of its first book."""

    def __init__(self, seconds: float) -> None:
        self.fills = Seen("sandbox over sockets")
        self.update_id = 0
        self._seconds = seconds
        self._engine: Engine | None = None

    async def run(self, settings: Settings) -> ExitCode:
        return await trade(settings, on_ready=self._on_ready, observers=(self._observe,))

    def _on_ready(self, daemon: Daemon) -> None:
        self._engine = daemon.engine
        asyncio.get_running_loop().call_later(self._seconds, daemon.runner.stop)

    def _observe(self, step: Step) -> None:
        if isinstance(step.event, BookSnapshot) and not self.update_id:
            self.update_id = step.event.last
        if self._engine is not None:
            self.fills.observe(self._engine, step)


@asynccontextmanager
async def sandbox(files: list[Path]) -> AsyncIterator[str]:
    """Run the sandbox with the tape in a process of its own; yield its URL."""
    words = [word for path in files for word in ("--capture", str(path))]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "quoter.cli", "sandbox", "--port", "0", *words,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SANDBOX_START_S_MAX):
            line = await process.stdout.readline() if process.stdout is not None else b""
        yield str(json.loads(line)["sandbox_url"])
    finally:
        process.terminate()
        await process.wait()


def compare(ours: Seen, part: Part, settings: Settings) -> bool:
    """Print the table; return whether the fills agree."""
    orders, market = at_quantiles(ours.answers_ms), at_quantiles(ours.lags_ms(part.rows))
    delays = [max(LATENCY_MS_MIN, *both) for both in zip(orders, market, strict=True)]
    runs = [backtest(part, settings, median_ms=ms, seed=seed)[0] for ms in delays for seed in SEEDS]
    table = Table(title=f"{part.market.symbol}, one tape, fill model front")
    late = "at 10 / 50 / 99 %"
    for name in ("", "orders", "rejected", "fills", "filled, base", "two-sided"):
        table.add_column(name, justify="right")
    table.add_column(f"order, one way, ms, {late}")
    table.add_column(f"market data late, ms, {late}")
    for run in (ours, *runs):
        table.add_row(*run.row(part.rows))
    Console(width=150).print(table)
    counts = [run.fills for run in runs]
    chance = sqrt(ours.fills)
    return min(counts) - chance <= ours.fills <= max(counts) + chance


def main() -> int:
    """Play the tape both ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tape", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    name = capture_symbol(options.tape)
    config = sandbox_config(seed=1, symbol=None, captures=options.tape, speed=1.0)
    market = next(market for market in config.markets if market.symbol == name)
    first = part_of(options.tape, market, update_id=0, seconds=max(120.0, options.seconds))
    sockets = OverSockets(options.seconds)
    with tempfile.TemporaryDirectory(prefix="quoter-same-tape-") as folder:
        wanted = with_estimates(settings_for(market, "http://127.0.0.1:1", Path(folder)), first)

        async def play() -> ExitCode:
            async with sandbox(options.tape) as url:
                return await sockets.run(wanted.model_copy(update={"sandbox_url": url}))

        with (Path(folder) / "quoter.log").open("w") as log:
            configure_logs(log_format="json", stream=log)
            code = asyncio.run(play())
    if code is not ExitCode.CLEAN:
        print(f"the daemon ended with exit code {int(code)} ({code.name})", file=sys.stderr)
        return 1
    part = part_of(options.tape, market, update_id=sockets.update_id, seconds=options.seconds)
    return 0 if compare(sockets.fills, part, wanted) else 1


if __name__ == "__main__":
    raise SystemExit(main())
