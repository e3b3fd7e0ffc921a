"""`make bench`: performance budgets as ratios measured in one run; exit 1 if a gate is missed.

Run as `python -m tests.bench [--rounds N] [--json]`. Ratios are comparable between machines,
microseconds are not.
"""

import argparse
import json
import logging
import sys
from dataclasses import dataclass

import structlog
from rich.console import Console
from rich.table import Table

from tests.bench import decide, pages, recording, wire
from tests.bench.workload import load

ROUNDS, ROUNDS_MIN = 5, 1
WIRE_SAMPLES = 100
LOADED_MAX = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A budget and its measured ratio."""

    name: str
    ratio: float
    most: float
    is_gate: bool

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.most

    @property
    def verdict(self) -> str:
        if self.is_met:
            return "met"
        return "MISSED" if self.is_gate else "missed (no gate)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Results of one run."""

    workload: str
    messages: int
    rounds: int
    budgets: tuple[Budget, ...]
    microseconds: dict[str, float]

    @property
    def is_passed(self) -> bool:
        return all(budget.is_met for budget in self.budgets if budget.is_gate)


def run(rounds: int) -> Report:
    """Measure everything in sequence."""
    workload = load()
    decision = decide.measure(workload, rounds=rounds)
    recorder = recording.measure(workload, rounds=rounds)
    order = wire.measure(rounds=rounds, samples=WIRE_SAMPLES)
    loads = pages.measure()
    return Report(
        workload=workload.name,
        messages=len(workload.frames),
        rounds=rounds,
        budgets=(
            *engine_budgets(decision, recorder),
            Budget(name="tick to order / echo", ratio=order.ratio, most=12.0, is_gate=False),
            *load_budgets(loads),
        ),
        microseconds={
            "bytes to decision": decision.core,
            "ccxt.pro's handling of the frame": decision.ccxt_handler,
            "ccxt.pro, a whole call of watch_order_book": decision.ccxt,
            "json.loads": decision.json,
            **{f"mean of {name}": us for name, us in decision.means.items()},
            **{f"of it: {name}": us for name, us in decision.parts.items()},
            **recorder.microseconds,
            "tick to order on the wire": order.order,
            "websockets echo": order.echo,
            "/healthz of an idle daemon": loads["idle"].median_ms * 1e3,
            "a kill, until it is latched": loads["idle"].kill_ms * 1e3,
        },
    )


def engine_budgets(
    decision: decide.Decision, recorder: recording.RecorderCost
) -> tuple[Budget, ...]:
    """Return the budgets of a message and of the recorder."""
    return (
        # The budget is for a whole call of watch_order_book, 147 µs where it was set. The
        # handler alone is shown too, because it is the stricter comparison.
        _budget("bytes to decision / ccxt.pro", decision.to_ccxt, 0.40),
        _budget(
            "bytes to decision / ccxt.pro's handler alone",
            decision.to_ccxt_handler,
            0.40,
            is_gate=False,
        ),
        _budget("bytes to decision / json.loads", decision.to_json, 3.1),
        _budget("the same, mean message", decision.to_json_mean, 5.5),
        _budget("recorder on / off, engine's thread", recorder.ratio, 1.02),
        _budget(
            "the same with encoding, in a thread of its own", recorder.ratio_with_encoding, 1.10
        ),
    )


def _budget(name: str, ratio: float, most: float, *, is_gate: bool = True) -> Budget:
    return Budget(name=name, ratio=ratio, most=most, is_gate=is_gate)


def load_budgets(loads: dict[str, pages.Load]) -> list[Budget]:
    """Return the budgets of `/healthz`, of a kill and of memory, under each load against idle.

    They are no gates: a few samples beside the load of the machine, not medians of rounds.
    """
    idle = loads["idle"]
    return [
        Budget(name=f"{what}, {name} / idle", ratio=ratio, most=LOADED_MAX, is_gate=False)
        for name, load in loads.items()
        if name != "idle"
        for what, ratio in (
            ("/healthz p50", load.median_ms / idle.median_ms),
            ("/healthz p90", load.p90_ms / idle.p90_ms),
            ("kill", load.kill_ms / idle.kill_ms),
            ("memory", load.rss_mb / idle.rss_mb),
        )
    ]


def show(report: Report) -> None:
    """Print tables."""
    console = Console()
    console.print(
        f"{report.messages} depth messages, {report.workload}; median of {report.rounds} rounds"
    )
    budgets = Table("budget", "ratio", "at most", "verdict")
    for budget in report.budgets:
        budgets.add_row(budget.name, f"{budget.ratio:.2f}", f"{budget.most:.2f}", budget.verdict)
    console.print(budgets)
    times = Table("on this machine", "µs")
    for name, value in report.microseconds.items():
        times.add_row(name, f"{value:.1f}")
    console.print(times)


def as_json(report: Report) -> str:
    """Return the report as one line of JSON."""
    budgets = [
        {"name": b.name, "ratio": b.ratio, "most": b.most, "gate": b.is_gate, "met": b.is_met}
        for b in report.budgets
    ]
    return json.dumps(
        {
            "workload": report.workload,
            "messages": report.messages,
            "rounds": report.rounds,
            "budgets": budgets,
            "microseconds": report.microseconds,
            "passed": report.is_passed,
        }
    )


def main() -> int:
    """Return 0 if every gate is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="number of rounds; the median counts"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of tables")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    report = run(max(ROUNDS_MIN, arguments.rounds))
    if arguments.json:
        sys.stdout.write(as_json(report) + "\n")
    else:
        show(report)
    return 0 if report.is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
