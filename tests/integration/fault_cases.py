"""Fault cases as data, the recovery of a daemon after a fault, and its checks."""

import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import FOREIGN_ID, DaemonHarness, open_ids
from tests.integration.ledger_truth import ledger_against_truth
from tests.integration.replays import replay_problems

FAULT_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Faults to arm, and for how long."""

    name: str
    faults: tuple[tuple[str, dict[str, object]], ...]  # kind and parameters
    lasts_s: float = FAULT_S


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Results of one case; times are seconds after the end of the fault."""

    name: str
    fired: int
    books_s: float
    quoting_s: float
    fills: int
    inventory_peak: Decimal
    exposure_peak: Decimal
    limit: Decimal
    exit_code: ExitCode
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return the outcome as one line."""
        return (
            f"{self.name:46} fired {self.fired:4} books {self.books_s:5.2f} s "
            f"quoting {self.quoting_s:5.2f} s fills {self.fills:3} "
            f"peak {self.inventory_peak} worst {self.exposure_peak} {self.problems}"
        )


def case(name: str, *, lasts_s: float = FAULT_S, **fault: object) -> Case:
    kind = str(fault.pop("kind", name))
    return Case(name=name, faults=((kind, fault),), lasts_s=lasts_s)


def together(*cases: Case) -> Case:
    """Combine faults that only have an effect together."""
    faults = tuple(fault for each in cases for fault in each.faults)
    return Case(
        name=" + ".join(each.name for each in cases),
        faults=faults,
        lasts_s=max(each.lasts_s for each in cases),
    )


async def recover(harness: DaemonHarness, *, name: str, fired: int) -> Outcome:
    """After the last fault: wait for equal balances and two-sided quotes, then stop."""
    cleared_s = time.monotonic()
    books_s = await harness.until(harness.is_equal, f"{name}: ledger equals truth")
    await harness.until(harness.is_two_sided, f"{name}: two-sided again")
    quoting_s = time.monotonic() - cleared_s
    code = await harness.stop()
    inventory = harness.running.engine.inventory
    return Outcome(
        name=name,
        fired=fired,
        books_s=books_s,
        quoting_s=quoting_s,
        fills=inventory.fills_buy + inventory.fills_sell,
        inventory_peak=harness.watch.inventory_peak,
        exposure_peak=harness.watch.exposure_peak,
        limit=harness.settings.inventory_max,
        exit_code=code,
    )


def forgotten(harness: DaemonHarness) -> set[str]:
    """Return open orders at the sandbox that the engine does not know."""
    orders = harness.running.engine.orders
    return {o.client_id for o in harness.open_own() if orders.live(o.client_id) is None}


async def judge(harness: DaemonHarness, outcome: Outcome) -> None:
    """Check the outcome and add every problem to it."""
    problems = outcome.problems
    if not outcome.fired:
        problems.append("the fault never fired")
    if outcome.exposure_peak > outcome.limit or outcome.inventory_peak > outcome.limit:
        problems.append(f"above the limit: {outcome.exposure_peak} {outcome.inventory_peak}")
    if not harness.is_equal():
        problems.append(f"books differ at the end: {harness.differences()}")
    if differences := ledger_against_truth(harness.settings.data_dir, harness.sandbox):
        problems.append(f"the ledger differs: {differences}")
    problems += replay_problems(harness.settings.data_dir)
    created = [str(row["client_id"]) for row in await harness.wire("order.place")]
    own = [name for name in created if name.startswith(harness.prefix)]
    if again := [name for name, times in Counter(own).items() if times > 1]:
        problems.append(f"sent more than once: {again}")
    if undecided := set(own) - set(harness.placed):
        problems.append(f"never decided: {undecided}")
    if outcome.exit_code is not ExitCode.CLEAN:
        problems.append(f"exit {outcome.exit_code!r}")
    if open_ids(harness.sandbox) != {FOREIGN_ID}:
        problems.append(f"open at the end: {open_ids(harness.sandbox)}")
    if problems:
        problems.append(harness.story())
