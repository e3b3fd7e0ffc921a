"""Egress gate and latch after a kill, with slow or failing disks and hasty re-arms."""

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
        self.opened_as: list[bool] = []  # for reducing orders only?

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
class Post:
    """The kill switch beside a real engine, with the queue between them in the test's hands."""

    stops: StopsRig
    gateway: GateRecorder
    folder: Path
    harness: EngineHarness

    @property
    def queue(self) -> list[Event]:
        return self.stops.queue

    def handle(self) -> None:
        """Let the engine handle what was queued, as the runner does."""
        self.stops.handle(self.harness.tell)

    def rearm(self, kill_id: str, actor: str) -> bool:
        """Send a re-arm; False if it was refused before it was queued."""
        return self.stops.rearm(kill_id, actor)

    def on_disk(self) -> LatchRecord | None:
        return Latch(self.folder).read()

    async def until_disk(self, *, is_killed: bool) -> None:
        end_s = time.monotonic() + WAIT_S
        while (self.on_disk() is not None) is not is_killed:
            assert time.monotonic() < end_s
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # let the callbacks run

    def let_go(self) -> None:
        """End all orders, so that a re-arm is possible."""
        for order in list(self.harness.engine.orders):
            self.harness.done(order)
        self.harness.look_again()


@asynccontextmanager
async def posted(folder: Path, latched: LatchRecord | None = None) -> AsyncIterator[Post]:
    gateway, harness = GateRecorder(), EngineHarness().quoting()
    stops = StopsRig(
        gateway=gateway,
        folder=DataFolder(folder),
        latched=latched,
        clock=CLOCK,
        state=harness.state,
    )
    post = Post(stops, gateway, folder, harness)
    running = StateChange(
        before=TradingState.PAUSED, after=TradingState.RUNNING, raised=(), cleared=()
    )
    stops.state_changed(running)
    task = asyncio.create_task(stops.controller.run())
    yield post
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
    async with posted(tmp_path) as post:
        start_s = time.monotonic()
        post.stops.kill("test", "enough")
        post.handle()
        await asyncio.sleep(0)
        assert time.monotonic() - start_s < SLOW_DISK_S
        assert not post.gateway.is_gate_open
        assert post.on_disk() is None
        assert post.stops.latched is not None
        await post.until_disk(is_killed=True)
        assert post.on_disk() == post.stops.latched


@pytest.mark.usefixtures("slow_disk")
async def test_a_late_kill_is_on_disk_when_the_process_ends(
    tmp_path: Path,
) -> None:
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
    assert Latch(tmp_path).read() is not None


@pytest.mark.usefixtures("slow_disk")
async def test_a_latch_is_written_even_if_the_writing_task_is_cancelled(tmp_path: Path) -> None:
    """A crash cancels every task, also the one that waits for the disk."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        await asyncio.sleep(SLOW_DISK_S / 6)  # the write is under way
    assert Latch(tmp_path).read() == post.stops.latched


@pytest.mark.usefixtures("slow_disk")
async def test_a_latch_cleared_while_it_is_written_is_not_taken_for_a_foreign_one(
    tmp_path: Path,
) -> None:
    """It is on disk for a moment, but it is not a kill by the sentinel."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        await asyncio.sleep(0.05)  # the write is under way
        post.let_go()
        assert post.rearm(str(post.stops.kill_id()), "test")
        post.handle()
        assert post.stops.latched is None
        end_s = time.monotonic() + 4 * SLOW_DISK_S
        while time.monotonic() < end_s:
            assert not post.gateway.is_gate_open or post.on_disk() is None
            post.stops.files.check()
            assert not post.queue
            await asyncio.sleep(0.01)
        assert post.gateway.is_gate_open


async def test_a_failed_latch_write_is_retried_until_it_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, refused = os.fsync, [OSError("no space left")] * 3

    def synced(number: int) -> None:
        if refused:
            raise refused.pop()
        fsync(number)

    monkeypatch.setattr(os, "fsync", synced)
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        assert post.stops.controller.is_unwritten()
        await post.until_disk(is_killed=True)
        assert not refused
        assert not post.gateway.is_gate_open
        end_s = time.monotonic() + WAIT_S
        while post.stops.controller.is_unwritten():
            assert time.monotonic() < end_s
            await asyncio.sleep(0.01)


async def test_the_gate_opens_once_the_latch_is_removed_from_disk(tmp_path: Path) -> None:
    """A latch that is still on disk may be read by a restart or by the sentinel."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        await post.until_disk(is_killed=True)
        post.let_go()
        assert post.stops.latched is not None
        assert post.rearm(post.stops.latched.kill_id, "test")
        post.handle()
        assert post.harness.state() is TradingState.RUNNING
        assert not post.gateway.is_gate_open
        await post.until_disk(is_killed=False)
        assert post.gateway.is_gate_open


async def test_a_latch_that_was_written_but_not_synced_is_removed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may exist although its folder could not be synced."""
    fsync, refused = os.fsync, [OSError("sick"), None]

    def synced(number: int) -> None:
        if refused and (error := refused.pop()) is not None:
            raise error
        fsync(number)

    monkeypatch.setattr(os, "fsync", synced)
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        await post.until_disk(is_killed=True)
        post.let_go()
        assert post.rearm(str(post.stops.kill_id()), "test")
        post.handle()
        await post.until_disk(is_killed=False)
        assert post.gateway.is_gate_open


