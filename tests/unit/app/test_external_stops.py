"""Who watches the daemon, as the settings say; and what forbids a create from outside."""

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
    """A venue that is never asked here."""

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


def test_a_latch_on_the_disk_forbids_every_create(tmp_path: Path) -> None:
    ours = watched(tmp_path)
    assert ours.block_reason() == ""
    Latch(tmp_path).write(Cause.SENTINEL_KILL, "silent", 0)
    assert "latch" in ours.block_reason()
    Latch(tmp_path).clear()
    assert ours.block_reason() == ""


def test_a_wall_clock_that_leapt_forbids_every_create_at_once(tmp_path: Path) -> None:
    """As after a virtual machine was stopped from outside: our own time knows nothing of it."""
    hour_ns = 3_600 * 10**9
    wall_ns = [hour_ns]
    clock = Clock(wall_ns=lambda: wall_ns[0], monotonic_ns=lambda: 0)
    ours = watched(tmp_path, clock=clock)
    assert ours.block_reason() == ""
    wall_ns[0] += hour_ns
    assert "moved by +3600.0 s" in ours.block_reason()


def test_a_switch_that_is_not_armed_forbids_every_create(tmp_path: Path) -> None:
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
def test_the_start_says_who_would_cancel(
    tmp_path: Path, sentinel: str, dead_man_s: int, note: str
) -> None:
    with capture_logs() as lines:
        watched(tmp_path, dead_man_s, sentinel=sentinel).build(Switch())
    (line,) = [line for line in lines if line["event"] == "external_stops"]
    assert line["note"].partition(":")[0] == note


def test_a_dry_run_is_watched_by_nobody() -> None:
    ours = watched(None)
    assert ours.block_reason() == ""
    found = ours.build(Switch())
    assert (found.heartbeat, found.dead_man, found.sentinel) == (None, None, None)
    assert make_heartbeat_writer(settings(), None, Clock(), 0) is None
    assert dead_man_timeout_s(settings(exchange="kraken", dead_man=1), is_dry=True) == 0


def test_seconds_that_the_venue_does_not_take_are_refused_in_one_line() -> None:
    with pytest.raises(StartFailed, match="QUOTER_DEAD_MAN: okx allows 10 to 120") as failed:
        dead_man_timeout_s(settings(exchange="okx", dead_man=5), is_dry=False)
    assert failed.value.code is ExitCode.USAGE


async def test_a_long_start_is_received_to_its_end_and_no_longer(tmp_path: Path) -> None:
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
