"""Play one tape over the sandbox's sockets, on paper and in the backtest: do the fills agree?

Run by `make same-tape TAPE="FILES"`. The sandbox plays the tape in real time (a thin market faster,
with `--speed`) to a daemon with its own connections, ledger and pauses: first with orders in the
sandbox, then, from the start of the tape again, in a paper run whose simulated latency is what the
first run measured. The backtest plays the same part of the tape as each of them with the same
settings, fill model (`front`, the sandbox's), fee and start of the estimates, at the two latencies
that the run measured: the median of its orders and that of its market data, each with its spread.
Exits with 0 if the number of fills of both runs is one that their backtests predict (see
`verdict`), with 1 if not, and with 3 if a run can't be judged: too few fills, or too much paused.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import IntEnum
from math import sqrt
from pathlib import Path
from statistics import fmean, quantiles, variance
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from quoter.app.backtesting import run_setups, suggested_limits
from quoter.app.daemon import Daemon, trade
from quoter.backtest.fill_terms import DelayOptions
from quoter.backtest.tape_run import TapeRun, play_window
from quoter.cli.sandbox import sandbox_config
from quoter.domain.commands import PlaceOrder
from quoter.domain.events import BookSnapshot, OrderAck, OrderReject, Trade
from quoter.domain.number_text import plain
from quoter.domain.reasons import RejectReason
from quoter.domain.step import Step
from quoter.domain.units import BPS_PER_UNIT, NS_PER_MS, NS_PER_S
from quoter.engine.engine import Engine
from quoter.engine.run_statistics import RunStatistics
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment, FixedSettings, Settings
from quoter.sim.exchange import Exchange
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import DepthBook, MarketSpec
from quoter.tapes.binance_raw import capture_symbol, read_lines
from quoter.tapes.messages import Line, Print
from quoter.tapes.opening import Opening, open_tape
from quoter.tapes.playing import feed
from quoter.telemetry.logs import configure_logs

SANDBOX_START_S_MAX = 60.0
LEVELS = 5_000  # of the book that a backtest begins with
QUANTILES = (0.1, 0.5, 0.99)  # of the latency that was measured on this machine
LATENCY_MS_MIN, SPREAD_MAX = 0.05, 100.0
WAYS = 2  # an acknowledgement is the way there and back
SEEDS = (1, 2, 3, 4, 5, 6)
T_QUANTILE = 2.23  # Student's t, 97.5 %, of twice five degrees of freedom: two latencies
SHARE_MIN = 0.9  # of the backtests' time with orders on both sides: with less a run is not judged


class Verdict(IntEnum):
    """What a comparison says; the value is an exit code."""

    AGREES = 0
    DIFFERS = 1
    NOT_JUDGED = 3


class Latency(NamedTuple):
    """Median of a latency, ms, and its 99 % quantile in medians."""

    median_ms: float
    spread: float


@dataclass(slots=True)
class Seen:
    """The figures of one run, and the latency of its messages; times in ns of its own clock."""

    name: str
    statistics: RunStatistics | None = None
    rejected: int = 0  # by the venue
    unsent: int = 0  # creates that were too old before they left, or blocked
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
            case OrderReject(reason=RejectReason.NOT_SENT):
                self.unsent += 1
            case OrderReject():
                self.rejected += 1
            case Trade(trade_id=name):
                self.trades_ns[int(name)] = step.event.ts_ns
            case _:
                pass

    @property
    def fills(self) -> int:
        return self.statistics.executions if self.statistics is not None else 0

    @property
    def two_sided_share(self) -> float:
        return self.statistics.two_sided_share if self.statistics is not None else 0.0

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
        engine = counted.engine
        inventory, opening, quote = (
            engine.inventory,
            engine.config.opening,
            engine.config.instrument.quote,
        )
        return (
            self.name,
            f"{counted.orders}",
            f"{self.rejected}",
            f"{self.unsent}",
            f"{self.fills}",
            f"{inventory.fills_buy} / {inventory.fills_sell}",
            plain(counted.filled_base),
            f"{inventory.balances[quote] - opening[quote]:+.2f}",
            f"{counted.two_sided_share:.0%}",
            quantile_text(self.answers_ms),
            quantile_text(self.lags_ms(rows)),
        )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The tape as it is played: its files, and how many times faster than it was recorded."""

    files: list[Path]
    speed: float

    def open(self, symbol: str) -> Opening:
        """Return the tape with the times at which it is played."""
        opening = open_tape(read_lines(self.files, symbol))
        return opening._replace(lines=self._timed(opening))

    def _timed(self, opening: Opening) -> Iterator[Line]:
        for ts_ns, row in opening.lines:
            yield opening.ts_ns + round((ts_ns - opening.ts_ns) / self.speed), row


