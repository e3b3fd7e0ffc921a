"""The watched side of a run: first what pauses, then the claim to be well, at last the end."""

import asyncio
from pathlib import Path

from quoter.domain.events import Alarm, Event, Tick
from quoter.domain.trading import Cause
from quoter.engine.engine import Engine
from quoter.service.beat import HEARTBEAT, Beat, Life, get
from quoter.service.clock import Clock
from quoter.service.dead_man import DeadMan
from quoter.service.guards import NO_GUARDS, Guards
from quoter.service.heartbeat import Heartbeat
from tests.unit.engine.cases import CONFIG
from tests.unit.service.test_beat import US


class Switch:
    """A venue that says yes to everything."""

    def __init__(self) -> None:
        self.set_to: list[float] = []

    async def set_dead_man(self, seconds: float) -> None:
        self.set_to.append(seconds)


def guards(folder: Path, switch: Switch, clock: Clock) -> Guards:
    return Guards(
        heartbeat=Heartbeat(folder=folder, run="r", identity=US, clock=clock),
        dead_man=DeadMan(door=switch, timeout_s=60, clock=clock),
    )


async def test_a_run_begins_unarmed_and_ends_disarmed_and_stopped(tmp_path: Path) -> None:
    switch, clock, heard = Switch(), Clock(), list[Event]()
    engine, ours = Engine(CONFIG), guards(tmp_path, switch, clock)
    ours.begin(engine, heard.append)
    (alarm,) = heard
    assert isinstance(alarm, Alarm)
    assert (alarm.cause, alarm.active) == (Cause.DEAD_MAN, True)
    assert getattr(get(tmp_path / HEARTBEAT, Beat), "life", None) is Life.RUNNING
    await ours.end(engine)
    assert switch.set_to == [0]
    assert getattr(get(tmp_path / HEARTBEAT, Beat), "life", None) is Life.STOPPED


async def test_every_claim_to_be_well_comes_after_a_look_for_a_latch(tmp_path: Path) -> None:
    clock, looks = Clock(), list[int]()
    engine, ours = Engine(CONFIG), guards(tmp_path, Switch(), clock)
    engine.handle(Tick(ts_ns=clock.now_ns()))

    def look() -> None:
        assert get(tmp_path / HEARTBEAT, Beat) is None or looks
        looks.append(1)

    async with asyncio.TaskGroup() as tasks:
        ours.spawn(tasks, engine, look_first=look)
        await asyncio.sleep(0.05)
        beat = get(tmp_path / HEARTBEAT, Beat)
        for task in list(tasks._tasks):
            task.cancel()
    assert looks
    assert beat is not None


async def test_who_is_not_watched_does_nothing() -> None:
    engine, heard = Engine(CONFIG), list[Event]()
    NO_GUARDS.begin(engine, heard.append)
    await NO_GUARDS.end(engine)
    assert heard == []
