"""Random faults between the real daemon and a real sandbox.

`python -m tests.integration.swarm --seed 7` runs one seed again, `--seeds 1-40` runs several in
parallel. Client, sockets and HTTP are real; limits, balances and the end state are checked.
"""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from rich.console import Console
from rich.table import Table

from quoter.domain.trading import TradingState
from quoter.sim.messages import ExecutionReport, News, ReportType
from tests.integration.daemon_harness import (
    LIVELY,
    POLL_S,
    DaemonHarness,
    market,
    place_foreign,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.fault_cases import (
    Outcome,
    forgotten,
    judge,
    recover,
)
from tests.integration.sandbox_client import running
from tests.integration.swarm_plan import Burst, Plan, Strike, draw

PARALLEL = 4  # daemons in parallel: they wait most of the time


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Results of a seed; `fired` by kind, `outcome` None if it did not complete."""

    seed: int
    fired: Counter[str]
    outcome: Outcome | None
    problems: tuple[str, ...]
    creates: int = 0

    def figures(self) -> tuple[str, ...]:
        """Return the seed's row of the table."""
        end = self.outcome
        faults = f"{len(+self.fired)} of {len(self.fired)} kinds, {self.fired.total()} times"
        times = ("", "", "", "")
        if end is not None:
            worst = f"{end.exposure_peak}/{end.limit}"
            times = (f"{end.books_s:.2f}", f"{end.quoting_s:.2f}", str(end.fills), worst)
        return (str(self.seed), faults, str(self.creates), *times, str(len(self.problems) or ""))


class Rules:
    """Rules that must hold all the time, checked against the sandbox."""

    def __init__(self, harness: DaemonHarness) -> None:
        self._pilot = harness
        self.problems: dict[str, None] = {}  # each once, in order
        self.broken = asyncio.Event()  # set at the first problem
        harness.sandbox.server.venue.listen(self._receive)

    def _receive(self, news: Sequence[News]) -> None:
        """Check at every new open order that its client id is not in use."""
        if any(isinstance(it, ExecutionReport) and it.kind is ReportType.NEW for it in news):
            names = Counter(order.client_id for order in self._pilot.open_own())
            for name, count in names.items():
                if count > 1:
                    self._add(f"{count} live orders are called {name}")

    def _add(self, problem: str) -> None:
        self.problems[problem] = None
        self.broken.set()

    @asynccontextmanager
    async def checked(self) -> AsyncIterator[None]:
        """Check the rules repeatedly for the length of the block."""
        task = asyncio.create_task(self._check())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _check(self) -> None:
        harness, limit = self._pilot, self._pilot.settings.inventory_max
        while True:
            for name in forgotten(harness):
                self._add(f"{name} is open at the venue and unknown to us")
            if harness.watch.exposure_peak > limit:
                self._add("the worst case went beyond the limit")
            await asyncio.sleep(POLL_S)


async def run(plan: Plan, folder: Path) -> Verdict:
    """Run one seed from start to stop; problems are in the verdict."""
    fired: Counter[str] = Counter()
    outcome, rules, creates = None, None, 0
    problems: list[str] = []
    try:
        async with running(market(LIVELY, plan.seed)) as sandbox:
            await place_foreign(sandbox)
            chosen = settings(sandbox, folder, **plan.live_params)
            async with running_daemon(sandbox, chosen) as harness:
                rules = Rules(harness)
                await harness.until(harness.is_two_sided, "quoting at first")
                async with rules.checked():
                    await _run_with_faults(plan, harness, rules, fired)
                    assert not rules.problems, harness.story()
                    outcome = await _rest(plan, harness, fired)
                creates = len(await harness.wire("order.place"))
                await judge(harness, outcome)
    except (AssertionError, TimeoutError) as error:
        problems.append(str(error) or repr(error))
    if rules is not None:
        problems += rules.problems
    if outcome is not None:
        problems += outcome.problems
    return Verdict(
        seed=plan.seed, fired=fired, outcome=outcome, problems=tuple(problems), creates=creates
    )


async def _run_with_faults(
    plan: Plan, harness: DaemonHarness, rules: Rules, fired: Counter[str]
) -> None:
    """Arm every fault at its time and count what fired; stop early when a rule is broken."""
    sandbox, begun_s = harness.sandbox, monotonic()
    acts: list[Strike | Burst] = [*plan.strikes, *plan.bursts]
    for act in sorted(acts, key=lambda act: act.begin_s):
        await asyncio.sleep(max(0.0, begun_s + act.begin_s - monotonic()))
        match act:
            case Strike():
                ((kind, parameters),) = act.case.faults
                await sandbox.arm(kind, **parameters)
            case Burst():
                body = {"kind": "burst", "side": act.side, "notional": str(act.notional)}
                await sandbox.admin("POST", "script", {"symbol": LIVELY.symbol} | body)
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, begun_s + plan.end_s - monotonic())):
            await rules.broken.wait()
    for row in (await sandbox.admin("GET", "faults")).rows:
        fired[str(row["kind"])] += int(str(row["fired"]))
    await sandbox.admin("DELETE", "faults")