def part_of(tape: Played, market: MarketSpec, *, update_id: int, seconds: float) -> Part:
    """Return the part that begins with the book of an update; 0: with the first book."""
    opening = tape.open(market.symbol)
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
        fee_maker_bps=float(market.fee_maker) * BPS_PER_UNIT,
        trial_order="off",
    )


def with_estimates(settings: FixedSettings, part: Part) -> FixedSettings:
    """Return the settings with first estimates of the tape, so that both runs start alike."""
    run = backtest(part, settings, Latency(1.0, 3.0), seed=1)[1]
    learned = run.engine.calibration.learned
    if learned is None:
        raise SystemExit("the tape is too short to estimate sigma, kappa and intensity from it")
    return settings.model_copy(
        update={"sigma": learned.sigma, "kappa": learned.kappa, "intensity": learned.intensity}
    )


def backtest(
    part: Part, settings: Settings, latency: Latency, *, seed: int
) -> tuple[Seen, TapeRun]:
    """Return the fills of a backtest of the part, and the run."""
    fills = Seen(f"{latency.median_ms:.1f} ms × {latency.spread:.1f}, seed {seed}")
    delay = DelayOptions(median_ms=latency.median_ms, spread=latency.spread, seed=seed)
    (setup,) = run_setups(
        settings, part.market, start_ns=part.start_ns, models=(FillModel.FRONT,), delay=delay
    )
    run = TapeRun(setup, part.book, part.start_ns, observer=fills.observe)
    for _ in play_window((run,), part.rows, end_ns=float("inf")):
        pass
    return fills, run


class LiveRun:
    """A daemon that trades for some seconds, and the update id of its first book."""

    def __init__(self, name: str, seconds: float) -> None:
        self.fills = Seen(name)
        self.update_id = 0
        self._seconds = seconds
        self._engine: Engine | None = None

    def play(self, tape: Played, settings: Settings) -> None:
        """Trade on a sandbox with the tape. Raises SystemExit unless the run ends cleanly."""

        async def run() -> ExitCode:
            async with sandbox(tape) as url:
                return await trade(
                    settings.model_copy(update={"sandbox_url": url}),
                    on_ready=self._on_ready,
                    observers=(self._observe,),
                )

        code = asyncio.run(run())
        if code is not ExitCode.CLEAN:
            raise SystemExit(f"{self.fills.name}: ended with exit code {int(code)} ({code.name})")

    def _on_ready(self, daemon: Daemon) -> None:
        self._engine = daemon.engine
        asyncio.get_running_loop().call_later(self._seconds, daemon.runner.stop)

    def _observe(self, step: Step) -> None:
        if isinstance(step.event, BookSnapshot) and not self.update_id:
            self.update_id = step.event.last
        if self._engine is not None:
            self.fills.observe(self._engine, step)


@asynccontextmanager
async def sandbox(tape: Played) -> AsyncIterator[str]:
    """Run the sandbox with the tape in a process of its own; yield its URL."""
    words = [word for path in tape.files for word in ("--capture", str(path))]
    words += ["--speed", str(tape.speed)]
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


def backtests(ours: Seen, part: Part, settings: Settings) -> list[list[Seen]]:
    """Return the backtests of the part of a run: of each latency that it measured, of each seed."""
    latencies = map(latency_of, (ours.answers_ms, ours.lags_ms(part.rows)))
    return [[backtest(part, settings, each, seed=n)[0] for n in SEEDS] for each in latencies]


def latency_of(values_ms: Sequence[float]) -> Latency:
    """Return the latency of measured values as the backtest describes one."""
    _, median_ms, high_ms = at_quantiles(values_ms)
    median_ms = max(LATENCY_MS_MIN, median_ms)
    return Latency(median_ms, min(SPREAD_MAX, max(1.0, high_ms / median_ms)))


def compare(ours: Seen, part: Part, settings: Settings) -> Verdict:
    """Print the table of one run beside its backtests; return whether the fills agree."""
    runs = backtests(ours, part, settings)
    seconds = (part.rows[-1][0] - part.start_ns) / NS_PER_S
    table = Table(title=f"{part.market.symbol}, {seconds:.0f} s of one tape, fill model front")
    late = "at 10 / 50 / 99 %"
    for name in ("", "orders", "rejected", "not sent", "fills", "buys / sells", "filled, base"):
        table.add_column(name, justify="right")
    for name in (f"cash, {part.market.quote}", "two-sided"):
        table.add_column(name, justify="right")
    table.add_column(f"order, one way, ms, {late}")
    table.add_column(f"market data late, ms, {late}")
    for run in (ours, *(run for group in runs for run in group)):
        table.add_row(*run.row(part.rows))
    Console(width=170).print(table)
    return verdict(ours, runs)


