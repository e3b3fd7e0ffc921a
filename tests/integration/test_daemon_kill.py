"""Every way to kill a daemon, with two hundred creates waiting to leave: none of them does."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Alarm, Kill, Reduce
from quoter.domain.market import Side
from quoter.domain.trading import Cause, TradingState
from quoter.service import shutdown
from quoter.service.data_folder import KILL_REQUEST
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.integration.daemon_harness import LIVELY, Pilot, flying, market, settings
from tests.integration.daemon_process import creates, is_busy, own, quoter, until
from tests.integration.sandbox_client import ANSWER_S, RunningSandbox, running

WAITING = 200
FAR_AHEAD_NS = 3_600_000_000_000  # so that no create is too old to leave: the gate alone decides
SETTLED_S_MAX = 30.0
RESTARTS = 5
WOULD_LEAVE_S = 1.0  # long enough for a dozen of them, were the gate open


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=12)) as venue:
        yield venue


@pytest.fixture
async def still() -> AsyncIterator[RunningSandbox]:
    """A market in which nobody takes an order of ours while we can't cancel it."""
    async with running(market(replace(LIVELY, intensity=1e-4), seed=12)) as venue:
        yield venue


@dataclass
class Watch:
    """How many creates had left each time the gate was shut."""

    gateway: CcxtGateway
    sent_when_shut: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        shut = self.gateway.close_gate

        def shutting() -> None:
            shut()
            self.sent_when_shut.append(self.sent)

        self.gateway.close_gate = shutting  # type: ignore[method-assign]

    @property
    def sent(self) -> int:
        return self.gateway._client.gate.creates_sent


def by_signal(_: Pilot) -> None:
    os.kill(os.getpid(), signal.SIGUSR1)


def by_file(pilot: Pilot) -> None:
    (pilot.settings.data_dir / KILL_REQUEST).write_text("enough")


def by_cause(pilot: Pilot) -> None:
    """The engine's own: what it finds out is a kill like any other."""
    clock = pilot.running.clock
    alarm = Alarm(ts_ns=clock.now_ns(), cause=Cause.INVARIANT_BROKEN, active=True, text="test")
    pilot.running.runner.inbox.put(alarm)


@pytest.mark.parametrize("kill", [by_signal, by_file, by_cause])
async def test_of_two_hundred_creates_that_wait_when_a_kill_falls_none_leaves(
    sandbox: RunningSandbox, tmp_path: Path, kill: Callable[[Pilot], None]
) -> None:
    async with flying(sandbox, settings(sandbox, tmp_path)) as pilot:
        await pilot.until(pilot.is_two_sided, 20.0, "quoting")
        runner = pilot.running.runner
        gateway = runner._gateway
        assert isinstance(gateway, CcxtGateway)
        watch = Watch(gateway)
        await sandbox.arm("delay", endpoint="create", delay_s=0.5)
        names = [f"{pilot.prefix}waits{n}" for n in range(WAITING)]
        ahead_ns = pilot.running.clock.now_ns() + FAR_AHEAD_NS
        runner._outbox.submit(tuple(waiting(name, ahead_ns) for name in names))
        before = watch.sent
        await pilot.until(lambda: watch.sent > before, 10.0, "the first are under way")
        kill(pilot)
        await pilot.until(lambda: bool(watch.sent_when_shut), 10.0, "shut")
        at_kill = watch.sent_when_shut[0]
        await sandbox.admin("DELETE", "faults")
        state = pilot.running.engine.causes
        await pilot.until(lambda: state.state is TradingState.KILLED, 10.0, "killed")
        await pilot.until(lambda: not pilot.open_own(), SETTLED_S_MAX, "nothing is left")
        assert watch.sent == at_kill
        arrived = [row["client_id"] for row in await pilot.wire("order.place")]
        assert len(set(names) & set(map(str, arrived))) <= 8  # those under way before the kill
        assert len(set(names) - set(map(str, arrived))) >= WAITING - 8
        await asyncio.sleep(WOULD_LEAVE_S)
        assert watch.sent == at_kill
        assert Latch(tmp_path).read() is not None
        assert await pilot.stop() == ExitCode.KILLED


def waiting(name: str, decided_ns: int) -> PlaceOrder:
    return PlaceOrder(
        client_id=name,
        side=Side.BUY,
        price=Decimal("55000.00"),
        size=Decimal("0.001"),
        decided_ns=decided_ns,
    )


