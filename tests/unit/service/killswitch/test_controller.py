"""Egress gate and latch after a kill, with slow or failing disks and outdated re-arms."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from quoter.domain.events import Alarm, Event, OperatorCommand, Pause, Reduce, Resume
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.killswitch.latch import Latch, LatchRecord, new_record
from tests.unit.engine.cases import EngineHarness
from tests.unit.service.stops_rig import StopsRig
from tests.unit.service.test_outbox import Gateway
from tests.unit.state.cases import START_NS

SLOW_DISK_S = 0.6
WAIT_S = 10.0
CLOCK = Clock(wall_ns=lambda: START_NS, monotonic_ns=lambda: 0)  # the harness's own time


class GateRecorder(Gateway):
    """Records the state of the gate and every opening."""

    is_gate_open = False
    times_opened = 0
    reduces_only = False

    def __init__(self) -> None:
        super().__init__()
        self.opened_as: list[bool] = []  # reduces_only at each opening

    def set_reduce_only(self, *, is_on: bool) -> None:
        self.reduces_only = is_on

    def close_gate(self) -> None:
        self.is_gate_open = False

    def open_gate(self) -> None:
        if not self.is_gate_open:
            self.times_opened += 1
        self.is_gate_open = True
        self.opened_as.append(self.reduces_only)


@dataclass
class KillRig:
    """Kill switch and engine; the test decides when queued events are handled."""

    stops: StopsRig
    gateway: GateRecorder
    folder: Path
    harness: EngineHarness

    @property
    def queue(self) -> list[Event]:
        return self.stops.queue

    def handle(self) -> None:
        """Let the engine handle what was queued, as the runner does."""
        self.stops.handle(self.harness.give)

    def rearm(self, kill_id: str, actor: str) -> bool:
        """Send a re-arm; False if it was refused before it was queued."""
        return self.stops.rearm(kill_id, actor)

    def on_disk(self) -> LatchRecord | None:
        return Latch(self.folder).read()

    async def until_disk(self, *, is_killed: bool) -> None:
        """Wait for the latch on the disk, or for its removal and the gate that opens after it."""
        end_s = time.monotonic() + WAIT_S
        while (
            self.on_disk() != self.stops.latched
            if is_killed
            else self.on_disk() is not None or not self.gateway.is_gate_open
        ):
            assert time.monotonic() < end_s
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # let the callbacks run

    def end_orders(self) -> None:
        """End all orders, so that a re-arm is possible."""
        for order in list(self.harness.engine.orders):
            self.harness.done(order)
        self.harness.look_again()


@asynccontextmanager
async def kill_rig(folder: Path, latched: LatchRecord | None = None) -> AsyncIterator[KillRig]:
    gateway, harness = GateRecorder(), EngineHarness().quoting()
    stops = StopsRig(
        gateway=gateway,
        folder=DataFolder(folder),
        latched=latched,
        clock=CLOCK,
        state=harness.state,
    )
    rig = KillRig(stops, gateway, folder, harness)
    running = StateChange(
        before=TradingState.PAUSED, after=TradingState.RUNNING, raised=(), cleared=()
    )
    stops.state_changed(running)
    task = asyncio.create_task(stops.controller.run())
    yield rig
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await stops.controller.settle()


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def synced(number: int) -> None:
        time.sleep(SLOW_DISK_S)
        fsync(number)

    monkeypatch.setattr(os, "fsync", synced)


@pytest.mark.usefixtures("slow_disk")
async def test_a_slow_disk_delays_neither_the_gate_nor_the_event_loop(tmp_path: Path) -> None:
    """The cancels of this step are sent in the next loop iteration, not behind an fsync."""
    async with kill_rig(tmp_path) as rig:
        start_s = time.monotonic()
        rig.stops.kill("test", "enough")
        rig.handle()
        await asyncio.sleep(0)
        assert time.monotonic() - start_s < SLOW_DISK_S
        assert not rig.gateway.is_gate_open
        assert rig.on_disk() is None
        assert rig.stops.latched is not None
        await rig.until_disk(is_killed=True)
        assert rig.on_disk() == rig.stops.latched


@pytest.mark.usefixtures("slow_disk")
async def test_a_late_kill_is_on_disk_when_the_process_ends(
    tmp_path: Path,
) -> None:
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "enough")
        rig.handle()
    assert Latch(tmp_path).read() is not None


@pytest.mark.usefixtures("slow_disk")
async def test_a_latch_is_written_even_if_the_writing_task_is_cancelled(tmp_path: Path) -> None:
    """A crash cancels every task, also the one that waits for the disk."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "enough")
        rig.handle()
        await asyncio.sleep(SLOW_DISK_S / 6)  # the write is under way
    assert Latch(tmp_path).read() == rig.stops.latched