def predicted(counts: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Return the lowest and highest number of fills that one more run would have, at 95 %.

    counts: fills of the backtests, a group of seeds for each latency. Between the means of the
    latencies all is explained by latency. Beyond, one run is a draw like those of the seeds: its
    difference to the mean of n of them has the variance v (1 + 1/n), with v that of the seeds,
    pooled, and at least the mean, as of a Poisson count.
    """
    means = [fmean(group) for group in counts]
    pooled = fmean(variance(group) for group in counts)
    low, high = (
        mean + sign * T_QUANTILE * sqrt(max(pooled, mean) * (1 + 1 / len(SEEDS)))
        for mean, sign in ((min(means), -1), (max(means), 1))
    )
    return low, high


def verdict(ours: Seen, runs: Sequence[Sequence[Seen]]) -> Verdict:
    """Print whether the backtests predict the number of fills, and return it.

    Not judged are a run for which no fill at all would agree too, and one that was in the market
    for less of the time than its backtests: it pauses and drops late creates when the machine is
    busy, which is when the market is busy, so that fills can't be scaled to the time.
    """
    low, high = predicted([[run.fills for run in group] for group in runs])
    share = fmean(run.two_sided_share for group in runs for run in group)
    if low <= 0:
        found, text = Verdict.NOT_JUDGED, "too few fills to tell: play more seconds"
    elif ours.two_sided_share < SHARE_MIN * share:
        found, text = Verdict.NOT_JUDGED, "too much of the time without orders on both sides"
    elif low <= ours.fills <= high:
        found, text = Verdict.AGREES, "they agree"
    else:
        found, text = Verdict.DIFFERS, "THEY DO NOT AGREE"
    causes = ours.statistics.causes_s if ours.statistics is not None else {}
    halted = ", ".join(
        f"{cause} {seconds:.0f} s" for cause, seconds in causes.items() if seconds >= 0.5
    )
    print(
        f"{ours.name}: {ours.fills} fills, two-sided {ours.two_sided_share:.0%}; its backtests "
        f"predict {low:.1f} to {high:.1f}, two-sided {share:.0%}: {text}. "
        f"Halt causes: {halted or 'none'}.",
        flush=True,
    )
    return found


def live_runs(
    tape: Played, settings: FixedSettings, seconds: float, folder: Path
) -> tuple[LiveRun, LiveRun]:
    """Return a run with orders in the sandbox, and one on paper with the latency of the first."""
    print(f"playing the tape twice, {seconds:g} s each …", file=sys.stderr, flush=True)
    sockets = LiveRun("sandbox over sockets", seconds)
    sockets.play(tape, settings)
    median_ms = at_quantiles(sockets.fills.answers_ms)[1]
    on_paper = {
        "environment": Environment.PAPER,
        "paper_market": "sandbox",
        "paper_fill_model": FillModel.FRONT,
        "paper_latency_ms": median_ms,
        "data_dir": folder / "paper",
    }
    paper = LiveRun(f"paper, latency {median_ms:.0f} ms", seconds)
    paper.play(tape, settings.model_copy(update=on_paper))
    return sockets, paper


def main() -> int:
    """Play the tape all ways and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tape", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=120, help="of each run")
    parser.add_argument("--speed", type=float, default=1.0, help="of the tape; 1: as recorded")
    options = parser.parse_args()
    name = capture_symbol(options.tape)
    tape = Played(files=options.tape, speed=options.speed)
    config = sandbox_config(seed=1, symbol=None, captures=options.tape, speed=options.speed)
    market = next(market for market in config.markets if market.symbol == name)
    first = part_of(tape, market, update_id=0, seconds=max(120.0, options.seconds))
    with tempfile.TemporaryDirectory(prefix="quoter-same-tape-") as place:
        folder = Path(place)
        wanted = with_estimates(settings_for(market, "http://127.0.0.1:1", folder), first)
        with (folder / "quoter.log").open("w") as log:
            configure_logs(log_format="json", stream=log)
            runs = live_runs(tape, wanted, options.seconds, folder)
    agree = []
    for run in runs:
        part = part_of(tape, market, update_id=run.update_id, seconds=options.seconds)
        agree.append(compare(run.fills, part, wanted))
    return Verdict.DIFFERS if Verdict.DIFFERS in agree else max(agree)


if __name__ == "__main__":
    raise SystemExit(main())
