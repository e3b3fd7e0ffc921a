"""Build the external stops (heartbeat, dead man's switch, sentinel monitor) from the settings."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import structlog

from quoter.app.settings_to_config import own_prefix, run_id
from quoter.app.startup import StartContext, StartFailed
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.dead_man import DeadManRefresher
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.external_stops.heartbeat import HeartbeatWriter
from quoter.service.external_stops.heartbeat_files import InstanceIdentity
from quoter.service.external_stops.sentinel_monitor import SentinelMonitor, SentinelPolicy
from quoter.service.killswitch.latch import Latch
from quoter.settings import Environment, Settings
from quoter.venues.ccxt.dead_man import timeout_s
from quoter.venues.ports import DeadManSwitch

log = structlog.get_logger()

# Warning by value of QUOTER_SENTINEL, logged if the run uses no dead man's switch.
NO_DEAD_MAN_WARNINGS = {
    "off": "own orders are not cancelled if this process dies",
    "auto": "own orders are not cancelled if this process dies, unless a sentinel runs: "
    "QUOTER_SENTINEL=required waits for one",
    "required": "",
}


def instance_identity(settings: Settings) -> InstanceIdentity:
    """Return environment, venue, symbol and order prefix: equal in a daemon and its sentinel."""
    return InstanceIdentity(
        environment=settings.environment.value,
        exchange=settings.exchange,
        symbol=settings.symbol,
        order_prefix=own_prefix(settings),
    )


def make_heartbeat_writer(
    settings: Settings, folder: DataFolder | None, clock: Clock, start_ns: int
) -> HeartbeatWriter | None:
    """Return the heartbeat writer; None in a dry run, which has no folder and no orders."""
    if folder is None:
        return None
    return HeartbeatWriter(
        folder=folder.path, run=run_id(start_ns), identity=instance_identity(settings), clock=clock
    )


async def with_heartbeat[T](
    starting: Coroutine[None, None, T], heartbeat: HeartbeatWriter | None
) -> T:
    """Return the result of `starting`; write heartbeats while it runs.

    `heartbeat`: None in a dry run, which writes none.
    """
    if heartbeat is None:
        return await starting
    writing = asyncio.create_task(heartbeat.while_starting(), name="starting")
    try:
        return await starting
    finally:
        writing.cancel()


def dead_man_timeout_s(settings: Settings, *, is_dry: bool) -> int:
    """Return the timeout of the venue's dead man's switch, seconds; 0 if it is not used.

    A paper run does not use it: its orders end with the process. Raises StartFailed if
    QUOTER_DEAD_MAN is on and the venue has no such switch.
    """
    if is_dry or settings.environment is Environment.PAPER:
        return 0
    try:
        return timeout_s(settings.exchange, settings.dead_man)
    except ValueError as error:
        raise StartFailed(ExitCode.USAGE, f"QUOTER_DEAD_MAN: {error}") from None


class ExternalStopsBuilder:
    """Builder of the external stops of a run.

    It exists before the gateway, which calls `block_reason` before each create. `build` is called
    after the gateway exists, because the dead man's switch needs it.
    """

    def __init__(self, started: StartContext, dead_man_s: int) -> None:
        self._started = started
        self._dead_man_s = dead_man_s
        self._dead_man: DeadManRefresher | None = None
        folder = started.folder
        self._latch = Latch(folder.path) if folder is not None else None

    def block_reason(self) -> str:
        """Return the reason why no create may be sent now; empty if creates may be sent."""
        if self._latch is not None and self._latch.is_set():
            return "the kill switch is latched on disk"
        if text := self._started.clock.moved():  # the engine gets this report later
            return text
        if self._dead_man_s:
            return self._dead_man.block_reason() if self._dead_man is not None else "not armed yet"
        return ""

    def build(self, switch: DeadManSwitch) -> ExternalStops:
        """Build the external stops, and log which are in use; a dry run has none."""
        settings, folder = self._started.settings, self._started.folder
        if folder is None:
            return NO_EXTERNAL_STOPS
        if self._dead_man_s:
            self._dead_man = DeadManRefresher(
                switch=switch, timeout_s=self._dead_man_s, clock=self._started.clock
            )
        self._log(settings)
        return ExternalStops(
            heartbeat=self._started.heartbeat,
            dead_man=self._dead_man,
            sentinel=self._sentinel_monitor(settings, folder.path),
        )

    def _sentinel_monitor(self, settings: Settings, folder: Path) -> SentinelMonitor:
        return SentinelMonitor(
            folder=folder, policy=SentinelPolicy(settings.sentinel), clock=self._started.clock
        )

    def _log(self, settings: Settings) -> None:
        is_real = settings.environment is Environment.PRODUCTION
        say = log.warning if is_real and settings.sentinel != "required" else log.info
        say(
            "external_stops",
            sentinel=settings.sentinel,
            dead_man_s=self._dead_man_s,
            note=self._note(settings),
        )

    def _note(self, settings: Settings) -> str:
        if settings.environment is Environment.PAPER:
            return "the orders of a paper run end with this process"
        return "" if self._dead_man_s else NO_DEAD_MAN_WARNINGS[settings.sentinel]
