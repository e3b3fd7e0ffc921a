"""The sentinel writes heartbeats only while it could cancel orders."""

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from quoter.domain.errors import MarketUnlisted
from quoter.domain.instrument import Instrument
from quoter.domain.orders import KnownOrders
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    SentinelHeartbeat,
    read_heartbeat,
)
from quoter.service.killswitch.latch import Latch
from quoter.service.sentinel import process as module
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from quoter.service.sentinel.process import VENUE_S_MAX, Sentinel
from quoter.service.sentinel.venue_audit import FLAT_S
from quoter.service.start_pauses import START_TRIES
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from tests.unit.service.external_stops.test_heartbeat_files import US, new_heartbeat
from tests.unit.service.sentinel.test_venue_audit import RecordingGateway
from tests.unit.state.cases import ABC


def sentinel(gateway: RecordingGateway, folder: Path) -> Sentinel:
    return Sentinel(
        gateway=gateway,
        folder=folder,
        monitor=HeartbeatMonitor(identity=US, stale_s=3.0),
        metrics=SentinelMetrics(symbol="ABC/USD", venue="binance", states=tuple(DaemonState)),
        now_ns=time.time_ns,
        monotonic_s=lambda: gateway.now_s,
    )


def latch_not_written(process: Sentinel) -> float | None:
    labels = {"symbol": "ABC/USD", "venue": "binance"}
    registry = process._metrics.registry
    return registry.get_sample_value("quoter_sentinel_latch_not_written", labels)


def test_the_sentinel_is_alive_only_while_the_venue_answers(tmp_path: Path) -> None:
    gateway = RecordingGateway()
    process = sentinel(gateway, tmp_path)
    assert not process.is_alive()
    process._audit.record_reply(0)
    assert process.is_alive()
    gateway.now_s += VENUE_S_MAX
    process._last_pass_s = gateway.now_s
    assert not process.is_alive()


async def writes_heartbeat(process: Sentinel, gateway: RecordingGateway, rounds: int = 10) -> bool:
    """Run the sentinel for some rounds; return whether it wrote a heartbeat."""
    task = asyncio.create_task(process.run())
    for _ in range(rounds):
        await asyncio.sleep(0.02)
        gateway.now_s += 0.5
    task.cancel()
    await asyncio.wait({task})
    return read_heartbeat(process._folder / SENTINEL_HEARTBEAT, SentinelHeartbeat) is not None


async def test_sentinel_writes_heartbeats_only_while_it_can_cancel(tmp_path: Path) -> None:
    gateway = RecordingGateway(free=None)
    assert not await writes_heartbeat(sentinel(gateway, tmp_path), gateway)


@pytest.mark.parametrize("text", ["{", '{"run": "of another version"}', None])
async def test_no_heartbeat_for_a_daemon_whose_heartbeat_is_unreadable(
    tmp_path: Path, text: str | None
) -> None:
    """A daemon that requires a sentinel would take the heartbeat as proof of one."""
    gateway = RecordingGateway()
    process = sentinel(gateway, tmp_path)
    process._audit.record_reply(0)
    if text is not None:
        (tmp_path / HEARTBEAT).write_text(text)
    assert await writes_heartbeat(process, gateway) is (text is None)


@dataclass
class HalfList(RecordingGateway):
    """A venue whose list of markets lacks ours at the first `tries` requests."""

    tries: int = 10**9
    asked: int = 0

    async def connect(self) -> Instrument:
        self.asked += 1
        if self.asked <= self.tries:
            raise MarketUnlisted("binance has no market ABC/USD")
        return ABC


async def connecting(process: Sentinel, gateway: HalfList, tries: int) -> None:
    """Run the sentinel, with time that passes quickly, until it has asked `tries` times."""
    task = asyncio.create_task(process.run())
    while gateway.asked < tries and not task.done():
        gateway.now_s += 1.0
        process._state_changed.set()
        await asyncio.sleep(0)
    if not task.done():
        task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def test_a_list_without_our_market_is_asked_for_again(tmp_path: Path) -> None:
    """It may not be whole; a symbol that does not exist ends the sentinel at the third try."""
    gateway = HalfList()
    with pytest.raises(MarketUnlisted):
        await connecting(sentinel(gateway, tmp_path), gateway, 10)
    assert gateway.asked == START_TRIES
    assert gateway.now_s >= 3.0  # pauses of 1 and 2 s
    gateway = HalfList(tries=2)
    await connecting(sentinel(gateway, tmp_path), gateway, 3)


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "orders in the ledger"])
async def test_the_sentinel_of_a_market_that_was_traded_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_running: bool
) -> None:
    """The list can't be whole: a daemon trades there, or left orders there."""
    gateway = HalfList()
    process = sentinel(gateway, tmp_path)
    if is_running:
        process._monitor.update(replace(new_heartbeat(), holdings=None))
    else:
        monkeypatch.setattr(module, "LEDGER_S", 0.001)
        readings = iter([KnownOrders({"7": "q00a"}), None])
        process._known_orders = lambda: next(readings)
        with pytest.raises(RuntimeError):  # the readings are used up
            await process._read_known_orders()
        process._known_orders = lambda: None
    await connecting(process, gateway, 6)
    assert gateway.asked == 6
    assert gateway.now_s >= 1 + 2 + 4 + 8 + 15


async def test_an_unwritten_kill_is_enforced_until_the_latch_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon may resume meanwhile without a latch; its orders must be cancelled."""
    process = sentinel(gateway := RecordingGateway(), tmp_path)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Latch, "write", full)
        await process._latch_it("silent", "mark")
    assert latch_not_written(process) == 1
    assert process._must_be_flat(DaemonState.ALIVE) is False  # within the grace time
    gateway.now_s += FLAT_S + 0.1
    assert process._must_be_flat(DaemonState.ALIVE)
    process._alarm.set()
    task = asyncio.create_task(process._intervene_when_needed())
    for _ in range(100):
        await asyncio.sleep(0.01)
        if Latch(tmp_path).is_set():
            break
    assert Latch(tmp_path).read() is not None
    for _ in range(100):
        if not latch_not_written(process):
            break
        await asyncio.sleep(0.01)
    task.cancel()
    assert latch_not_written(process) == 0


async def test_orders_known_by_the_ledger_stay_known_when_it_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data folder may be lost, and the daemon with it."""
    monkeypatch.setattr(module, "LEDGER_S", 0.001)
    known = KnownOrders({"7": "q00a"})
    gateway, readings = RecordingGateway(), iter([known, None, None])
    process = sentinel(gateway, tmp_path)
    process._known_orders = lambda: next(readings)
    with pytest.raises(RuntimeError):  # the readings are used up
        await process._read_known_orders()
    assert gateway.adopted == known
