"""From a kill to a shut gate and a latch, whatever the disk and a hasty operator do meanwhile."""

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


class Door(Gateway):
    """Remembers how the gate stands, every time it opened, and for what it then stood open."""

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
    door: Door
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
        await asyncio.sleep(0.05)  # what hears of it, does

    def let_go(self) -> None:
        """Its orders end, so that nothing stands in the way of a re-arm."""
        for order in list(self.harness.engine.orders):
            self.harness.done(order)
        self.harness.look_again()


@asynccontextmanager
async def posted(folder: Path, latched: LatchRecord | None = None) -> AsyncIterator[Post]:
    door, harness = Door(), EngineHarness().quoting()
    stops = StopsRig(
        gateway=door,
        folder=DataFolder(folder),
        latched=latched,
        clock=CLOCK,
        state=harness.state,
    )
    post = Post(stops, door, folder, harness)
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
async def test_a_slow_disk_holds_up_neither_the_gate_nor_the_loop(tmp_path: Path) -> None:
    """The cancels of this very turn leave when the loop turns: behind no fsync."""
    async with posted(tmp_path) as post:
        start_s = time.monotonic()
        post.stops.kill("test", "enough")
        post.handle()
        await asyncio.sleep(0)
        assert time.monotonic() - start_s < SLOW_DISK_S
        assert not post.door.is_gate_open
        assert post.on_disk() is None
        assert post.stops.latched is not None
        await post.until_disk(is_killed=True)
        assert post.on_disk() == post.stops.latched


@pytest.mark.usefixtures("slow_disk")
async def test_a_kill_of_the_last_moment_is_on_the_disk_when_the_process_ends(
    tmp_path: Path,
) -> None:
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
    assert Latch(tmp_path).read() is not None


@pytest.mark.usefixtures("slow_disk")
async def test_a_latch_whose_writing_is_cancelled_is_written_all_the_same(tmp_path: Path) -> None:
    """A crash cancels every task, the one that waits for the disk as well."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        await asyncio.sleep(SLOW_DISK_S / 6)  # the write is under way
    assert Latch(tmp_path).read() == post.stops.latched


@pytest.mark.usefixtures("slow_disk")
async def test_a_latch_that_is_lifted_while_it_is_written_is_nobody_elses(tmp_path: Path) -> None:
    """It appears on the disk for a moment: that is no kill of the process that watches us."""
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
            assert not post.door.is_gate_open or post.on_disk() is None
            post.stops.files.check()
            assert not post.queue
            await asyncio.sleep(0.01)
        assert post.door.is_gate_open


async def test_a_disk_that_refuses_the_latch_is_asked_until_it_takes_it(
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
        assert not post.door.is_gate_open
        end_s = time.monotonic() + WAIT_S
        while post.stops.controller.is_unwritten():
            assert time.monotonic() < end_s
            await asyncio.sleep(0.01)


async def test_the_gate_opens_once_the_disk_says_so(tmp_path: Path) -> None:
    """A latch that is still there may be read by a restart or by the process that watches us."""
    async with posted(tmp_path) as post:
        post.stops.kill("test", "enough")
        post.handle()
        await post.until_disk(is_killed=True)
        post.let_go()
        assert post.stops.latched is not None
        assert post.rearm(post.stops.latched.kill_id, "test")
        post.handle()
        assert post.harness.state() is TradingState.RUNNING
        assert not post.door.is_gate_open
        await post.until_disk(is_killed=False)
        assert post.door.is_gate_open


async def test_a_kill_that_the_disk_refused_half_way_is_lifted_from_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be there though its folder could not be synced."""
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
        assert post.door.is_gate_open


@pytest.mark.parametrize("is_kill_first", [True, False])
async def test_a_kill_beats_a_rearm_that_is_under_way_in_either_order(
    tmp_path: Path, is_kill_first: bool
) -> None:
    """Who re-arms has seen one kill and means that one."""
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
        assert post.door.times_opened == 1  # at the start
        assert not post.rearm(seen, "hasty")
        record = post.on_disk()
        assert record is not None
        assert record.kill_id != seen
        assert post.rearm(record.kill_id, "calm")
        post.handle()
        assert post.harness.state() is TradingState.RUNNING


async def test_a_kill_of_the_engines_own_overtakes_a_rearm_too(tmp_path: Path) -> None:
    """A broken invariant that nobody has seen yet must not be lifted with the kill before it."""
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


async def test_what_is_not_latched_or_was_found_so_is_not_missing_on_the_disk(
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
        assert not post.door.is_gate_open
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


async def test_the_gate_is_shut_while_paused_and_open_while_only_reducing(tmp_path: Path) -> None:
    """A create that waits for its connection when the book is lost must not leave any more."""
    async with posted(tmp_path) as post:
        assert post.door.is_gate_open
        post.stops.send(Pause)
        post.handle()
        assert not post.door.is_gate_open
        post.stops.send(Resume)
        post.handle()
        assert post.door.is_gate_open
        post.stops.send(Reduce)
        post.handle()
        assert post.door.is_gate_open


async def test_the_end_shuts_the_gate_for_good(tmp_path: Path) -> None:
    async with posted(tmp_path) as post:
        post.stops.controller.block_for_shutdown()
        post.stops.send(Pause)
        post.stops.send(Resume)
        post.handle()
        assert not post.door.is_gate_open
        assert isinstance(post.harness.steps[-1].event, OperatorCommand)


@pytest.mark.parametrize("cause", [Cause.WIRE_MISMATCH, Cause.LEDGER_FAILED])
async def test_no_turn_before_it_opens_the_gate_past_a_kill_that_waits(
    tmp_path: Path, cause: Cause
) -> None:
    """The last inch, or the disk, has found something while the engine has more to hear."""
    async with posted(tmp_path) as post:
        post.stops.send(Reduce)
        alarm = Alarm(ts_ns=post.harness.now_ns, cause=cause, active=True, text="found")
        post.stops.post(alarm)
        assert not post.door.is_gate_open
        post.handle()
        assert post.harness.state() is TradingState.KILLED
        assert post.door.times_opened == 1  # at the start


async def test_a_kill_that_waits_forbids_to_lift_the_one_before(tmp_path: Path) -> None:
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
async def test_the_gate_knows_that_only_reducing_is_allowed_before_it_opens(
    tmp_path: Path, before: TradingState
) -> None:
    """What was decided a moment earlier may wait at the socket already."""
    async with posted(tmp_path) as post:
        post.stops.state_changed(_turned(TradingState.RUNNING, before))
        assert not post.door.reduces_only
        post.stops.state_changed(_turned(before, TradingState.REDUCE_ONLY))
        assert post.door.reduces_only
        assert post.door.is_gate_open
        assert post.door.opened_as[-1] is True
        post.stops.state_changed(_turned(TradingState.REDUCE_ONLY, TradingState.RUNNING))
        assert post.door.opened_as[-1] is False


def _turned(before: TradingState, after: TradingState) -> StateChange:
    return StateChange(before=before, after=after, raised=(), cleared=())
