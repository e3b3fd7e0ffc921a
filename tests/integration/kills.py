"""SIGKILL at random moments under load, followed by a restart with the same data folder.

`python -m tests.integration.kills --times 30` prints one row for each kill and the worst figures.
It exits with 1 if orders of a dead run stay open, an order id is used twice, the limit is exceeded,
or the balances differ.
"""

import asyncio
import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from quoter.app.settings_to_config import RUN_DIGITS
from quoter.service.exit_codes import ExitCode
from quoter.service.shutdown import LATE_CREATE_S
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    VenueWatch,
    market,
    open_ids,
    place_foreign,
)
from tests.integration.daemon_process import POLL_S, PREFIX, Started, creates, own, quoter
from tests.integration.ledger_truth import ledger_against_truth, open_epoch, unsettled
from tests.integration.sandbox_client import RunningSandbox, running

# Constant requotes and a fill every second, so that requests are always in flight.
STORMY = replace(LIVELY, sigma=12.0, intensity=8.0)
LIMIT = Decimal("0.05")
MANY = {"QUOTER_INVENTORY_MAX": str(LIMIT), "QUOTER_LEVELS": "5"}  # up to ten orders at a time
DEAD_ORDERS_S_MAX = 60.0  # all three on a busy machine; the table has the figures
BOOKS_S_MAX = 60.0
QUOTING_S_MAX = LATE_CREATE_S + 60.0
LOAD_S_MAX = 4.0
START_S_MAX = LATE_CREATE_S + 3.0
EARLY_CHANCE = 0.25  # probability of a kill during the start
UNDER_WAY_CHANCE = 0.5  # probability of delayed creates at the kill
DOWN_CHANCE = 0.5  # probability that the left orders are filled
SLOW_S = 0.4


@dataclass(slots=True, kw_only=True)
class Process:
    """Figures of one process; seconds since its start, None: did not happen."""

    number: int
    dead_orders: int = 0  # open orders of dead runs at its start
    filled: int = 0  # trades of such orders while no process ran
    spoke_s: float | None = None  # its first output line; slow on a busy machine
    gone_s: float = 0.0  # when the last of them was seen
    quoting_s: float | None = None
    books_s: float | None = None  # from its first quote to equal balances
    end: str = ""
    problems: list[str] = field(default_factory=list)

    def figures(self) -> tuple[str, ...]:
        """Return its row of the table."""
        times = (self.spoke_s, self.gone_s, self.quoting_s, self.books_s)
        shown = ("" if each is None else f"{each:.2f}" for each in times)
        counts = (str(self.number), str(self.dead_orders), str(self.filled))
        return (*counts, *shown, self.end, str(len(self.problems) or ""))


def run_of(client_id: str) -> str:
    """Return the part of a client id that all orders of a run share."""
    return client_id[: len(PREFIX) + RUN_DIGITS]


