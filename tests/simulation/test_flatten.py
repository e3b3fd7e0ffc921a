"""Flatten beside every fault that passes: it never flips, never grows, and gets there."""

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
class Told:
    """One run: what broke, how many slices it sent, how often it said that it was flat."""

    seed: int
    breach: str = ""
    slices: int = 0
    flats: int = 0
    checks: Counter[str] = field(default_factory=Counter)


def flattened(seed: int) -> Told:
    """One seed with flatten and one fault beside it; I6 is judged on every fill and order."""
    other = OTHERS[seed % len(OTHERS)]
    plan = draw(seed, SECONDS, only=(Fault.OPERATOR_FLATTEN, other))
    told, world = Told(seed), World(plan)

    def observe(step: Step) -> None:
        placed = (c for c in step.commands if isinstance(c, PlaceOrder))
        told.slices += sum(order.time_in_force is TimeInForce.IOC for order in placed)
        told.flats += sum(what == "flat" for what, _ in step.anomalies)

    world.process.observers.append(observe)
    verdict = run_plan(plan, world=world)
    told.breach, told.checks = verdict.breach, verdict.checks
    return told


@pytest.fixture(scope="module")
def runs() -> list[Told]:
    return in_parallel(flattened, list(range(2 * len(OTHERS))))


def test_beside_any_fault_flatten_never_flips_nor_grows(runs: list[Told]) -> None:
    assert [(run.seed, run.breach) for run in runs if run.breach] == []


def test_it_did_trade_and_got_there(runs: list[Told]) -> None:
    assert sum(run.slices for run in runs) > len(runs) / 3
    assert sum(run.flats > 0 for run in runs) > 0.8 * len(runs)  # some are paused throughout
    assert sum(run.checks["I6"] for run in runs) > len(runs) / 3
