"""The first steps of a start: lock, latch, ledger, connection, own orders of an earlier run.

Each step raises StartFailed with the exit code and one line for the user.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from quoter.app.manifest import manifest
from quoter.app.setting_errors import exit_code_for, is_sandbox_missing, text_for
from quoter.app.settings_to_config import market_of
from quoter.domain.errors import MarketUnlisted, VenueError, VenueUnavailable
from quoter.domain.instrument import Instrument
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.ledger.ledger import Ledger
from quoter.ledger.schema import LedgerUnusable, prepare
from quoter.ledger.writer import LedgerFailed
from quoter.service.clock import Clock
from quoter.service.data_folder import (
    KILL_REQUEST,
    REARM_REQUEST,
    RESUME_REQUEST,
    DataFolder,
    LockHeld,
    Request,
)
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat import HeartbeatWriter
from quoter.service.killswitch.file_requests import RearmRequest
from quoter.service.killswitch.latch import Latch, LatchRecord, renewed
from quoter.service.shutdown import LATE_CREATE_S
from quoter.service.start_pauses import START_TRIES, start_pauses
from quoter.settings import Settings
from quoter.telemetry.redaction import Redactor
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()

START_WAIT_S = 60.0  # how long a start retries while the venue can't be used, e.g. in maintenance
CANCEL_AGAIN_S = 3.0
CANCEL_S_MAX = 10.0  # limit for the cancels between two tries
OTHER_KILL = (
    "the REARM file does not name the kill in force, or was written before it: see its kill id "
    "with `quoter status`, then run `quoter rearm`"
)


class StartFailed(Exception):
    """Raised when the daemon must not start, with the exit code and one line for the user."""

    def __init__(self, code: ExitCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def start_failure(error: VenueError, settings: Settings) -> StartFailed:
    """Return the failure of a start that `error` prevents."""
    return StartFailed(exit_code_for(error), text_for(error, settings))


def take_folder(settings: Settings) -> DataFolder:
    """Lock the data folder and return it. Raises StartFailed."""
    folder = DataFolder(settings.data_dir, redactor=Redactor(settings.secrets()))
    try:
        folder.take()
    except LockHeld as error:
        text = f"QUOTER_DATA_DIR: {error}: stop it, or set another folder"
        raise StartFailed(ExitCode.LOCK_HELD, text) from None
    except OSError as error:
        text = f"QUOTER_DATA_DIR: {settings.data_dir} can't be used: {error.strerror}"
        raise StartFailed(ExitCode.USAGE, text) from None
    return folder


def latched(folder: DataFolder, clock: Clock) -> LatchRecord | None:
    """Return the latched kill, or None.

    A KILL file is latched first and then removed. A REARM file is removed unless it names this kill
    and was written after it. A RESUME file is always removed. Raises StartFailed.
    """
    latch, request = Latch(folder.path), folder.request(KILL_REQUEST)
    if request is not None:
        text = folder.redactor.known(f"file: {request.text or 'KILL file'}")
        try:
            latch.save(renewed(latch.read(), Cause.OPERATOR_KILL, text, clock.now_ns()))
        except OSError as error:
            path = folder.path / KILL_REQUEST
            text = (
                f"the kill requested by {path} can't be latched: {error.strerror}: free disk space "
                "or make the folder writable, then start again"
            )
            raise StartFailed(ExitCode.INTEGRITY, text) from None
        folder.drop(KILL_REQUEST, request)
    record = latch.read()
    rearm = folder.request(REARM_REQUEST)
    if rearm is not None and not _is_valid_rearm(rearm, record):
        log.warning("rearm_refused", given=rearm.text, actor="file", reason=OTHER_KILL)
        folder.drop(REARM_REQUEST, rearm)
    folder.take_request(RESUME_REQUEST)  # it was for a run that has ended
    return record


def _is_valid_rearm(request: Request, record: LatchRecord | None) -> bool:
    """Whether the request names this kill and was written after it."""
    try:
        kill_id = RearmRequest.parse(request.text).kill_id
    except ValueError:
        return False
    if record is None or kill_id != record.kill_id:
        return False
    # 0: the latch is unreadable; all unreadable latches have the same id
    return 0 < record.ts_ns < request.mtime_ns


async def open_ledger(settings: Settings, folder: DataFolder) -> Ledger:
    """Open and check the ledger; a damaged one is left as it is. Raises StartFailed."""
    try:
        await asyncio.to_thread(prepare, folder.path)
        return Ledger(folder.path, market_of(settings), days=settings.ledger_days)
    except LedgerUnusable as error:
        raise ledger_failed(error) from None


def ledger_failed(error: Exception) -> StartFailed:
    """Return the error of a start whose ledger can't be used."""
    return StartFailed(ExitCode.INTEGRITY, f"the ledger can't be used: {error}")


async def begin_run(ledger: Ledger, settings: Settings, clock: Clock, *, api_key: str) -> int:
    """Record the run in the ledger; return its start, UTC ns.

    Order ids derive from the start. So it is at least 1 ms after the start of the last run in this
    folder, even if the clock was set back. Raises StartFailed.
    """
    earlier = ledger.reader.runs(1)
    start_ns = max(clock.now_ns(), earlier[0].started_ns + NS_PER_MS if earlier else 0)
    about = manifest(settings, start_ns=start_ns, api_key=api_key)
    try:
        await ledger.begin_run(about)
    except LedgerFailed as error:
        raise ledger_failed(error) from None
    log.info(
        "run",
        run=about.run,
        version=about.version,
        code_hash=about.code_hash,
        lock_hash=about.lock_hash,
        config_hash=about.config_hash,
        key_hash=about.key_hash,
    )
    return start_ns


