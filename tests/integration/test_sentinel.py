"""The sentinel against a real exchange: what it cancels, what it leaves alone, what it latches."""

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
from tests.integration.sandbox_client import ANSWER_S, RunningSandbox, eventually
from tests.integration.sentinel_strikes import BLOWS, GONE_S_MAX, arena

STALE_S = 0.5
CALM_S = 1.5  # three times as long: it would have struck
US = InstanceIdentity(
    environment="sandbox", exchange="binance", symbol="BTC/USDT", order_prefix="q00"
)
POLL_S = 0.02

type Property = Callable[[str, object], None]  # pytest's: a figure for the report


def config(sandbox: RunningSandbox) -> VenueConfig:
    return VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="sandbox",
        order_prefix="q00",
        sandbox_url=sandbox.url,
        api_key=sandbox.one.api_key,
        secret=sandbox.one.secret,
        call_s_max=CALL_S_MAX,
    )


def beat(
    seq: int,
    status: RunStatus = RunStatus.RUNNING,
    state: str = "RUNNING",
    limit: str = "1",
    run: str = "r",
) -> DaemonHeartbeat:
    """A heartbeat that says that the account holds what it is to hold (2 BTC)."""
    held = Holdings(inventory=Decimal(0), target=Decimal(2), limit=Decimal(limit), asset="BTC")
    return DaemonHeartbeat(
        run=run, seq=seq, ts_ns=0, pid=1, status=status, state=state, identity=US, holdings=held
    )


class Heart:
    """A daemon of which only the heartbeat is real."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / HEARTBEAT
        self._seq = 0
        self._task: asyncio.Task[None] | None = None

    def beat(
        self, status: RunStatus = RunStatus.RUNNING, state: str = "RUNNING", limit: str = "1"
    ) -> None:
        self._seq += 1
        write_heartbeat(self.path, beat(self._seq, status, state, limit))

    def go_on(
        self, status: RunStatus = RunStatus.RUNNING, state: str = "RUNNING", limit: str = "1"
    ) -> None:
        """Beat until it falls silent."""

        async def beating() -> None:
            while True:
                self.beat(status, state, limit)
                await asyncio.sleep(POLL_S)

        self.fall_silent()
        self._task = asyncio.create_task(beating())

    def fall_silent(self) -> None:
        if self._task is not None:
            self._task.cancel()


@asynccontextmanager
async def watching(sandbox: RunningSandbox, folder: Path) -> AsyncIterator[Sentinel]:
    """The sentinel in this process, with its own real door."""
    door = make_cancel_gateway(config(sandbox))
    sentinel = Sentinel(
        gateway=door,
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
        await door.close()


@pytest.fixture
async def venue(still_sandbox: RunningSandbox) -> RunningSandbox:
    """Nobody trades; two orders of ours rest, and one of somebody else on the same account."""
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


async def test_a_daemon_that_falls_silent_loses_its_orders_and_is_latched(
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
async def test_only_a_new_beat_counts_as_a_sign_of_life(
    venue: RunningSandbox, core: Heart, tmp_path: Path, what: str
) -> None:
    """A file that is written anew, with a later time in it, may come from a loop that hangs."""
    core.go_on()
    async with watching(venue, tmp_path) as sentinel:
        core.fall_silent()
        await asyncio.sleep(0.1)
        while sentinel._monitor.state is not DaemonState.SILENT:
            match what:
                case "its clock runs":
                    write_heartbeat(core.path, replace(beat(core._seq), ts_ns=time.time_ns()))
                case "its file is gone":
                    core.path.unlink(missing_ok=True)
                case _:
                    core.path.write_bytes(b"{")
            await asyncio.sleep(POLL_S)
        await until(lambda: not own(venue), "cancelled")
        await until(lambda: Latch(tmp_path).is_set(), "latched")


@pytest.mark.parametrize("status", [None, RunStatus.STOPPED], ids=["never beat", "stopped"])
async def test_where_no_daemon_runs_nothing_is_touched(
    venue: RunningSandbox, core: Heart, tmp_path: Path, status: RunStatus | None
) -> None:
    if status is not None:
        core.beat(status)
    async with watching(venue, tmp_path):
        end_s = time.monotonic() + CALM_S
        while time.monotonic() < end_s:
            assert own(venue) == {"q00a", "q00b"}
            await asyncio.sleep(POLL_S)
    assert not Latch(tmp_path).is_set()


async def test_what_rests_while_a_daemon_starts_is_of_an_earlier_run(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """A daemon that is restarted faster than it counts as silent must not hide what it left."""
    core.go_on(RunStatus.STARTING)
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "cancelled")
        core.fall_silent()
        await asyncio.sleep(0.1)
    assert not Latch(tmp_path).is_set()
    assert open_ids(venue) == {FOREIGN_ID}


@pytest.mark.slow
async def test_a_start_that_dies_is_latched_only_if_it_left_orders(
    still_sandbox: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """A venue that is away at the start must not need a re-arm afterwards."""
    core.beat(RunStatus.STARTING)
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


async def test_orders_of_a_daemon_that_says_it_is_killed_are_cancelled(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    core.go_on(state=TradingState.KILLED.name)
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "cancelled")
    assert open_ids(venue) == {FOREIGN_ID}


async def test_a_latch_that_the_daemon_does_not_obey_is_enforced(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    Latch(tmp_path).write(Cause.OPERATOR_KILL, "by hand", 0)
    core.go_on()
    async with watching(venue, tmp_path):
        await until(lambda: not own(venue), "cancelled")
    record = Latch(tmp_path).read()
    assert record is not None
    assert record.cause is Cause.OPERATOR_KILL  # the first kill keeps its id


async def test_holdings_beyond_the_limit_are_stopped_once_they_are_seen_twice(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """The account holds 2 BTC, which is what it is to hold; a stranger's purchase adds 0.03."""
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
        assert time.monotonic() - start_s > 1.0  # one look is not enough: a fill may be under way
        await until(lambda: not own(venue), "cancelled")
    record = Latch(tmp_path).read()
    assert record is not None
    assert "beyond the limit" in record.text
    assert open_ids(venue) == {FOREIGN_ID}


