"""The daemon's side of those who stop it when it can't: built from the settings, and announced."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import structlog

from quoter.app.settings_to_config import own_prefix, run_id
from quoter.app.startup import Started, StartFailed
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.dead_man import DeadMan
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.external_stops.heartbeat import Heartbeat
from quoter.service.external_stops.heartbeat_files import Identity
from quoter.service.external_stops.sentinel_monitor import Need, SentinelMonitor
from quoter.service.killswitch.latch import Latch
from quoter.settings import Environment, Settings
from quoter.venues.ccxt.dead_man import timeout_s
from quoter.venues.ports import DeadManSwitch

log = structlog.get_logger()

ALONE = {  # what QUOTER_SENTINEL means where the venue has no dead man's switch for us
    "off": "nobody cancels our orders if this process dies",
    "auto": "nobody cancels our orders if this process dies, unless a sentinel runs: "
    "QUOTER_SENTINEL=required waits for one",
    "required": "",
}


def identity(settings: Settings) -> Identity:
    """Whose orders are watched, as daemon and sentinel must agree on."""
    return Identity(
        environment=settings.environment.value,
        exchange=settings.exchange,
        symbol=settings.symbol,
        order_prefix=own_prefix(settings),
    )


def heartbeat_of(
    settings: Settings, folder: DataFolder | None, clock: Clock, start_ns: int
) -> Heartbeat | None:
    """A dry run has no folder, and no order that anybody would have to cancel."""
    if folder is None:
        return None
    return Heartbeat(
        folder=folder.path, run=run_id(start_ns), identity=identity(settings), clock=clock
    )


async def heard[T](starting: Coroutine[None, None, T], heartbeat: Heartbeat | None) -> T:
    """Show signs of life while something that may take long is under way."""
    if heartbeat is None:
        return await starting
    beating = asyncio.create_task(heartbeat.while_starting(), name="starting")
    try:
        return await starting
    finally:
        beating.cancel()


def dead_man_timeout_s(settings: Settings, *, is_dry: bool) -> int:
    """Seconds of the venue's switch, 0 for none. Raises StartFailed where it can't be had."""
    if is_dry:
        return 0
    try:
        return timeout_s(settings.exchange, settings.dead_man)
    except ValueError as error:
        raise StartFailed(ExitCode.USAGE, f"QUOTER_DEAD_MAN: {error}") from None


class ExternalStopsSettings:
    """What forbids a create from outside, and who must be told that we live."""

    def __init__(self, started: Started, dead_man_s: int) -> None:
        self._started = started
        self._dead_man_s = dead_man_s
        self._dead_man: DeadMan | None = None
        folder = started.folder
        self._latch = Latch(folder.path) if folder is not None else None

    def block_reason(self) -> str:
        """Why no create may leave now: asked right before each one is written."""
        if self._latch is not None and self._latch.is_set():
            return "the latch is on the disk"
        if text := self._started.clock.moved():  # sooner than the engine hears of it
            return text
        if self._dead_man_s:
            return self._dead_man.overdue() if self._dead_man is not None else "not armed yet"
        return ""

    def guards(self, door: DeadManSwitch) -> ExternalStops:
        """For the runner; says in the log who watches us."""
        settings, folder = self._started.settings, self._started.folder
        if folder is None:
            return NO_EXTERNAL_STOPS
        if self._dead_man_s:
            self._dead_man = DeadMan(
                door=door, timeout_s=self._dead_man_s, clock=self._started.clock
            )
        self._tell(settings)
        return ExternalStops(
            heartbeat=self._started.heartbeat,
            dead_man=self._dead_man,
            sentinel=self._watch(settings, folder.path),
        )

    def _watch(self, settings: Settings, folder: Path) -> SentinelMonitor:
        return SentinelMonitor(
            folder=folder, need=Need(settings.sentinel), clock=self._started.clock
        )

    def _tell(self, settings: Settings) -> None:
        is_real = settings.environment is Environment.PRODUCTION
        say = log.warning if is_real and settings.sentinel != "required" else log.info
        say(
            "external_stops",
            sentinel=settings.sentinel,
            dead_man_s=self._dead_man_s,
            note="" if self._dead_man_s else ALONE[settings.sentinel],
        )
