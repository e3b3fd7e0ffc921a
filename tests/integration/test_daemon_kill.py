"""Every kind of kill, with two hundred creates queued: none of them is sent."""

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
from quoter.domain.events import Alarm, Kill, Pause, Reduce, Resume
from quoter.domain.market import Side
from quoter.domain.trading import Cause, TradingState
from quoter.service import shutdown
from quoter.service.data_folder import KILL_REQUEST
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.integration.daemon_harness import LIVELY, DaemonHarness, market, running_daemon, settings
from tests.integration.daemon_process import Started, creates, is_busy, own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, eventually, running

WAITING = 200
FAR_AHEAD_NS = 3_600_000_000_000  # no create is too old: only the gate can stop it
RESTARTS = 5
WOULD_LEAVE_S = 1.0  # long enough for a dozen creates through an open gate


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=12)) as venue:
        yield venue


@pytest.fixture
async def still() -> AsyncIterator[RunningSandbox]:
    """A market with hardly any trades, so that orders that can't be cancelled stay open."""
    async with running(market(replace(LIVELY, intensity=1e-4), seed=12)) as venue:
        yield venue


@dataclass
class Watch:
    """Records how many creates were sent each time the gate was shut."""

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


def by_signal(_: DaemonHarness) -> None:
    os.kill(os.getpid(), signal.SIGUSR1)


def by_file(harness: DaemonHarness) -> None:
    (harness.settings.data_dir / KILL_REQUEST).write_text("enough")


def by_cause(harness: DaemonHarness) -> None:
    """A kill by a cause that the daemon itself detects."""
    clock = harness.running.clock
    alarm = Alarm(ts_ns=clock.now_ns(), cause=Cause.INVARIANT_BROKEN, active=True, text="test")
    harness.running.runner.inbox.put(alarm)


@pytest.mark.parametrize("kill", [by_signal, by_file, by_cause])
async def test_no_queued_create_is_sent_after_a_kill(
    sandbox: RunningSandbox, tmp_path: Path, kill: Callable[[DaemonHarness], None]
) -> None:
    async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
        await harness.until(harness.is_two_sided, "quoting")
        runner = harness.running.runner
        gateway = runner._gateway
        assert isinstance(gateway, CcxtGateway)
        watch = Watch(gateway)
        await sandbox.arm("delay", endpoint="create", delay_s=0.5)
        names = [f"{harness.prefix}waits{n}" for n in range(WAITING)]
        ahead_ns = harness.running.clock.now_ns() + FAR_AHEAD_NS
        runner._outbox.submit(tuple(waiting(name, ahead_ns) for name in names))
        before = watch.sent
        await harness.until(lambda: watch.sent > before, "the first are under way")
        kill(harness)
        await harness.until(lambda: bool(watch.sent_when_shut), "shut")
        at_kill = watch.sent_when_shut[0]
        await sandbox.admin("DELETE", "faults")
        state = harness.running.engine.causes
        await harness.until(lambda: state.state is TradingState.KILLED, "killed")
        await harness.until(lambda: not harness.open_own(), "nothing is left")
        assert watch.sent == at_kill
        arrived = [row["client_id"] for row in await harness.wire("order.place")]
        assert len(set(names) & set(map(str, arrived))) <= 8  # those in flight before the kill
        assert len(set(names) - set(map(str, arrived))) >= WAITING - 8
        await asyncio.sleep(WOULD_LEAVE_S)
        assert watch.sent == at_kill
        assert Latch(tmp_path).read() is not None
        assert await harness.stop() == ExitCode.KILLED


def waiting(name: str, decided_ns: int) -> PlaceOrder:
    return PlaceOrder(
        client_id=name,
        side=Side.BUY,
        price=Decimal("55000.00"),
        size=Decimal("0.001"),
        decided_ns=decided_ns,
    )


