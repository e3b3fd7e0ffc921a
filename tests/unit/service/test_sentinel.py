"""The sentinel's own health: who could not cancel must not claim to watch."""

import asyncio
import time
from pathlib import Path

from quoter.service.beat import SENTINEL_BEAT, SentinelBeat, get
from quoter.service.sentinel import VENUE_S_MAX, Sentinel
from quoter.service.vigil import Core, Vigil
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from tests.unit.service.test_audit import Door
from tests.unit.service.test_beat import US


def sentinel(door: Door, folder: Path) -> Sentinel:
    return Sentinel(
        door=door,
        folder=folder,
        vigil=Vigil(identity=US, stale_s=3.0),
        metrics=SentinelMetrics(symbol="ABC/USD", venue="binance", cores=tuple(Core)),
        now_ns=time.time_ns,
        monotonic_s=lambda: door.now_s,
    )


def test_it_is_not_alive_before_the_venue_answered_and_not_long_after(tmp_path: Path) -> None:
    door = Door()
    watching = sentinel(door, tmp_path)
    assert not watching.is_alive()
    watching._audit.answered(0)
    assert watching.is_alive()
    door.now_s += VENUE_S_MAX
    watching._turned_s = door.now_s
    assert not watching.is_alive()


async def test_it_beats_only_while_it_could_cancel(tmp_path: Path) -> None:
    door = Door(free=None)
    task = asyncio.create_task(sentinel(door, tmp_path).run())
    for _ in range(10):
        await asyncio.sleep(0.02)
        door.now_s += 0.5
    assert get(tmp_path / SENTINEL_BEAT, SentinelBeat) is None
    task.cancel()
    await asyncio.wait({task})