async def test_a_venue_in_trouble_is_asked_until_it_obeys(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    core.go_on()
    async with watching(venue, tmp_path):
        await venue.arm("error_before", endpoint="open_orders", count=2)
        await venue.arm("error_before", endpoint="cancel", count=3)
        core.fall_silent()
        await until(lambda: not own(venue), "cancelled")
    assert open_ids(venue) == {FOREIGN_ID}


async def test_a_silence_that_was_lifted_is_not_latched_again_by_the_next_sentinel(
    venue: RunningSandbox, core: Heart, tmp_path: Path
) -> None:
    """Between a re-arm and the next start the dead daemon is as silent as before."""
    core.beat()
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


async def test_its_door_creates_nothing_even_when_its_gate_is_opened(
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
async def test_orders_do_not_outlive_a_daemon_that_is_killed_or_frozen(
    tmp_path: Path, record_property: Property
) -> None:
    """The whole of it, with real processes; a hundred times: `sentinel_strikes`."""
    async with arena(tmp_path, seed=5) as fight:
        for blow in (*BLOWS, BLOWS[1]):
            took_s = await fight.strike(blow)
            record_property(f"{blow.name}, seconds", round(took_s, 2))
            assert took_s <= GONE_S_MAX


async def active_external_stops(daemon: Started) -> dict[str, float]:
    """What its metrics say of each who may watch it."""
    families = text_string_to_metric_families((await daemon.get("/metrics"))[1])
    (watched,) = [family for family in families if family.name == "quoter_external_stop_active"]
    return {sample.labels["stop"]: sample.value for sample in watched.samples}


@pytest.mark.slow
async def test_a_daemon_that_nobody_watches_any_more_pauses_until_somebody_does(
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
            assert (await daemon.ended(ANSWER_S))[0] == ExitCode.CLEAN
            await until(lambda: again.said("daemon_state"), "seen")
            again.process.terminate()
            assert (await again.ended(ANSWER_S))[0] == 0
    assert not Latch(tmp_path).is_set()


async def test_a_hang_up_does_not_end_who_watches_and_its_key_is_in_no_dump(
    still_sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """`pkill -HUP quoter` is meant for the daemon, and reaches both."""
    async with quoter(still_sandbox, tmp_path, "sentinel", QUOTER_SENTINEL_PORT="0") as watching:
        await until(lambda: watching.said("sentinel_started"), "started", watching)
        watching.process.send_signal(signal.SIGHUP)
        await until(lambda: watching.said("reload_refused"), "told", watching)
        assert core_bytes_max(watching.process.pid) in ("0 0", "")
        watching.process.terminate()
        assert (await watching.ended(ANSWER_S))[0] == ExitCode.CLEAN