@pytest.mark.parametrize("is_kill_first", [True, False])
async def test_a_queued_rearm_never_clears_a_newer_kill_in_either_order(
    tmp_path: Path, is_kill_first: bool
) -> None:
    """A re-arm is for the one kill that its sender has seen."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "first")
        post.handle()
        await post.until_disk(is_killed=True)
        post.let_go()
        assert post.stops.latched is not None
        seen = post.stops.latched.kill_id
        if is_kill_first:
            post.stops.kill("test", "second")
            assert not post.rearm(seen, "hasty")
        else:
            assert post.rearm(seen, "hasty")
            post.stops.kill("test", "second")
        post.handle()
        assert post.harness.state() is TradingState.KILLED
        await asyncio.sleep(0.1)
        assert post.gateway.times_opened == 1  # at the start
        assert not post.rearm(seen, "hasty")
        record = post.on_disk()
        assert record is not None
        assert record.kill_id != seen
        assert post.rearm(record.kill_id, "calm")
        post.handle()
        assert post.harness.state() is TradingState.RUNNING


async def test_a_kill_by_the_engine_makes_a_queued_rearm_invalid(tmp_path: Path) -> None:
    """A broken invariant that nobody has seen yet must not be cleared with the kill before it."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "first")
        post.handle()
        post.let_go()
        assert post.stops.latched is not None
        assert post.rearm(post.stops.latched.kill_id, "hasty")
        step = post.harness.alarm(Cause.INVARIANT_BROKEN)
        assert step.state is not None
        post.stops.state_changed(step.state)
        post.handle()
        assert Cause.INVARIANT_BROKEN in post.harness.causes
        assert post.harness.state() is TradingState.KILLED


async def test_no_latch_or_one_found_at_the_start_is_not_unwritten(
    tmp_path: Path,
) -> None:
    async with posted(tmp_path) as post:
        assert not post.stops.controller.is_unwritten()
    record = new_record(Cause.LOSS_LIMIT, "earlier", 0)
    Latch(tmp_path).save(record)
    async with posted(tmp_path, record) as post:
        assert not post.stops.controller.is_unwritten()


async def test_a_latch_found_at_the_start_keeps_its_id(tmp_path: Path) -> None:
    record = Latch(tmp_path).write(Cause.OPERATOR_KILL, "earlier", 1)
    async with posted(tmp_path, record) as post:
        assert not post.gateway.is_gate_open
        step = post.harness.alarm(Cause.OPERATOR_KILL)
        assert step.state is not None
        raised = ((Cause.OPERATOR_KILL, "earlier"),)
        post.stops.state_changed(
            StateChange(
                before=TradingState.PAUSED, after=TradingState.KILLED, raised=raised, cleared=()
            )
        )
        assert post.stops.latched == record
    assert Latch(tmp_path).read() == record


async def test_the_gate_is_closed_while_paused_and_open_while_reducing(tmp_path: Path) -> None:
    """A create that waits for its connection when the book is lost must not be sent any more."""
    async with posted(tmp_path) as post:
        assert post.gateway.is_gate_open
        post.stops.send(Pause)
        post.handle()
        assert not post.gateway.is_gate_open
        post.stops.send(Resume)
        post.handle()
        assert post.gateway.is_gate_open
        post.stops.send(Reduce)
        post.handle()
        assert post.gateway.is_gate_open


async def test_shutdown_closes_the_gate_for_good(tmp_path: Path) -> None:
    async with posted(tmp_path) as post:
        post.stops.controller.block_for_shutdown()
        post.stops.send(Pause)
        post.stops.send(Resume)
        post.handle()
        assert not post.gateway.is_gate_open
        assert isinstance(post.harness.steps[-1].event, OperatorCommand)


@pytest.mark.parametrize("cause", [Cause.WIRE_MISMATCH, Cause.LEDGER_FAILED])
async def test_no_earlier_event_opens_the_gate_while_a_kill_is_queued(
    tmp_path: Path, cause: Cause
) -> None:
    """The egress gate, or the ledger, raises a kill alarm while other events are queued."""
    async with posted(tmp_path) as post:
        post.stops.send(Reduce)
        alarm = Alarm(ts_ns=post.harness.now_ns, cause=cause, active=True, text="found")
        post.stops.post(alarm)
        assert not post.gateway.is_gate_open
        post.handle()
        assert post.harness.state() is TradingState.KILLED
        assert post.gateway.times_opened == 1  # at the start


async def test_a_queued_kill_prevents_a_rearm_of_the_kill_before(tmp_path: Path) -> None:
    async with posted(tmp_path) as post:
        post.stops.kill("test", "first")
        post.handle()
        post.let_go()
        assert post.rearm(str(post.stops.kill_id()), "hasty")
        alarm = Alarm(ts_ns=post.harness.now_ns, cause=Cause.KEY_REFUSED, active=True, text="found")
        post.stops.post(alarm)
        post.handle()
        assert post.harness.state() is TradingState.KILLED


@pytest.mark.parametrize("before", [TradingState.PAUSED, TradingState.RUNNING])
async def test_the_gate_is_set_to_reduce_only_before_it_opens(
    tmp_path: Path, before: TradingState
) -> None:
    """An order that was decided a moment earlier may already wait at the gate."""
    async with posted(tmp_path) as post:
        post.stops.state_changed(_turned(TradingState.RUNNING, before))
        assert not post.gateway.reduces_only
        post.stops.state_changed(_turned(before, TradingState.REDUCE_ONLY))
        assert post.gateway.reduces_only
        assert post.gateway.is_gate_open
        assert post.gateway.opened_as[-1] is True
        post.stops.state_changed(_turned(TradingState.REDUCE_ONLY, TradingState.RUNNING))
        assert post.gateway.opened_as[-1] is False


def _turned(before: TradingState, after: TradingState) -> StateChange:
    return StateChange(before=before, after=after, raised=(), cleared=())
