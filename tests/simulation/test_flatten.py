"""Flatten together with every temporary fault: it never flips or adds, and it completes."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.step import Step
from tests.simulation.chaos.plan import TEMPORARY, Fault, draw
from tests.simulation.chaos.run import World, run_plan
from tests.simulation.runs import in_parallel

SECONDS = 60.0
OTHERS = [fault for fault in TEMPORARY if fault is not Fault.OPERATOR_FLATTEN]


@dataclass
class FlattenRun:
    """One run: the broken rule, the slices sent, and how often flat was reported."""

    seed: int
    breach: str = ""
    slices: int = 0
    flats: int = 0
    checks: Counter[str] = field(default_factory=Counter)


def flattened(seed: int) -> FlattenRun:
    """Run one seed with flatten and one other fault; I6 is checked at every fill and order."""
    other = OTHERS[seed % len(OTHERS)]
    plan = draw(seed, SECONDS, only=(Fault.OPERATOR_FLATTEN, other))
    received, world = FlattenRun(seed), World(plan)

    def observe(step: Step) -> None:
        placed = (c for c in step.commands if isinstance(c, PlaceOrder))
        received.slices += sum(order.time_in_force is TimeInForce.IOC for order in placed)
        received.flats += sum(what == "flat" for what, _ in step.anomalies)

    world.process.observers.append(observe)
    verdict = run_plan(plan, world=world)
    received.breach, received.checks = verdict.breach, verdict.checks
    return received


@pytest.fixture(scope="module")
def runs() -> list[FlattenRun]:
    return in_parallel(flattened, list(range(len(OTHERS))))


def test_flatten_never_flips_or_adds_during_any_fault(runs: list[FlattenRun]) -> None:
    assert [(run.seed, run.breach) for run in runs if run.breach] == []


def test_flatten_trades_and_completes(runs: list[FlattenRun]) -> None:
    assert sum(run.slices for run in runs) > len(runs) / 3
    assert sum(run.flats > 0 for run in runs) > 0.8 * len(runs)  # some runs are paused all the time
    assert sum(run.checks["I6"] for run in runs) > len(runs) / 3
