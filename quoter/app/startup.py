"""The first steps of a start: what can refuse it, before anything is decided."""

import asyncio
from dataclasses import dataclass

import structlog

from quoter.app.manifest import manifest
from quoter.app.setting_errors import blamed, blamed_code
from quoter.app.settings_to_config import market_of
from quoter.domain.errors import KeyRefused, VenueError
from quoter.domain.instrument import Instrument
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.ledger.ledger import Ledger
from quoter.ledger.schema import LedgerUnusable, prepare
from quoter.ledger.writer import LedgerFailed
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder, LockHeld, Request
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat import Heartbeat
from quoter.service.killswitch.latch import Latch, LatchRecord, renewed
from quoter.service.shutdown import LATE_CREATE_S
from quoter.settings import Settings
from quoter.telemetry.redaction import Redactor
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()

START_TRIES = 3
START_PAUSE_S = 1.0
LOOK_AGAIN_S = 3.0


class StartFailed(Exception):
    """The daemon must not begin; carries the exit code and one line for the user."""

    def __init__(self, code: ExitCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def take_folder(settings: Settings) -> DataFolder:
    """Lock the data folder. Raises StartFailed."""
    folder = DataFolder(settings.data_dir, redactor=Redactor(settings.secrets()))
    try:
        folder.take()
    except LockHeld as error:
        raise StartFailed(ExitCode.LOCK_HELD, str(error)) from None
    except OSError as error:
        text = f"QUOTER_DATA_DIR: {settings.data_dir} can't be used: {error.strerror}"
        raise StartFailed(ExitCode.USAGE, text) from None
    return folder


def latched(folder: DataFolder, clock: Clock) -> LatchRecord | None:
    """A kill that outlived the process, or one that was asked for while none ran.

    A KILL file is there until its kill is on the disk. Raises StartFailed.
    """
    latch, wish = Latch(folder.path), folder.request(KILL_REQUEST)
    if wish is not None:
        text = folder.redactor.known(f"file: {wish.text or 'KILL file'}")
        try:
            latch.save(renewed(latch.read(), Cause.OPERATOR_KILL, text, clock.now_ns()))
        except OSError as error:
            path = folder.path / KILL_REQUEST
            text = (
                f"the kill that {path} asks for can't be latched: {error.strerror}: free the disk"
            )
            raise StartFailed(ExitCode.INTEGRITY, text) from None
        folder.drop(KILL_REQUEST, wish)
    record = latch.read()
    asked = folder.request(REARM_REQUEST)
    if asked is not None and not _means(asked, record):
        log.warning("rearm_refused", given=asked.text, actor="file")
        folder.drop(REARM_REQUEST, asked)
    return record


def _means(asked: Request, record: LatchRecord | None) -> bool:
    """Was the re-arm asked for by somebody who has seen this kill?"""
    if record is None or asked.text.partition(" ")[0] != record.kill_id:
        return False
    return 0 < record.ts_ns < asked.mtime_ns  # 0: unreadable; they all have the same id


async def open_ledger(settings: Settings, folder: DataFolder) -> Ledger:
    """The books, checked. Raises StartFailed; nothing is deleted or repaired."""
    try:
        await asyncio.to_thread(prepare, folder.path)
        return Ledger(folder.path, market_of(settings))
    except LedgerUnusable as error:
        raise no_ledger(error) from None


def no_ledger(error: Exception) -> StartFailed:
    """Nothing that can't be written down may be traded."""
    return StartFailed(ExitCode.INTEGRITY, f"the ledger can't be used: {error}")


async def begin_run(ledger: Ledger, settings: Settings, clock: Clock, *, api_key: str) -> int:
    """Write down what runs; when it began, UTC ns: no run of this folder began in that millisecond.

    The ids of its orders are made of it, and a clock may have been set back. Raises StartFailed.
    """
    earlier = ledger.reader.runs(1)
    start_ns = max(clock.now_ns(), earlier[0].started_ns + NS_PER_MS if earlier else 0)
    about = manifest(settings, start_ns=start_ns, api_key=api_key)
    try:
        await ledger.begin_run(about)
    except LedgerFailed as error:
        raise no_ledger(error) from None
    log.info(
        "run",
        run=about.run,
        version=about.version,
        code=about.code_hash,
        lock=about.lock_hash,
        config=about.config_hash,
        key=about.key_hash,
    )
    return start_ns


async def end_run(ledger: Ledger, code: ExitCode, clock: Clock) -> None:
    """Write down how it ended, and close."""
    try:
        await ledger.end_run(int(code), clock.now_ns())
    except LedgerFailed as error:
        log.error("run_end_not_written", error=str(error))
    await ledger.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What the first steps of a start found; a dry run has no folder and no ledger."""

    settings: Settings
    clock: Clock
    start_ns: int
    folder: DataFolder | None = None
    latched: LatchRecord | None = None
    ledger: Ledger | None = None
    heartbeat: Heartbeat | None = None


async def connect(gateway: OrderGateway, settings: Settings) -> Instrument:
    """Market rules, clock, key. A venue that is briefly away gets a few tries.

    Raises StartFailed.
    """
    for left in reversed(range(START_TRIES)):
        try:
            return await gateway.connect()
        except KeyRefused as error:
            raise StartFailed(ExitCode.KEY_RIGHTS, str(error)) from None
        except VenueError as error:
            code, text = blamed_code(error), blamed(error, settings)
            if not left or code is ExitCode.USAGE:
                raise StartFailed(code, text) from None
            log.warning("connect_failed", error=text, tries_left=left)
            await asyncio.sleep(START_PAUSE_S)
    raise AssertionError("unreachable: the last try returns or raises")


def late_s(ledger: Ledger, now_ns: int) -> float:
    """How long creates of a process that was killed may still arrive, seconds from now."""
    if ledger.epoch is None:
        return 0.0
    unsettled = ledger.reader.unsettled(ledger.epoch.number)
    newest_ns = max((intent.ts_ns for intent in unsettled), default=0)
    return min(max(0.0, (newest_ns - now_ns) / NS_PER_S + LATE_CREATE_S), LATE_CREATE_S)


async def clean_up(gateway: OrderGateway, *, late_s: float) -> None:
    """Own orders gone and verified: now, and until no create can arrive any more.

    Raises StartFailed.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + late_s
    try:
        left = await gateway.cancel_all()
        while (rest_s := end_s - loop.time()) > 0.0:
            await asyncio.sleep(min(rest_s, LOOK_AGAIN_S))
            left = await gateway.cancel_all()
    except VenueError as error:
        raise StartFailed(ExitCode.START_FAILED, f"own orders can't be listed: {error}") from None
    if left:
        text = f"{left} own orders of an earlier run could not be cancelled"
        raise StartFailed(ExitCode.ORDERS_LEFT, text)