class Venue:
    """Our orders at the sandbox, over all processes of a test."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.watch = VenueWatch(sandbox, PREFIX)
        self.targets: set[Decimal] = set()
        self._dead: set[str] = set()  # runs that are over

    async def end_run(self) -> None:
        """Record that the process has ended: all its orders belong to a dead run."""
        self._dead |= {run_of(name) for name in await creates(self.sandbox)}

    def dead_orders(self) -> set[str]:
        """Return the open orders of dead runs."""
        return {name for name in own(self.sandbox) if run_of(name) in self._dead}

    def is_quoting(self) -> bool:
        """Whether the running process has an open order."""
        return bool(own(self.sandbox) - self.dead_orders())

    def dead_fills(self) -> int:
        """Return the number of trades of dead runs."""
        trades = self.sandbox.server.venue.exchange.truth.trades
        return sum(run_of(trade.client_id) in self._dead for trade in trades)

    async def differences(self, daemon: Started) -> str:
        """Compare /state and the ledger file with the sandbox; empty if they are equal."""
        shown = json.loads((await daemon.get("/state"))[1])
        truth = self.sandbox.server.venue.exchange.truth.balances(self.sandbox.one.api_key)
        ours = {asset: Decimal(amount) for asset, amount in shown["balances"].items()}
        if ours != truth:
            return f"/state has {ours}, truth is {truth}"
        held = shown["inventory"]
        target, inventory = Decimal(held["target_base"]), Decimal(held["inventory_base"])
        self.targets.add(target)
        if target + inventory != truth["BTC"]:
            return f"target {target} and inventory {inventory}, truth is {truth['BTC']}"
        return ledger_against_truth(self.folder, self.sandbox)

    async def judge(self, life: Process) -> None:
        """Check limit, client ids and target."""
        if self.watch.exposure_peak > LIMIT or self.watch.inventory_peak > LIMIT:
            life.problems.append(f"above the limit: worst case {self.watch.exposure_peak}")
        sent = await creates(self.sandbox)
        if len(sent) != len(set(sent)):
            life.problems.append("a client id was used twice")
        if len(self.targets) > 1:
            life.problems.append(f"the target changed: {self.targets}")


async def live(venue: Venue, life: Process, random: Random) -> None:
    """Start a process and kill it at a random moment: under load, or while it starts."""
    is_early = random.random() < EARLY_CHANCE
    async with started(venue, life) as (daemon, start_s):
        if is_early:
            await asyncio.sleep(random.uniform(0.0, START_S_MAX))
        else:
            await _quote(venue, life, daemon, start_s)
            await _load(venue, random)
        if daemon.process.returncode is not None:
            life.problems.append(f"it ended by itself: {daemon.lines[-5:]}")
        else:
            daemon.process.kill()
        life.end = f"SIGKILL {time.monotonic() - start_s:.1f}"
    await venue.sandbox.admin("DELETE", "faults")
    if random.random() < DOWN_CHANCE:
        side, notional = random.choice(("buy", "sell")), random.choice(("1000", "8000"))
        body = {"symbol": STORMY.symbol, "kind": "burst", "side": side, "notional": notional}
        await venue.sandbox.admin("POST", "script", body)


@asynccontextmanager
async def started(venue: Venue, life: Process) -> AsyncIterator[tuple[Started, float]]:
    """Start a process and observe it; yields it with its start (monotonic, s)."""
    life.dead_orders, filled = len(venue.dead_orders()), venue.dead_fills()
    start_s = time.monotonic()
    async with quoter(venue.sandbox, venue.folder, "run", **MANY) as daemon:
        watching = asyncio.create_task(_watch(venue, life, daemon, start_s))
        try:
            yield daemon, start_s
        finally:
            watching.cancel()
            life.filled = venue.dead_fills() - filled
    await venue.end_run()
    await venue.judge(life)


async def _watch(venue: Venue, life: Process, daemon: Started, start_s: float) -> None:
    """Record its first output, and when an order of a dead run was last open."""
    while True:
        now_s = time.monotonic() - start_s
        if life.spoke_s is None and daemon.lines:
            life.spoke_s = now_s
        if dead_orders := venue.dead_orders():
            life.gone_s = now_s
            awake_s = 0.0 if life.spoke_s is None else now_s - life.spoke_s
            if awake_s > DEAD_ORDERS_S_MAX and not life.problems:
                life.problems.append(f"{dead_orders} live {awake_s:.2f} s after its first line")
        await asyncio.sleep(POLL_S)


async def _quote(venue: Venue, life: Process, daemon: Started, start_s: float) -> None:
    """Wait until it quotes and until its balances equal those of the sandbox."""
    if not await _within(QUOTING_S_MAX, venue.is_quoting):
        life.problems.append(f"no quote: {daemon.lines[-5:]}")
        return
    life.quoting_s = time.monotonic() - start_s
    difference = "it has not logged that it started"
    while time.monotonic() - start_s - life.quoting_s < BOOKS_S_MAX:
        difference = await venue.differences(daemon)
        if not difference:
            life.books_s = time.monotonic() - start_s - life.quoting_s
            return
        await asyncio.sleep(POLL_S)
    life.problems.append(difference)


async def _load(venue: Venue, random: Random) -> None:
    """Let it trade; at the end orders are open, and creates may be in flight."""
    await asyncio.sleep(random.uniform(0.0, LOAD_S_MAX))
    if random.random() < UNDER_WAY_CHANCE:
        when = random.choice(("delay_s", "delay_after_s"))
        await venue.sandbox.arm("delay", endpoint="create", **{when: SLOW_S})
        await asyncio.sleep(random.uniform(0.0, SLOW_S))
    await _within(LOAD_S_MAX, venue.is_quoting)


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    end_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end_s:
            return False
        await asyncio.sleep(POLL_S)
    return True


async def kill_repeatedly(
    times: int, seed: int, folder: Path, report: Callable[[Process], None]
) -> None:
    """Kill `times` processes, then stop one cleanly; `report` gets the figures of each."""
    random = Random(seed)
    async with running(market(STORMY, seed)) as sandbox:
        await place_foreign(sandbox)
        venue = Venue(sandbox, folder)
        for number in range(1, times + 1):
            life = Process(number=number)
            await live(venue, life, random)
            report(life)
        last = Process(number=times + 1)
        async with started(venue, last) as (daemon, start_s):
            await _quote(venue, last, daemon, start_s)
            daemon.process.terminate()
            code = await daemon.ended()
            last.end = f"SIGTERM, exit {code}"
        if code != ExitCode.CLEAN:
            last.problems.append(f"exit {code}: {daemon.lines[-5:]}")
        if open_ids(sandbox) != {FOREIGN_ID}:
            last.problems.append(f"open at the end: {open_ids(sandbox)}")
        if difference := ledger_against_truth(folder, sandbox):
            last.problems.append(difference)
        if left := unsettled(folder):
            last.problems.append(f"without an end in the ledger: {left}")
        if venue.targets != {open_epoch(folder).target}:
            last.problems.append(f"targets {venue.targets}, first {open_epoch(folder).target}")
        report(last)


def main() -> int:
    """Return 1 if anything was wrong."""
    parser = ArgumentParser(prog="python -m tests.integration.kills", description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="so many kills")
    parser.add_argument("--seed", type=int, default=1, help="of the market and of the moments")
    arguments = parser.parse_args()
    console, lives = Console(highlight=False), list[Process]()

    def report(life: Process) -> None:
        lives.append(life)
        console.print(f"{life.number}/{arguments.times + 1} {life.end} {life.problems or 'good'}")

    with TemporaryDirectory(prefix="kills") as folder:
        asyncio.run(kill_repeatedly(arguments.times, arguments.seed, Path(folder), report))
    columns = (
        "life",
        "dead orders",
        "filled",
        "spoke s",
        "gone s",
        "quoting s",
        "books s",
        "end",
        "wrong",
    )
    table = Table(*columns, title="killed and started again")
    for life in lives:
        table.add_row(*life.figures())
    console.print(table)
    problems = [problem for life in lives for problem in life.problems]
    console.print(
        f"{arguments.times} kills, {sum(life.dead_orders for life in lives)} orders of dead runs, "
        f"{sum(life.filled for life in lives)} fills of theirs; worst: none of them open after "
        f"{max(life.gone_s for life in lives):.2f} s ("
        f"{max(life.gone_s - (life.spoke_s or 0.0) for life in lives):.2f} s after the first "
        f"line), first quote after "
        f"{max(life.quoting_s or 0.0 for life in lives):.2f} s, books after "
        f"{max(life.books_s or 0.0 for life in lives):.2f} s; {len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
