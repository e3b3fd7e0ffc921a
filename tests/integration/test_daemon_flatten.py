"""A daemon flattens its inventory over real sockets after an operator command."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.events import Flatten, Kill, Resume
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, DaemonHarness, market, running_daemon, settings
from tests.integration.sandbox_client import RunningSandbox, running

LOT = Decimal("0.00001")


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=11)) as venue:
        yield venue


class Ledger:
    """Records every booked inventory and every taking order."""

    def __init__(self) -> None:
        self.inventories: list[Decimal] = []
        self.slices: list[PlaceOrder] = []

    def observe(self, step: Step) -> None:
        self.inventories += [booked.inventory for booked in step.booked]
        self.slices += [
            command
            for command in step.commands
            if isinstance(command, PlaceOrder) and command.time_in_force is TimeInForce.IOC
        ]


@pytest.mark.parametrize(("target", "sign"), [("1.985", 1), ("2.015", -1)])
async def test_flatten_reaches_the_target_and_never_passes_it(
    sandbox: RunningSandbox, tmp_path: Path, target: str, sign: int
) -> None:
    """In slices within the limits: two or more, unless the quotes of before filled meanwhile."""
    chosen = settings(sandbox, tmp_path, target=target, inventory_max=Decimal("0.03"))
    ledger = Ledger()
    async with running_daemon(sandbox, chosen) as harness:
        engine, commands = harness.running.engine, harness.running.runner.commands
        harness.watchers.append(ledger.observe)
        await harness.until(lambda: bool(harness.open_own()), "quoting")
        start = len(ledger.inventories)
        commands.send(Flatten(ts_ns=engine.ts_ns, actor="risk", reason="test"))
        await harness.until(lambda: engine.counts["flat"] > 0, "flat")
        await harness.until(lambda: is_settled(harness), "settled")
        booked = ledger.inventories[start:]
        assert booked
        assert all(sign * inventory >= -LOT for inventory in booked), booked
        assert abs(engine.inventory.net) < Decimal("0.0002")
        assert engine.causes.state is TradingState.REDUCE_ONLY
        assert Cause.OPERATOR_FLATTEN in engine.causes.switch.causes
        limits = engine.config.limits
        assert ledger.slices
        assert all(order.size <= limits.size_max for order in ledger.slices)
        assert harness.is_equal(), harness.differences()
        commands.send(Resume(ts_ns=engine.ts_ns, actor="operator", reason="test"))
        await harness.until(harness.is_two_sided, "quoting both sides again")
        assert await harness.stop() == ExitCode.CLEAN


def is_settled(harness: DaemonHarness) -> bool:
    return not harness.open_own() and harness.running.engine.has_no_orders


async def test_nothing_is_flattened_while_killed(sandbox: RunningSandbox, tmp_path: Path) -> None:
    chosen = settings(sandbox, tmp_path, target="1.99", inventory_max=Decimal("0.03"))
    ledger = Ledger()
    async with running_daemon(sandbox, chosen) as harness:
        engine, commands = harness.running.engine, harness.running.runner.commands
        harness.watchers.append(ledger.observe)
        await harness.until(lambda: bool(harness.open_own()), "quoting")
        commands.send(Kill(ts_ns=engine.ts_ns, actor="test", reason="enough"))
        commands.send(Flatten(ts_ns=engine.ts_ns, actor="risk", reason="test"))
        await harness.until(lambda: engine.counts["flatten_refused"] == 1, "refused")
        await harness.until(lambda: is_settled(harness), "nothing left")
        assert ledger.slices == []
        assert await harness.stop() == ExitCode.KILLED