@pytest.mark.usefixtures("slow_disk")
async def test_a_latch_cleared_while_it_is_written_is_not_taken_for_a_foreign_one(
    tmp_path: Path,
) -> None:
    """It is on disk for a moment, but it is not a kill by the sentinel."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "enough")
        rig.handle()
        await asyncio.sleep(0.05)  # the write is under way
        rig.end_orders()
        assert rig.rearm(str(rig.stops.kill_id()), "test")
        rig.handle()
        assert rig.stops.latched is None
        end_s = time.monotonic() + 4 * SLOW_DISK_S
        while time.monotonic() < end_s:
            assert not rig.gateway.is_gate_open or rig.on_disk() is None
            rig.stops.files.check()
            assert not rig.queue
            await asyncio.sleep(0.01)
        assert rig.gateway.is_gate_open


async def test_a_failed_latch_write_is_retried_until_it_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, refused = os.fsync, [OSError("no space left")] * 3

    def synced(number: int) -> None:
        if refused:
            raise refused.pop()
        fsync(number)

    monkeypatch.setattr(os, "fsync", synced)
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "enough")
        rig.handle()
        assert rig.stops.controller.is_unwritten()
        await rig.until_disk(is_killed=True)
        assert not refused
        assert not rig.gateway.is_gate_open
        end_s = time.monotonic() + WAIT_S
        while rig.stops.controller.is_unwritten():
            assert time.monotonic() < end_s
            await asyncio.sleep(0.01)


async def test_the_gate_opens_once_the_latch_is_removed_from_disk(tmp_path: Path) -> None:
    """A latch that is still on disk may be read by a restart or by the sentinel."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "enough")
        rig.handle()
        await rig.until_disk(is_killed=True)
        rig.end_orders()
        assert rig.stops.latched is not None
        assert rig.rearm(rig.stops.latched.kill_id, "test")
        rig.handle()
        assert rig.harness.state() is TradingState.RUNNING
        assert not rig.gateway.is_gate_open
        await rig.until_disk(is_killed=False)
        assert rig.gateway.is_gate_open


async def test_a_latch_that_was_written_but_not_synced_is_removed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may exist although its folder could not be synced."""
    fsync, refused = os.fsync, [OSError("I/O error"), None]

    def synced(number: int) -> None:
        if refused and (error := refused.pop()) is not None:
            raise error
        fsync(number)

    monkeypatch.setattr(os, "fsync", synced)
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "enough")
        rig.handle()
        await rig.until_disk(is_killed=True)
        rig.end_orders()
        assert rig.rearm(str(rig.stops.kill_id()), "test")
        rig.handle()
        await rig.until_disk(is_killed=False)
        assert rig.gateway.is_gate_open


@pytest.mark.parametrize("is_kill_first", [True, False])
async def test_a_queued_rearm_never_clears_a_newer_kill_in_either_order(
    tmp_path: Path, is_kill_first: bool
) -> None:
    """A re-arm is for the one kill that its sender has seen."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "first")
        rig.handle()
        await rig.until_disk(is_killed=True)
        rig.end_orders()
        assert rig.stops.latched is not None
        seen = rig.stops.latched.kill_id
        if is_kill_first:
            rig.stops.kill("test", "second")
            assert not rig.rearm(seen, "outdated")
        else:
            assert rig.rearm(seen, "outdated")
            rig.stops.kill("test", "second")
        rig.handle()
        assert rig.harness.state() is TradingState.KILLED
        await rig.until_disk(is_killed=True)
        assert rig.gateway.times_opened == 1  # at the start
        assert not rig.rearm(seen, "outdated")
        record = rig.on_disk()
        assert record is not None
        assert record.kill_id != seen
        assert rig.rearm(record.kill_id, "informed")
        rig.handle()
        assert rig.harness.state() is TradingState.RUNNING


