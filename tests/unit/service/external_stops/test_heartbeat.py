"""Content and status of the daemon's heartbeats."""

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
    engine, writer = Engine(CONFIG), heartbeat(tmp_path, Clock())
    labels = set()
    for _ in range(3):
        writer.write(engine)
        labels.add(getattr(read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat), "label", ""))
    assert len(labels) == 3


def test_engine_without_ticks_is_not_healthy(tmp_path: Path) -> None:
    """Ticks are queued behind other events: a recent one shows that the inbox is handled."""
    now = [0]
    clock = Clock(wall_ns=lambda: 10**18, monotonic_ns=lambda: now[0])
    engine, writer = Engine(CONFIG), heartbeat(tmp_path, clock)
    assert not writer.is_healthy(engine)  # no tick yet
    engine.handle(Tick(ts_ns=clock.now_ns()))
    assert writer.is_healthy(engine)
    now[0] += TICK_AGE_NS_MAX + 1
    assert not writer.is_healthy(engine)


def test_no_heartbeat_follows_the_status_stopped(tmp_path: Path) -> None:
    engine, writer = Engine(CONFIG), heartbeat(tmp_path, Clock())
    writer.write(engine, RunStatus.STOPPED)
    writer.write(engine)
    found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
    assert found is not None
    assert found.status is RunStatus.STOPPED


def test_a_failed_write_of_the_heartbeat_raises_nothing(tmp_path: Path) -> None:
    heartbeat(tmp_path / "gone", Clock()).write(Engine(CONFIG))
    assert not (tmp_path / "gone").exists()


async def test_heartbeats_during_the_start_have_the_status_starting(tmp_path: Path) -> None:
    task = asyncio.create_task(heartbeat(tmp_path, Clock()).while_starting())
    await asyncio.sleep(0.01)
    task.cancel()
    found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
    assert found is not None
    assert (found.status, found.holdings) == (RunStatus.STARTING, None)