async def _rest(plan: Plan, harness: DaemonHarness, fired: Counter[str]) -> Outcome:
    outcome = await recover(
        harness,
        name=f"seed {plan.seed}",
        fired=fired.total() or 1,  # a fault of low probability may not have fired
    )
    state = harness.running.engine.causes.state
    if state is not TradingState.RUNNING:
        outcome.problems.append(f"{state.name} at the end")
    return outcome


def run_seed(seed: int) -> Verdict:
    """Run one seed with its own data folder, for a process pool."""
    with TemporaryDirectory(prefix="swarm") as folder, quiet_logs(Path(folder) / "log"):
        return asyncio.run(run(draw(seed), Path(folder) / "data"))


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal()):
        raise ArgumentTypeError(f"must look like 1-40 (got {text})")
    return range(int(first), int(last) + 1)


def main() -> int:
    """Return 1 on any breach."""
    parser = ArgumentParser(prog="python -m tests.integration.swarm", description=__doc__)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--seed", type=int, help="replay this one")
    chosen.add_argument("--seeds", type=_range, help="run these, such as 1-40")
    parser.add_argument("--parallel", type=int, default=PARALLEL, help="number of seeds at a time")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    if arguments.seed is not None:
        console.print("\n".join(draw(arguments.seed).lines()), markup=False)
        return show([run_seed(arguments.seed)], console)
    return show(_many(arguments.seeds, arguments.parallel, console), console)


def _many(seeds: range, parallel: int, console: Console) -> list[Verdict]:
    verdicts: list[Verdict] = []
    with ProcessPoolExecutor(parallel, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run_seed, seed) for seed in seeds]):
            verdicts.append(done.result())
            breach = "BREACH" if verdicts[-1].problems else "good"
            console.print(f"seed {verdicts[-1].seed} {breach} ({len(verdicts)}/{len(seeds)})")
    return sorted(verdicts, key=lambda verdict: verdict.seed)


def show(verdicts: list[Verdict], console: Console) -> int:
    """Print one row for each seed and the problems; return 1 if there are any."""
    columns = ("seed", "fired", "creates", "books s", "quoting s", "fills", "worst case", "wrong")
    table = Table(*columns, title="random faults over sockets")
    fired: Counter[str] = Counter()
    for verdict in verdicts:
        table.add_row(*verdict.figures())
        fired += verdict.fired
    console.print(table)
    console.print("fired: " + ", ".join(f"{kind} {n}" for kind, n in sorted(fired.items())))
    bad = [verdict for verdict in verdicts if verdict.problems]
    for verdict in bad:
        replay = f"python -m tests.integration.swarm --seed {verdict.seed}"
        text = "\n".join((f"{replay}:", *verdict.problems))
        console.print(text, style="red", markup=False)
    console.print(f"{len(verdicts)} seeds, {len(bad)} with a breach")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
