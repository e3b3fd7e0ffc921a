"""The daemon's side of the external stops: start, heartbeats, metrics and shutdown."""

import asyncio
from pathlib import Path

from quoter.domain.events import Alarm, Event, Tick
from quoter.domain.trading import Cause
from quoter.engine.engine import Engine
from quoter.service.clock import Clock
from quoter.service.external_stops.dead_man import DeadManRefresher
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.external_stops.heartbeat import HeartbeatWriter
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    SentinelHeartbeat,
    read_heartbeat,
    write_heartbeat,
)
from quoter.service.external_stops.sentinel_monitor import SentinelMonitor, SentinelPolicy
from quoter.telemetry.metrics import Metrics
from tests.unit.engine.cases import CONFIG
from tests.unit.service.external_stops.test_heartbeat_files import US


class Switch:
    """A venue that accepts every timeout after `takes_s` seconds."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.set_to: list[float] = []
        self.answered = asyncio.Event()
        self._takes_s = takes_s

    async def set_dead_man(self, seconds: float) -> None:
        await asyncio.sleep(self._takes_s)
        self.set_to.append(seconds)
        self.answered.set()


def external_stops(
    folder: Path, switch: Switch, clock: Clock, timeout_s: float = 60.0
) -> ExternalStops:
    return ExternalStops(
        heartbeat=HeartbeatWriter(folder=folder, run="r", identity=US, clock=clock),
        dead_man=DeadManRefresher(switch=switch, timeout_s=timeout_s, clock=clock),
    )


async def test_a_run_begins_paused_and_ends_disarmed_with_status_stopped(tmp_path: Path) -> None:
    switch, clock, received = Switch(), Clock(), list[Event]()
    engine, ours = Engine(CONFIG), external_stops(tmp_path, switch, clock)
    ours.begin(engine, received.append)
    (alarm,) = received
    assert isinstance(alarm, Alarm)
    assert (alarm.cause, alarm.active) == (Cause.DEAD_MAN, True)
    assert (
        getattr(read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat), "status", None)
        is RunStatus.RUNNING
    )
    await ours.end(engine)
    assert switch.set_to == [0]
    assert (
        getattr(read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat), "status", None)
        is RunStatus.STOPPED
    )


async def test_a_slow_disarm_does_not_crash_the_shutdown(
    tmp_path: Path,
) -> None:
    """The refreshing task runs meanwhile and must not end."""
    timeout_s = 4.0  # it is checked every 50 ms
    switch, clock = Switch(takes_s=0.4), Clock()
    engine, ours = Engine(CONFIG), external_stops(tmp_path, switch, clock, timeout_s)
    engine.handle(Tick(ts_ns=clock.now_ns()))
    async with asyncio.TaskGroup() as tasks:
        ours.spawn(tasks, engine, state=lambda: engine.causes.state, before_each=lambda: None)
        await switch.answered.wait()
        await ours.end(engine)
        assert switch.set_to[-1] == 0
        for task in list(tasks._tasks):
            task.cancel()


async def test_the_latch_is_checked_before_each_heartbeat(tmp_path: Path) -> None:
    clock, checks = Clock(), list[int]()
    engine, ours = Engine(CONFIG), external_stops(tmp_path, Switch(), clock)
    engine.handle(Tick(ts_ns=clock.now_ns()))

    def check() -> None:
        assert read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat) is None or checks
        checks.append(1)

    async with asyncio.TaskGroup() as tasks:
        ours.spawn(tasks, engine, state=lambda: engine.causes.state, before_each=check)
        await asyncio.sleep(0.05)
        found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
        for task in list(tasks._tasks):
            task.cancel()
    assert checks
    assert found is not None


def shown(metrics: Metrics) -> dict[str, float]:
    families = {family.name: family for family in metrics.registry.collect()}
    return {
        sample.labels.get("stop", sample.name): sample.value
        for name in ("quoter_external_stop_active", "quoter_dead_man_timeout_seconds")
        for sample in families[name].samples
    }


async def test_the_metrics_show_the_active_external_stops(tmp_path: Path) -> None:
    clock = Clock()
    dead_man = DeadManRefresher(switch=Switch(), timeout_s=60, clock=clock)
    watch = SentinelMonitor(folder=tmp_path, policy=SentinelPolicy.AUTO, clock=clock)
    heartbeat = HeartbeatWriter(folder=tmp_path, run="r", identity=US, clock=clock)
    metrics = Metrics(symbol="ABC/USD", venue="test", environment="production")
    ExternalStops(heartbeat=heartbeat, dead_man=dead_man, sentinel=watch).connect_gauges(
        metrics.safety
    )
    watch.check()
    timeout = {"quoter_dead_man_timeout_seconds": 60}
    assert shown(metrics) == {"sentinel": 0, "dead_man": 0} | timeout
    await dead_man._refresh()
    assert shown(metrics) == {"sentinel": 0, "dead_man": 1} | timeout
    new_heartbeat = SentinelHeartbeat(run="s", seq=1, ts_ns=0, pid=1, handled="")
    write_heartbeat(tmp_path / SENTINEL_HEARTBEAT, new_heartbeat)
    watch.check()
    assert shown(metrics) == {"sentinel": 1, "dead_man": 1} | timeout


def test_a_dry_run_has_no_metrics_of_external_stops() -> None:
    """It needs no external stop, so no alert must fire."""
    metrics = Metrics(symbol="ABC/USD", venue="test", environment="production")
    NO_EXTERNAL_STOPS.connect_gauges(metrics.safety)
    assert shown(metrics) == {"quoter_dead_man_timeout_seconds": 0}


async def test_without_external_stops_nothing_is_posted() -> None:
    engine, received = Engine(CONFIG), list[Event]()
    NO_EXTERNAL_STOPS.begin(engine, received.append)
    await NO_EXTERNAL_STOPS.end(engine)
    assert received == []