async def test_the_gate_stays_shut_over_a_breach_that_nobody_has_heard(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """What the engine hears before it allows orders, which is not for it to say any more."""
    async with flying(sandbox, settings(sandbox, tmp_path)) as pilot:
        await pilot.until(pilot.is_two_sided, 20.0, "quoting")
        runner = pilot.running.runner
        gateway = runner._gateway
        assert isinstance(gateway, CcxtGateway)
        opened: list[TradingState] = []
        open_gate = gateway.open_gate

        def opening() -> None:
            open_gate()
            opened.append(runner.engine.causes.state)

        gateway.open_gate = opening  # type: ignore[method-assign]
        reduce = Reduce(ts_ns=runner.engine.ts_ns, actor="test", reason="")
        runner.commands.send(reduce)
        gateway._client.gate.breach("somewhere else")
        state = pilot.running.engine.causes
        await pilot.until(lambda: state.state is TradingState.KILLED, 10.0, "killed")
        assert opened == []
        assert any("REDUCE_ONLY" in line for line in pilot.history), "the other turn came first"
        assert await pilot.stop() == ExitCode.KILLED


@pytest.mark.slow
async def test_a_kill_outlives_a_dead_process_and_five_restarts(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """KS-03: killed, then dead without a goodbye; every restart is up, and sends nothing."""
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        async with quoter(sandbox, tmp_path, "kill", "enough") as kill:
            assert (await kill.ended(ANSWER_S))[0] == 0
        await until(lambda: not own(sandbox), "no own order", daemon)
        daemon.process.kill()
        await daemon.process.wait()
    record, sent = Latch(tmp_path).read(), await creates(sandbox)
    assert record is not None
    for _ in range(RESTARTS):
        async with quoter(sandbox, tmp_path, "run") as daemon:
            await until(partial(daemon.said, "started"), "started", daemon)
            assert (await daemon.get("/healthz"))[0] == 200
            code, body = await daemon.get("/readyz")
            assert (code, "operator_kill" in body) == (503, True), body
            daemon.process.kill()
            await daemon.process.wait()
        assert Latch(tmp_path).read() == record
    assert await creates(sandbox) == sent


@pytest.mark.slow
async def test_a_kill_during_the_start_comes_up_killed(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """After a crash a start waits for late creates: the very moment at which somebody kills."""
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        daemon.process.kill()
        await daemon.process.wait()
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(partial(daemon.said, "run"), "the start has begun", daemon)
        daemon.process.send_signal(signal.SIGUSR1)
        await until(partial(daemon.said, "started"), "started", daemon)
        await until(Latch(tmp_path).read, "latched", daemon)
        code, body = await daemon.get("/readyz")
        assert (code, "operator_kill" in body) == (503, True), body
        sent = await creates(sandbox)
        await asyncio.sleep(WOULD_LEAVE_S)
        assert await creates(sandbox) == sent
        assert not own(sandbox)


@pytest.mark.slow
async def test_orders_that_can_not_be_cancelled_are_told_and_go_as_soon_as_they_can(
    still: RunningSandbox, tmp_path: Path
) -> None:
    """K7: killed, and the venue refuses every cancel for longer than ten seconds."""
    async with flying(still, settings(still, tmp_path)) as pilot:
        await pilot.until(pilot.is_two_sided, 20.0, "quoting")
        await still.arm("error_before", endpoint="cancel", status=503, code=-1008)
        now_ns = pilot.running.clock.now_ns()
        kill = Kill(ts_ns=now_ns, actor="test", reason="enough")
        pilot.running.runner.commands.send(kill)
        causes = pilot.running.engine.causes.switch
        await pilot.until(lambda: causes.is_active(Cause.CANCEL_UNVERIFIED), SETTLED_S_MAX, "told")
        assert pilot.open_own()
        await still.admin("DELETE", "faults")
        await pilot.until(lambda: not pilot.open_own(), SETTLED_S_MAX, "gone")
        await pilot.until(
            lambda: not causes.is_active(Cause.CANCEL_UNVERIFIED), SETTLED_S_MAX, "settled"
        )
        assert await pilot.stop() == ExitCode.KILLED


async def test_an_end_that_can_not_be_verified_says_so(
    still: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-18 while it stops: exit 20, and the orders are there for a person to see."""
    monkeypatch.setattr(shutdown, "DRAIN_S_MAX", 2.0)
    async with flying(still, settings(still, tmp_path)) as pilot:
        await pilot.until(pilot.is_two_sided, 20.0, "quoting")
        await still.arm("error_before", endpoint="cancel", status=503, code=-1008)
        assert await pilot.stop() == ExitCode.ORDERS_LEFT
        assert pilot.open_own()
