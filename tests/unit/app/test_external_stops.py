"""The external stops that the settings choose, and the conditions that block creates."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from quoter.app.external_stops import (
    ExternalStopsBuilder,
    dead_man_timeout_s,
    instance_identity,
    make_heartbeat_writer,
    with_heartbeat,
)
from quoter.app.startup import StartContext, StartFailed
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    read_heartbeat,
)
from quoter.service.killswitch.latch import Latch
from quoter.settings import FixedSettings, Settings

LIMITS = {
    "inventory_max": Decimal(3),
    "order_size": Decimal(1),
    "loss_max": Decimal(1),
    "notional_max": Decimal(1_000_000),
}


class Switch:
    """A venue whose dead man's switch must not be called."""

    async def set_dead_man(self, seconds: float) -> None:
        raise AssertionError(seconds)


def settings(**changed: object) -> Settings:
    return FixedSettings.model_validate(LIMITS | changed)


def watched(
    folder: Path | None, dead_man_s: int = 0, clock: Clock | None = None, **changed: object
) -> ExternalStopsBuilder:
    started = StartContext(
        settings=settings(**changed),
        clock=clock or Clock(),
        start_ns=0,
        folder=DataFolder(folder) if folder is not None else None,
    )
    return ExternalStopsBuilder(started, dead_man_s)


def test_a_latch_on_disk_blocks_creates(tmp_path: Path) -> None:
    ours = watched(tmp_path)
    assert ours.block_reason() == ""
    Latch(tmp_path).write(Cause.SENTINEL_KILL, "silent", 0)
    assert "latch" in ours.block_reason()
    Latch(tmp_path).clear()
    assert ours.block_reason() == ""


def test_a_jump_of_the_wall_clock_blocks_creates(tmp_path: Path) -> None:
    """As after a virtual machine was suspended: the monotonic clock has not moved."""
    hour_ns = 3_600 * 10**9
    wall_ns = [hour_ns]
    clock = Clock(wall_ns=lambda: wall_ns[0], monotonic_ns=lambda: 0)
    ours = watched(tmp_path, clock=clock)
    assert ours.block_reason() == ""
    wall_ns[0] += hour_ns
    assert "moved by +3600.0 s" in ours.block_reason()


def test_a_dead_mans_switch_that_is_not_armed_blocks_creates(tmp_path: Path) -> None:
    ours = watched(tmp_path, dead_man_s=60)
    assert ours.block_reason()
    assert ours.build(Switch()).dead_man is not None
    assert "not armed" in ours.block_reason()


@pytest.mark.parametrize(
    ("sentinel", "dead_man_s", "note"),
    [
        ("off", 0, "own orders are not cancelled if this process dies"),
        ("auto", 0, "own orders are not cancelled if this process dies, unless a sentinel runs"),
        ("required", 0, ""),
        ("off", 60, ""),
        ("auto", 60, ""),
    ],
)
def test_the_start_logs_a_note_if_nothing_cancels_our_orders(
    tmp_path: Path, sentinel: str, dead_man_s: int, note: str
) -> None:
    with capture_logs() as lines:
        watched(tmp_path, dead_man_s, sentinel=sentinel).build(Switch())
    (line,) = [line for line in lines if line["event"] == "external_stops"]
    assert line["note"].partition(":")[0] == note


def test_a_dry_run_has_no_external_stops() -> None:
    ours = watched(None)
    assert ours.block_reason() == ""
    found = ours.build(Switch())
    assert (found.heartbeat, found.dead_man, found.sentinel) == (None, None, None)
    assert make_heartbeat_writer(settings(), None, Clock(), 0) is None
    assert dead_man_timeout_s(settings(exchange="kraken", dead_man=1), is_dry=True) == 0


def test_a_dead_man_timeout_outside_the_venues_range_is_refused() -> None:
    with pytest.raises(StartFailed, match="QUOTER_DEAD_MAN: okx allows 10 to 120") as failed:
        dead_man_timeout_s(settings(exchange="okx", dead_man=5), is_dry=False)
    assert failed.value.code is ExitCode.USAGE


async def test_the_heartbeat_says_starting_while_the_start_runs(tmp_path: Path) -> None:
    heartbeat = make_heartbeat_writer(settings(), DataFolder(tmp_path), Clock(), 0)

    async def start() -> str:
        await asyncio.sleep(0.01)
        return "started"

    assert await with_heartbeat(start(), heartbeat) == "started"
    found = read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat)
    assert found is not None
    assert found.status is RunStatus.STARTING
    assert found.identity == instance_identity(settings())
    assert await with_heartbeat(start(), None) == "started"
