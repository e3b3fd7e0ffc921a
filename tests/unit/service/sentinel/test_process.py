"""The sentinel's own health: who could not cancel must not claim to watch."""

import asyncio
import time
from pathlib import Path

import pytest

from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    SentinelHeartbeat,
    read_heartbeat,
)
from quoter.service.killswitch.latch import Latch
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from quoter.service.sentinel.process import VENUE_S_MAX, Sentinel
from quoter.service.sentinel.venue_audit import FLAT_S
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from tests.unit.service.external_stops.test_heartbeat_files import US
from tests.unit.service.sentinel.test_venue_audit import RecordingGateway


def sentinel(gateway: RecordingGateway, folder: Path) -> Sentinel:
    return Sentinel(
        gateway=gateway,
        folder=folder,
        monitor=HeartbeatMonitor(identity=US, stale_s=3.0),
        metrics=SentinelMetrics(symbol="ABC/USD", venue="binance", states=tuple(DaemonState)),
        now_ns=time.time_ns,
        monotonic_s=lambda: gateway.now_s,
    )


def unlatched(watching: Sentinel) -> float | None:
    labels = {"symbol": "ABC/USD", "venue": "binance"}
    registry = watching._metrics.registry
    return registry.get_sample_value("quoter_sentinel_latch_not_written", labels)


def test_it_is_not_alive_before_the_venue_answered_and_not_long_after(tmp_path: Path) -> None:
    gateway = RecordingGateway()
    watching = sentinel(gateway, tmp_path)
    assert not watching.is_alive()
    watching._audit.record_reply(0)
    assert watching.is_alive()
    gateway.now_s += VENUE_S_MAX
    watching._last_pass_s = gateway.now_s
    assert not watching.is_alive()


async def watches(watching: Sentinel, gateway: RecordingGateway, rounds: int = 10) -> bool:
    """Does it claim to?"""
    task = asyncio.create_task(watching.run())
    for _ in range(rounds):
        await asyncio.sleep(0.02)
        gateway.now_s += 0.5
    task.cancel()
    await asyncio.wait({task})
    return read_heartbeat(watching._folder / SENTINEL_HEARTBEAT, SentinelHeartbeat) is not None


async def test_sentinel_writes_heartbeats_only_while_it_can_cancel(tmp_path: Path) -> None:
    gateway = RecordingGateway(free=None)
    assert not await watches(sentinel(gateway, tmp_path), gateway)


@pytest.mark.parametrize("text", ["{", '{"run": "of another version"}', None])
async def test_no_heartbeat_for_a_daemon_whose_heartbeat_is_unreadable(
    tmp_path: Path, text: str | None
) -> None:
    """Who requires to be watched takes a new_heartbeat of ours for it."""
    gateway = RecordingGateway()
    watching = sentinel(gateway, tmp_path)
    watching._audit.record_reply(0)
    if text is not None:
        (tmp_path / HEARTBEAT).write_text(text)
    assert await watches(watching, gateway) is (text is None)


async def test_a_kill_that_the_disk_did_not_take_is_enforced_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon may wake up meanwhile: it is not told, so its orders must not stand."""
    watching = sentinel(gateway := RecordingGateway(), tmp_path)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Latch, "write", full)
        await watching._latch_it("silent", "mark")
    assert unlatched(watching) == 1
    assert watching._must_be_flat(DaemonState.ALIVE) is False  # it has a moment to obey
    gateway.now_s += FLAT_S + 0.1
    assert watching._must_be_flat(DaemonState.ALIVE)
    watching._alarm.set()
    task = asyncio.create_task(watching._intervene_when_needed())
    for _ in range(100):
        await asyncio.sleep(0.01)
        if Latch(tmp_path).is_set():
            break
    assert Latch(tmp_path).read() is not None
    for _ in range(100):
        if not unlatched(watching):
            break
        await asyncio.sleep(0.01)
    task.cancel()
    assert unlatched(watching) == 0
