"""Runs with faults.

One again: `.venv/bin/python -m tests.simulation --seed 7 --seconds 200`; many: `--seeds 5000`.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import cpu_count, get_context
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from quoter.domain.step import Step
from tests.simulation.chaos.plan import Fault, draw
from tests.simulation.chaos.run import Job, Verdict, World, command, run_batch, run_plan

TAIL = 60
BATCH = 10
REPLAY_EVERY = 10  # of so many seeds one is recorded and replayed (Q4)


@dataclass(slots=True)
class Total:
    """Many verdicts added up."""

    fired: Counter[Fault] = field(default_factory=Counter)
    seeds: Counter[Fault] = field(default_factory=Counter)  # in which it fired at all
    checks: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    breaches: list[Verdict] = field(default_factory=list)
    runs: int = 0
    events: int = 0
    creates: int = 0
    fills: int = 0
    crashes: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    ledger_s: float = 0.0
    quoting_s: float = 0.0

    def add(self, verdict: Verdict) -> None:
        self.runs += 1
        self.fired += verdict.fired
        self.seeds.update(fault for fault, count in verdict.fired.items() if count)
        self.checks += verdict.checks
        self.ends[verdict.end.split(" ")[0]] += 1
        self.events += verdict.events
        self.creates += verdict.creates
        self.fills += verdict.fills
        self.crashes += max(0, verdict.starts - 1)
        self.seconds += verdict.seconds
        self.cpu_s += verdict.cpu_s
        self.ledger_s = max(self.ledger_s, verdict.ledger_s)
        self.quoting_s = max(self.quoting_s, verdict.quoting_s)
        if verdict.breach:
            self.breaches.append(verdict)


def main() -> int:
    """Return 1 on any breach."""
    parser = ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--seeds", type=int, default=300, help="run so many")
    parser.add_argument("--first", type=int, default=0, help="beginning with this one")
    parser.add_argument("--seconds", type=float, default=60.0, help="virtual, of each")
    parser.add_argument("--verbose", action="store_true", help="with the tail of the events")
    args = parser.parse_args()
    console = Console(highlight=False)
    if args.seed is not None:
        return _one(args, console)
    return _many(args, console)


def _one(args: Namespace, console: Console) -> int:
    plan = draw(args.seed, args.seconds)
    console.print("\n".join(plan.lines()))
    world, tail = World(plan, record=True), deque[str](maxlen=TAIL)

    def note(step: Step) -> None:
        lines = [f"{world.now_s:9.3f} {step.event}"]
        lines += [f"          -> {what}" for what in (*step.commands, *step.denied)]
        lines += [f"          {change}" for change in (*step.orders, step.state) if change]
        tail.append("\n".join(lines))

    if args.verbose:
        world.process.observers.insert(0, note)
    verdict = run_plan(plan, replays=True, world=world)
    if tail:
        console.print("\n".join(tail), markup=False, soft_wrap=True)
    fired = ", ".join(f"{fault} x{count}" for fault, count in sorted(verdict.fired.items()))
    console.print(f"fired: {fired}")
    console.print(
        f"{verdict.events} events, {verdict.creates} creates, {verdict.fills} fills, "
        f"{verdict.starts} starts, end: {verdict.end}, trace {verdict.trace}"
    )
    if not verdict.breach:
        console.print("no breach")
        return 0
    console.print(f"at {verdict.at_s:.3f} s: {verdict.breach}", style="red", markup=False)
    return 1


def _many(args: Namespace, console: Console) -> int:
    seeds = range(args.first, args.first + args.seeds)
    jobs = [Job(seed, args.seconds, replays=seed % REPLAY_EVERY == 0) for seed in seeds]
    batches = [jobs[i : i + BATCH] for i in range(0, len(jobs), BATCH)]
    total, started_s = Total(), monotonic()
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        ProcessPoolExecutor(cpu_count(), mp_context=get_context("spawn")) as pool,
        Progress(*columns, console=console) as progress,
    ):
        bar = progress.add_task("", total=len(jobs))
        for done in as_completed([pool.submit(run_batch, batch) for batch in batches]):
            for verdict in done.result():
                total.add(verdict)
                progress.advance(bar)
                if verdict.breach:
                    progress.console.print(_breach(verdict), style="red", markup=False)
    _summary(total, monotonic() - started_s, console)
    return 1 if total.breaches else 0


def _breach(verdict: Verdict) -> str:
    return f"{verdict.breach}\n  replay: {command(verdict.seed, verdict.seconds)}"


def _summary(total: Total, wall_s: float, console: Console) -> None:
    faults = Table("fault", "what", "seeds", "times", title="faults fired")
    for fault in Fault:
        counts = str(total.seeds[fault]), str(total.fired[fault])
        faults.add_row(fault.value, fault.name.lower(), *counts)
    checks = Table("rule", "checked", title="invariants")
    for rule, count in sorted(total.checks.items()):
        checks.add_row(rule, f"{count:,}")
    console.print(faults, checks)
    ends = ", ".join(f"{end} {count}" for end, count in total.ends.most_common())
    console.print(
        f"{total.runs} seeds, {total.seconds / 3600:.2f} virtual h, {wall_s:.0f} s wall, "
        f"{total.cpu_s * 1e3 / max(total.seconds, 1):.2f} ms CPU per virtual s\n"
        f"{total.events:,} events, {total.creates:,} creates, {total.fills:,} fills, "
        f"{total.crashes:,} restarts\nends: {ends}\n"
        f"after the last fault: books true within {total.ledger_s:.1f} s, "
        f"quoting within {total.quoting_s:.1f} s\n{len(total.breaches)} breaches"
    )


if __name__ == "__main__":
    sys.exit(main())
