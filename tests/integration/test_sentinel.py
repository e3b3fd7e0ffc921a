"""The sentinel with a real sandbox: what it cancels, what it leaves alone, what it latches."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from quoter.app.sentinel import CALL_S_MAX
from quoter.domain.errors import EgressBlocked
from quoter.domain.trading import Cause, TradingState
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    DaemonHeartbeat,
    Holdings,
    InstanceIdentity,
    RunStatus,
    SentinelHeartbeat,
    read_heartbeat,
    write_heartbeat,
)
from quoter.service.killswitch.latch import Latch
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from quoter.service.sentinel.process import Sentinel
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import Call, Purpose
from quoter.venues.factory import make_cancel_gateway, make_gateway
from quoter.venues.ports import CancelGateway
from tests.integration.canary import core_bytes_max
from tests.integration.daemon_harness import FOREIGN_ID, open_ids, place_foreign
from tests.integration.daemon_process import Started, own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, eventually, venue_config
from tests.integration.sentinel_strikes import BLOWS, arena

STALE_S = 2.0  # a busy machine writes heartbeats late
CALM_S = 1.5 * STALE_S  # it would have cancelled
US = InstanceIdentity(
    environment="sandbox", exchange="binance", symbol="BTC/USDT", order_prefix="q00"
)
POLL_S = 0.02

type Property = Callable[[str, object], None]  # of record_property


def config(sandbox: RunningSandbox) -> VenueConfig:
    return replace(venue_config(sandbox), order_prefix="q00", call_s_max=CALL_S_MAX)


def heartbeat(
    seq: int,
    status: RunStatus = RunStatus.RUNNING,
    state: str = "RUNNING",
    limit: str = "1",
    run: str = "r",
) -> DaemonHeartbeat:
    """Return a heartbeat of a daemon whose account holds its target (2 BTC)."""
    held = Holdings(inventory=Decimal(0), target=Decimal(2), limit=Decimal(limit), asset="BTC")
    return DaemonHeartbeat(
        run=run, seq=seq, ts_ns=0, pid=1, status=status, state=state, identity=US, holdings=held
    )


class Heart:
    """A heartbeat without a daemon."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / HEARTBEAT
        self._seq = 0
        self._task: asyncio.Task[None] | None = None

    def write(
        self, status: RunStatus = RunStatus.RUNNING, state: str = "RUNNING", limit: str = "1"
    ) -> None:
        self._seq += 1
        write_heartbeat(self.path, heartbeat(self._seq, status, state, limit))

    def go_on(
        self, status: RunStatus = RunStatus.RUNNING, state: str = "RUNNING", limit: str = "1"
    ) -> None:
        """Write heartbeats until `fall_silent`."""

        async def writing() -> None:
            while True:
                self.write(status, state, limit)
                await asyncio.sleep(POLL_S)

        self.fall_silent()
        self._task = asyncio.create_task(writing())

    def fall_silent(self) -> None:
        if self._task is not None:
            self._task.cancel()


@asynccontextmanager
async def watching(sandbox: RunningSandbox, folder: Path) -> AsyncIterator[Sentinel]:
    """Run the sentinel in this process, with its own gateway."""
    gateway = make_cancel_gateway(config(sandbox))
    sentinel = Sentinel(
        gateway=gateway,
        folder=folder,
        monitor=HeartbeatMonitor(identity=US, stale_s=STALE_S),
        metrics=SentinelMetrics(symbol="BTC/USDT", venue="binance", states=tuple(DaemonState)),
        now_ns=time.time_ns,
    )
    task = asyncio.create_task(sentinel.run())
    try:
        await until(
            lambda: read_heartbeat(folder / SENTINEL_HEARTBEAT, SentinelHeartbeat),
            "the sentinel is ready",
        )
        yield sentinel
    finally:
        task.cancel()
        await asyncio.wait({task})
        await gateway.close()


@pytest.fixture
async def venue(still_sandbox: RunningSandbox) -> RunningSandbox:
    """A sandbox without trades, with two own orders and one foreign order on the account."""
    await place_foreign(still_sandbox)
    await place_own(still_sandbox, "q00a", "q00b")
    return still_sandbox


@pytest.fixture
def core(tmp_path: Path) -> Heart:
    return Heart(tmp_path)


async def place_own(sandbox: RunningSandbox, *names: str) -> None:
    for name in names:
        reply = await sandbox.rest_order("BUY", "58000.00", "0.001", newClientOrderId=name)
        assert reply.status == 200, reply.body