async def test_a_kill_by_the_engine_makes_a_queued_rearm_invalid(tmp_path: Path) -> None:
    """A broken invariant that no operator has seen must not be cleared with the earlier kill."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "first")
        rig.handle()
        rig.end_orders()
        assert rig.stops.latched is not None
        assert rig.rearm(rig.stops.latched.kill_id, "outdated")
        step = rig.harness.alarm(Cause.INVARIANT_BROKEN)
        assert step.state is not None
        rig.stops.state_changed(step.state)
        rig.handle()
        assert Cause.INVARIANT_BROKEN in rig.harness.causes
        assert rig.harness.state() is TradingState.KILLED


async def test_no_latch_or_one_found_at_the_start_does_not_count_as_unwritten(
    tmp_path: Path,
) -> None:
    async with kill_rig(tmp_path) as rig:
        assert not rig.stops.controller.is_unwritten()
    record = new_record(Cause.LOSS_LIMIT, "earlier", 0)
    Latch(tmp_path).save(record)
    async with kill_rig(tmp_path, record) as rig:
        assert not rig.stops.controller.is_unwritten()


async def test_a_latch_found_at_the_start_keeps_its_id(tmp_path: Path) -> None:
    record = Latch(tmp_path).write(Cause.OPERATOR_KILL, "earlier", 1)
    async with kill_rig(tmp_path, record) as rig:
        assert not rig.gateway.is_gate_open
        step = rig.harness.alarm(Cause.OPERATOR_KILL)
        assert step.state is not None
        raised = ((Cause.OPERATOR_KILL, "earlier"),)
        rig.stops.state_changed(
            StateChange(
                before=TradingState.PAUSED, after=TradingState.KILLED, raised=raised, cleared=()
            )
        )
        assert rig.stops.latched == record
    assert Latch(tmp_path).read() == record


async def test_the_gate_is_closed_while_paused_and_open_while_reducing(tmp_path: Path) -> None:
    """A create that waits for its connection when the book is lost must not be sent any more."""
    async with kill_rig(tmp_path) as rig:
        assert rig.gateway.is_gate_open
        rig.stops.send(Pause)
        rig.handle()
        assert not rig.gateway.is_gate_open
        rig.stops.send(Resume)
        rig.handle()
        assert rig.gateway.is_gate_open
        rig.stops.send(Reduce)
        rig.handle()
        assert rig.gateway.is_gate_open


async def test_shutdown_closes_the_gate_for_good(tmp_path: Path) -> None:
    async with kill_rig(tmp_path) as rig:
        rig.stops.controller.block_for_shutdown()
        rig.stops.send(Pause)
        rig.stops.send(Resume)
        rig.handle()
        assert not rig.gateway.is_gate_open
        assert isinstance(rig.harness.steps[-1].event, OperatorCommand)


async def test_settling_the_latch_closes_the_gate_although_no_kill_is_in_force(
    tmp_path: Path,
) -> None:
    async with kill_rig(tmp_path) as rig:
        assert rig.gateway.is_gate_open
        await rig.stops.controller.settle()
        assert not rig.gateway.is_gate_open


@pytest.mark.parametrize("cause", [Cause.WIRE_MISMATCH, Cause.LEDGER_FAILED])
async def test_no_earlier_event_opens_the_gate_while_a_kill_is_queued(
    tmp_path: Path, cause: Cause
) -> None:
    """The egress gate, or the ledger, raises a kill alarm while other events are queued."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.send(Reduce)
        alarm = Alarm(ts_ns=rig.harness.now_ns, cause=cause, active=True, text="found")
        rig.stops.post(alarm)
        assert not rig.gateway.is_gate_open
        rig.handle()
        assert rig.harness.state() is TradingState.KILLED
        assert rig.gateway.times_opened == 1  # at the start


async def test_a_queued_kill_prevents_a_rearm_of_the_kill_before(tmp_path: Path) -> None:
    async with kill_rig(tmp_path) as rig:
        rig.stops.kill("test", "first")
        rig.handle()
        rig.end_orders()
        assert rig.rearm(str(rig.stops.kill_id()), "outdated")
        alarm = Alarm(ts_ns=rig.harness.now_ns, cause=Cause.KEY_REFUSED, active=True, text="found")
        rig.stops.post(alarm)
        rig.handle()
        assert rig.harness.state() is TradingState.KILLED


@pytest.mark.parametrize("before", [TradingState.PAUSED, TradingState.RUNNING])
async def test_the_gate_is_set_to_reduce_only_before_it_opens(
    tmp_path: Path, before: TradingState
) -> None:
    """An order that was decided a moment earlier may already wait at the gate."""
    async with kill_rig(tmp_path) as rig:
        rig.stops.state_changed(_change(TradingState.RUNNING, before))
        assert not rig.gateway.reduces_only
        rig.stops.state_changed(_change(before, TradingState.REDUCE_ONLY))
        assert rig.gateway.reduces_only
        assert rig.gateway.is_gate_open
        assert rig.gateway.opened_as[-1] is True
        rig.stops.state_changed(_change(TradingState.REDUCE_ONLY, TradingState.RUNNING))
        assert rig.gateway.opened_as[-1] is False


def _change(before: TradingState, after: TradingState) -> StateChange:
    return StateChange(before=before, after=after, raised=(), cleared=())
