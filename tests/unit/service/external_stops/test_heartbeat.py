"""A heartbeat is a claim: it is made after a look, and the last word is the last."""

import asyncio
from decimal import Decimal
from pathlib import Path

from quoter.domain.events import Tick
from quoter.engine.engine import Engine
from quoter.service.clock import Clock
from quoter.service.external_stops.heartbeat import TICK_AGE_NS_MAX, HeartbeatWriter
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    read_heartbeat,
)
from tests.unit.engine.cases import CONFIG
from tests.unit.service.external_stops.test_heartbeat_files import US


def heartbeat(folder: Path, clock: Clock) -> HeartbeatWriter:
    return HeartbeatWriter(folder=folder, run="r", identity=US, clock=clock)


def test_heartbeat_contains_the_figures_to_compare_with_the_venue(tmp_path: Path) -> None:
    engine = Engine(CONFIG)
    heartbeat(tmp_path, Clock()).write(engine)
    found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
    assert found is not None
    assert found.holdings is not None
    assert found.holdings.asset == CONFIG.instrument.base
    assert [found.holdings.target, found.holdings.limit] == [Decimal(100), Decimal(10)]
    assert found.state == "PAUSED"
    assert found.identity == US


def test_every_heartbeat_has_a_new_number(tmp_path: Path) -> None:
    engine, heart = Engine(CONFIG), heartbeat(tmp_path, Clock())
    marks = set()
    for _ in range(3):
        heart.write(engine)
        marks.add(getattr(read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat), "mark", ""))
    assert len(marks) == 3


def test_engine_without_ticks_is_not_healthy(tmp_path: Path) -> None:
    """It receives ticks behind everything else: its time tells how far its inbox is drained."""
    now = [0]
    clock = Clock(wall_ns=lambda: 10**18, monotonic_ns=lambda: now[0])
    engine, heart = Engine(CONFIG), heartbeat(tmp_path, clock)
    assert not heart.is_healthy(engine)  # it has received nothing at all
    engine.handle(Tick(ts_ns=clock.now_ns()))
    assert heart.is_healthy(engine)
    now[0] += TICK_AGE_NS_MAX + 1
    assert not heart.is_healthy(engine)


def test_after_the_end_nothing_is_said(tmp_path: Path) -> None:
    engine, heart = Engine(CONFIG), heartbeat(tmp_path, Clock())
    heart.write(engine, RunStatus.STOPPED)
    heart.write(engine)
    found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
    assert found is not None
    assert found.status is RunStatus.STOPPED


def test_a_disk_that_refuses_makes_us_silent_and_not_dead(tmp_path: Path) -> None:
    heartbeat(tmp_path / "gone", Clock()).write(Engine(CONFIG))
    assert not (tmp_path / "gone").exists()


async def test_a_start_is_received(tmp_path: Path) -> None:
    task = asyncio.create_task(heartbeat(tmp_path, Clock()).while_starting())
    await asyncio.sleep(0.01)
    task.cancel()
    found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
    assert found is not None
    assert (found.status, found.holdings) == (RunStatus.STARTING, None)