async def test_orders_of_a_silent_daemon_are_cancelled_and_it_is_latched(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    core.go_on()
    async with watching(venue, tmp_path):
        await asyncio.sleep(0.1)
        assert own(venue) == {"q00a", "q00b"}
        core.fall_silent()
        await until(lambda: not own(venue), "cancelled")
        await until(lambda: Latch(tmp_path).is_set(), "latched")
    record = Latch(tmp_path).read()
    assert record is not None
    assert record.cause is Cause.SENTINEL_KILL
    assert open_ids(venue) == {FOREIGN_ID}


@pytest.mark.parametrize("what", ["its clock runs", "its file is gone", "its file is rubbish"])
async def test_only_a_new_heartbeat_number_counts(
    venue: RunningSandbox, core: Heart, tmp_path: Path, what: str
) -> None:
    """A file that is written again with a later time may come from a hung loop."""
    core.go_on()
    async with watching(venue, tmp_path) as sentinel:
        core.fall_silent()
        await asyncio.sleep(0.1)
        while sentinel._monitor.state is not DaemonState.SILENT:
            match what:
                case "its clock runs":
                    write_heartbeat(core.path, replace(heartbeat(core._seq), ts_ns=time.time_ns()))
                case "its file is gone":
                    core.path.unlink(missing_ok=True)
                case _:
                    core.path.write_bytes(b"{")
            await asyncio.sleep(POLL_S)
        await until(lambda: not own(venue), "cancelled")
        await until(lambda: Latch(tmp_path).is_set(), "latched")


@pytest.mark.parametrize("status", [None, RunStatus.STOPPED], ids=["no heartbeat", "stopped"])
async def test_nothing_is_cancelled_without_a_running_daemon(
    venue: RunningSandbox, core: Heart, tmp_path: Path, status: RunStatus | None
) -> None:
    if status is not None:
        core.write(status)
    async with watching(venue, tmp_path):
        end_s = time.monotonic() + CALM_S
        while time.monotonic() < end_s:
            assert own(venue) == {"q00a", "q00b"}
            await asyncio.sleep(POLL_S)
    assert not Latch(tmp_path).is_set()


async def test_orders_open_during_a_start_are_cancelled(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """A fast restart must not hide the orders of the earlier run."""
    core.go_on(RunStatus.STARTING)
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "cancelled")
        core.fall_silent()
        await asyncio.sleep(0.1)
    assert not Latch(tmp_path).is_set()
    assert open_ids(venue) == {FOREIGN_ID}


@pytest.mark.slow
async def test_failed_start_is_latched_only_if_it_left_orders(
    still_sandbox: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """A venue that is unreachable at the start must not require a re-arm."""
    core.write(RunStatus.STARTING)
    async with watching(still_sandbox, tmp_path) as sentinel:
        await until(lambda: sentinel._monitor.state is DaemonState.SILENT, "silent")
        asked = still_sandbox.server.venue.counts["request_open_orders"]
        await until(
            lambda: still_sandbox.server.venue.counts["request_open_orders"] > asked, "swept"
        )
        assert not Latch(tmp_path).is_set()
        await place_own(still_sandbox, "q00late")
        await until(lambda: not own(still_sandbox), "cancelled")
        await until(lambda: Latch(tmp_path).is_set(), "latched")


async def test_orders_of_a_killed_daemon_are_cancelled(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    core.go_on(state=TradingState.KILLED.name)
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "cancelled")
    assert open_ids(venue) == {FOREIGN_ID}


async def test_ignored_latch_is_enforced(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    Latch(tmp_path).write(Cause.OPERATOR_KILL, "by hand", 0)
    core.go_on()
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "cancelled")
    record = Latch(tmp_path).read()
    assert record is not None
    assert record.cause is Cause.OPERATOR_KILL  # the first kill keeps its id


async def test_holdings_above_the_limit_stop_after_two_reports(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """The account holds its target of 2 BTC; a foreign purchase adds 0.03."""
    core.go_on(limit="0.02")
    async with watching(venue, tmp_path):
        await asyncio.sleep(0.1)
        bought = await venue.signed(
            "POST",
            "order",
            {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.03"},
        )
        assert bought.status == 200, bought.body
        start_s = time.monotonic()
        await until(lambda: Latch(tmp_path).is_set(), "latched")
        assert time.monotonic() - start_s > 1.0  # one report is not enough: a fill may be in flight
        await until(lambda: not own(venue), "cancelled")
    record = Latch(tmp_path).read()
    assert record is not None
    assert "beyond the limit" in record.text
    assert open_ids(venue) == {FOREIGN_ID}


async def test_failed_requests_are_repeated(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    core.go_on()
    async with watching(venue, tmp_path):
        await venue.arm("error_before", endpoint="open_orders", count=2)
        await venue.arm("error_before", endpoint="cancel", count=3)
        core.fall_silent()
        await until(lambda: not own(venue), "cancelled")
    assert open_ids(venue) == {FOREIGN_ID}


async def test_handled_silence_is_not_latched_again_by_the_next_sentinel(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """Between a re-arm and the next start the daemon is still silent."""
    core.write()
    latch = Latch(tmp_path)
    async with watching(venue, tmp_path):
        await until(latch.is_set, "latched")
        path = tmp_path / SENTINEL_HEARTBEAT
        await until(
            lambda: getattr(read_heartbeat(path, SentinelHeartbeat), "handled", ""), "remembered"
        )
    latch.clear()
    await place_own(venue, "q00late")
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "a late create is cancelled all the same")
        await asyncio.sleep(0.2)
    assert not latch.is_set()


async def test_gateway_of_the_sentinel_never_creates_orders(
    still_sandbox: RunningSandbox,
) -> None:
    gateway = make_gateway(replace(config(still_sandbox), is_cancel_only=True))
    gateway.open_gate()
    create = Call(Purpose.CREATE, "q00a", is_create_request=True)
    with pytest.raises(EgressBlocked, match="creates no order"):
        gateway._client.gate.check_create(create)
    assert not {"place", "open_gate", "run"} & set(vars(CancelGateway))
    await gateway.close()


@pytest.mark.slow
async def test_orders_of_a_killed_or_frozen_daemon_are_cancelled(
    tmp_path: Path, record_property: Property
) -> None:
    """With real processes; `sentinel_strikes` repeats it a hundred times and measures it."""
    async with arena(tmp_path, seed=5) as fight:
        for blow in (*BLOWS, BLOWS[1]):
            record_property(f"{blow.name}, seconds", round(await fight.strike(blow), 2))


async def active_external_stops(daemon: Started) -> dict[str, float]:
    """Return its metric of external stops by name."""
    families = text_string_to_metric_families((await daemon.get("/metrics"))[1])
    (watched,) = [family for family in families if family.name == "quoter_external_stop_active"]
    return {sample.labels["stop"]: sample.value for sample in watched.samples}


@pytest.mark.slow
async def test_daemon_without_a_sentinel_pauses_until_there_is_one(
    tmp_path: Path,
) -> None:
    async with arena(tmp_path, seed=6) as fight:
        daemon = await fight.start()
        await until(lambda: len(own(fight.sandbox)) >= 2, "quotes", daemon)
        assert await active_external_stops(daemon) == {"sentinel": 1, "dead_man": 0}
        fight.sentinel.process.kill()

        async def is_paused_for_it() -> bool:
            status, body = await daemon.get("/readyz")
            return status == 503 and "sentinel_lost" in body

        await eventually(is_paused_for_it)
        assert await active_external_stops(daemon) == {"sentinel": 0, "dead_man": 0}
        await until(lambda: not own(fight.sandbox), "cancelled", daemon)
        async with quoter(fight.sandbox, tmp_path, "sentinel", QUOTER_SENTINEL_PORT="0") as again:
            await until(lambda: len(own(fight.sandbox)) >= 2, "quotes again", daemon)
            daemon.process.terminate()
            assert await daemon.ended() == ExitCode.CLEAN
            await until(lambda: again.logged("daemon_state"), "seen")
            again.process.terminate()
            assert await again.ended() == 0
    assert not Latch(tmp_path).is_set()


async def test_sighup_does_not_end_the_sentinel_and_core_dumps_are_off(
    still_sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """`pkill -HUP quoter` is meant for the daemon but reaches both."""
    async with quoter(still_sandbox, tmp_path, "sentinel", QUOTER_SENTINEL_PORT="0") as watching:
        await until(lambda: watching.logged("sentinel_started"), "started", watching)
        watching.process.send_signal(signal.SIGHUP)
        await until(lambda: watching.logged("reload_refused"), "reported", watching)
        assert core_bytes_max(watching.process.pid) in ("0 0", "")
        watching.process.terminate()
        assert await watching.ended() == ExitCode.CLEAN