async def end_run(ledger: Ledger, code: ExitCode, clock: Clock) -> None:
    """Record the exit code, and close the ledger."""
    try:
        await ledger.end_run(int(code), clock.now_ns())
    except LedgerFailed as error:
        log.error("run_end_not_written", error=str(error))
    await ledger.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartContext:
    """Results of the first steps of a start; a dry run has no folder and no ledger."""

    settings: Settings
    clock: Clock
    start_ns: int
    folder: DataFolder | None = None
    latched: LatchRecord | None = None
    ledger: Ledger | None = None
    heartbeat: HeartbeatWriter | None = None
    is_trial_only: bool = False  # no quotes follow the trial order


async def connect(
    gateway: OrderGateway, settings: Settings, ledger: Ledger | None = None
) -> Instrument:
    """Check clock and key, and return the market's rules. Raises StartFailed.

    Tries START_TRIES times, also if our market is not listed (the list may be incomplete). While
    the venue can't be used it tries for START_WAIT_S. Between these tries it cancels the orders
    that an earlier run in `ledger` left: a closed market may open again before the start. Without
    `ledger` (dry run) nothing is cancelled.
    """
    tries = 0

    async def try_once() -> Instrument:
        nonlocal tries
        tries += 1
        try:
            return await gateway.connect()
        except VenueError as error:
            failure = start_failure(error, settings)
            is_down = failure.code is ExitCode.VENUE_UNAVAILABLE
            is_down = is_down and not is_sandbox_missing(error, settings)
            may_change = is_down or isinstance(error, MarketUnlisted)
            is_final = failure.code in {ExitCode.USAGE, ExitCode.KEY_RIGHTS} and not may_change
            if is_final or (tries >= START_TRIES and not is_down):
                raise failure from None
            if is_down and ledger is not None:
                await _try_to_cancel(gateway, ledger)
            raise VenueUnavailable(str(failure)) from None

    return await until_available(try_once)


async def _try_to_cancel(gateway: OrderGateway, ledger: Ledger) -> None:
    """Cancel the orders of earlier runs while the venue can't be used for a start.

    The log shows the result; nothing is raised.
    """
    gateway.adopt_orders(ledger.reader.open_orders(ledger.market))
    try:
        async with asyncio.timeout(CANCEL_S_MAX):
            left = await gateway.cancel_all()
    except (VenueError, TimeoutError) as error:
        log.warning(
            "cancel_all_failed",
            error=str(error) or f"the venue did not answer within {CANCEL_S_MAX:g} s",
        )
    else:
        log.info("cancel_all", own_orders_left=left)


async def until_available[T](ask: Callable[[], Awaitable[T]]) -> T:
    """Call `ask` until it raises no VenueUnavailable; return its answer.

    Pauses between calls grow. Raises StartFailed after START_WAIT_S.
    """
    loop = asyncio.get_running_loop()
    end_s, pauses = loop.time() + START_WAIT_S, start_pauses()
    while True:
        try:
            return await ask()
        except VenueUnavailable as error:
            pause_s = next(pauses)
            if loop.time() + pause_s > end_s:
                raise StartFailed(ExitCode.VENUE_UNAVAILABLE, str(error)) from None
            log.warning("venue_unavailable", error=str(error), next_try_s=pause_s)
        await asyncio.sleep(pause_s)


def late_create_s(ledger: Ledger, folder: DataFolder, clock: Clock) -> float:
    """Return how long creates of a crashed run may still arrive at the venue, seconds; 0: none."""
    if not folder.is_after_crash or ledger.epoch is None:
        return 0.0
    unsettled = ledger.reader.unsettled(ledger.epoch.number)
    newest_ns = max((intent.ts_ns for intent in unsettled), default=0)
    left_s = (newest_ns - clock.now_ns()) / NS_PER_S + LATE_CREATE_S
    return min(max(0.0, left_s), LATE_CREATE_S)


async def cancel_own_orders(gateway: OrderGateway, ledger: Ledger, *, late_create_s: float) -> None:
    """Cancel our orders, once and then repeatedly for `late_create_s` seconds.

    Orders without a recorded end in the ledger are cancelled too. Raises StartFailed if some are
    left.
    """
    gateway.adopt_orders(ledger.reader.open_orders(ledger.market))
    loop = asyncio.get_running_loop()
    end_s = loop.time() + late_create_s

    async def cancel_all() -> int:
        try:
            return await gateway.cancel_all()
        except VenueError as error:
            raise VenueUnavailable(f"the venue did not list our open orders: {error}") from None

    left = await until_available(cancel_all)
    while (left_s := end_s - loop.time()) > 0.0:
        await asyncio.sleep(min(left_s, CANCEL_AGAIN_S))
        left = await until_available(cancel_all)
    if left:
        text = (
            f"{left} own orders of an earlier run could not be cancelled: cancel them at the "
            "venue, then start again"
        )
        raise StartFailed(ExitCode.ORDERS_LEFT, text)