async def test_gate_stays_shut_while_a_breach_alarm_is_queued(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """The alarm is queued while the engine handles an earlier event that allows orders."""
    async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
        await harness.until(harness.is_two_sided, "quoting")
        runner = harness.running.runner
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
        state = harness.running.engine.causes
        await harness.until(lambda: state.state is TradingState.KILLED, "killed")
        assert opened == []
        assert any("REDUCE_ONLY" in line for line in harness.history), (
            "the other event was handled first"
        )
        assert await harness.stop() == ExitCode.KILLED


@pytest.mark.slow
async def test_kill_survives_sigkill_and_five_restarts(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """KS-03: killed, then SIGKILL; every restart comes up and sends nothing."""
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        async with quoter(sandbox, tmp_path, "kill", "enough") as kill:
            assert await kill.ended() == 0
        await until(lambda: not own(sandbox), "no own order", daemon)
        daemon.process.kill()
        await daemon.process.wait()
    record, sent = Latch(tmp_path).read(), await creates(sandbox)
    assert record is not None
    for _ in range(RESTARTS):
        async with quoter(sandbox, tmp_path, "run") as daemon:
            await until(partial(daemon.logged, "started"), "started", daemon)
            await daemon.answers("/healthz", 200)
            code, body = await daemon.get("/readyz")
            assert (code, "operator_kill" in body) == (503, True), body
            daemon.process.kill()
            await daemon.process.wait()
        assert Latch(tmp_path).read() == record
    assert await creates(sandbox) == sent


async def is_unready_for_a_kill(daemon: Started) -> bool:
    """Whether `/readyz` names the operator's kill; it must answer 503 in any case."""
    code, body = await daemon.get("/readyz")
    assert code == 503, body
    return "operator_kill" in body


@pytest.mark.slow
async def test_kill_during_the_start_starts_killed(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """The kill comes while a start after a crash waits for late creates."""
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        daemon.process.kill()
        await daemon.process.wait()
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(partial(daemon.logged, "run"), "the start has begun", daemon)
        daemon.process.send_signal(signal.SIGUSR1)
        await until(partial(daemon.logged, "started"), "started", daemon)
        await until(Latch(tmp_path).read, "latched", daemon)
        await eventually(partial(is_unready_for_a_kill, daemon))  # the latch comes first
        sent = await creates(sandbox)
        await asyncio.sleep(WOULD_LEAVE_S)
        assert await creates(sandbox) == sent
        assert not own(sandbox)


@pytest.mark.slow
async def test_orders_that_cannot_be_cancelled_are_reported_and_cancelled_later(
    still: RunningSandbox, tmp_path: Path
) -> None:
    """Killed, and the venue rejects every cancel for longer than ten seconds."""
    async with running_daemon(still, settings(still, tmp_path)) as harness:
        await harness.until(harness.is_two_sided, "quoting")
        await still.arm("error_before", endpoint="cancel", status=503, code=-1008)
        now_ns = harness.running.clock.now_ns()
        kill = Kill(ts_ns=now_ns, actor="test", reason="enough")
        harness.running.runner.commands.send(kill)
        causes = harness.running.engine.causes.switch
        await harness.until(lambda: causes.is_active(Cause.CANCEL_UNVERIFIED), "reported")
        assert harness.open_own()
        await still.admin("DELETE", "faults")
        await harness.until(lambda: not harness.open_own(), "gone")
        await harness.until(lambda: not causes.is_active(Cause.CANCEL_UNVERIFIED), "settled")
        assert await harness.stop() == ExitCode.KILLED


@pytest.mark.slow
@pytest.mark.parametrize("code", [-1022, -2015])
async def test_cancels_that_are_refused_because_of_the_key_stop_quoting(
    still: RunningSandbox, tmp_path: Path, code: int
) -> None:
    """The orders rest and can't be ended; quoting goes on once the venue accepts cancels again."""
    async with running_daemon(still, settings(still, tmp_path)) as harness:
        await harness.until(harness.is_two_sided, "quoting")
        await still.arm("error_before", endpoint="cancel", status=401, code=code)
        pause = Pause(ts_ns=harness.running.clock.now_ns(), actor="test", reason="look")
        harness.running.runner.commands.send(pause)
        causes = harness.running.engine.causes.switch
        await harness.until(lambda: causes.is_active(Cause.CANCEL_REFUSED), "refused")
        assert str(code) in causes.causes[Cause.CANCEL_REFUSED]
        resume = Resume(ts_ns=harness.running.clock.now_ns(), actor="test", reason="on")
        harness.running.runner.commands.send(resume)
        await harness.until(lambda: not causes.is_active(Cause.OPERATOR_PAUSE), "resumed")
        assert causes.is_active(Cause.CANCEL_REFUSED)
        assert harness.open_own()
        await still.admin("DELETE", "faults")
        await harness.until(lambda: not causes.causes, "accepted again")
        await harness.until(harness.is_two_sided, "quoting again")
        assert await harness.stop() == ExitCode.CLEAN


async def test_stop_with_unverified_cancels_exits_with_orders_left(
    still: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue rejects cancels during the stop: exit 20, and the orders stay open."""
    monkeypatch.setattr(shutdown, "DRAIN_S_MAX", 2.0)
    async with running_daemon(still, settings(still, tmp_path)) as harness:
        await harness.until(harness.is_two_sided, "quoting")
        await still.arm("error_before", endpoint="cancel", status=503, code=-1008)
        assert await harness.stop() == ExitCode.ORDERS_LEFT
        assert harness.open_own()
