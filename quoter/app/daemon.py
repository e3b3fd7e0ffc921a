"""One daemon from settings to the verified end, in the start order of decisions.md."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal

import structlog
from aiohttp.web import AppRunner

from quoter.app.meaning_log import MeaningLog
from quoter.app.wiring import calibration_file, engine_config, kept_scale, venue_config
from quoter.domain.commands import RequestReport
from quoter.domain.errors import KeyRefused, VenueError
from quoter.domain.events import BalanceReport, TradesReport
from quoter.domain.instrument import Instrument
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.service import http
from quoter.service.calibration_file import CalibrationFile
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, DataFolder, LockHeld
from quoter.service.exit_codes import ExitCode
from quoter.service.latch import Latch, LatchRecord
from quoter.service.runner import LATE_CREATE_S, Observer, Runner
from quoter.settings import Settings
from quoter.telemetry.metrics import Metrics
from quoter.telemetry.redaction import Redactor
from quoter.telemetry.step_log import StepLog
from quoter.venues.build import make_feed, make_gateway
from quoter.venues.config import VenueConfig
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()

START_TRIES = 3
START_PAUSE_S = 1.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOPPED = "stopped before the start was complete"


class StartFailed(Exception):
    """The daemon must not begin; carries the exit code and one line for the user."""

    def __init__(self, code: ExitCode, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Daemon:
    """One daemon, wired; `run` trades until it is told to stop."""

    runner: Runner
    engine: Engine
    instrument: Instrument
    metrics: Metrics
    clock: Clock


async def trade(
    settings: Settings,
    *,
    dry_run: bool = False,
    venue: VenueConfig | None = None,
    on_ready: Callable[[Daemon], None] | None = None,
    observers: tuple[Observer, ...] = (),
) -> ExitCode:
    """Start in the safe order, run, stop; `venue` replaces the doors that the settings mean.

    Raises StartFailed.
    """
    clock = Clock()
    # Until the runner listens: a kill's file is read once it does, its signal must not end us.
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: None)
    folder = None if dry_run else _take_folder(settings)
    try:
        latched = _latched(folder, clock) if folder is not None else None
        doors = venue or venue_config(settings, with_key=not dry_run)
        daemon = await _stoppable(_wire(settings, doors, clock, folder, latched, observers))
        return await _serve(settings, daemon, on_ready)
    finally:
        if folder is not None:
            folder.release()


def _take_folder(settings: Settings) -> DataFolder:
    folder = DataFolder(settings.data_dir)
    try:
        folder.take()
    except LockHeld as error:
        raise StartFailed(ExitCode.LOCK_HELD, str(error)) from None
    except OSError as error:
        text = f"QUOTER_DATA_DIR: {settings.data_dir} can't be used: {error.strerror}"
        raise StartFailed(ExitCode.USAGE, text) from None
    return folder


def _latched(folder: DataFolder, clock: Clock) -> LatchRecord | None:
    """A kill that outlived the process, or one that was asked for while none ran."""
    latch = Latch(folder.path)
    wish = folder.take_request(KILL_REQUEST)
    if wish is not None and latch.read() is None:
        latch.write(Cause.OPERATOR_KILL, f"file: {wish or 'KILL file'}", clock.now_ns())
    return latch.read()


async def _stoppable(starting: Coroutine[None, None, Daemon]) -> Daemon:
    """Let a signal end the start, which a dead venue can make long. Raises StartFailed then."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(starting, name="start")
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, task.cancel, STOPPED)
    try:
        return await task
    except asyncio.CancelledError as error:
        if error.args != (STOPPED,):
            raise
        raise StartFailed(ExitCode.START_FAILED, STOPPED) from None


async def _wire(
    settings: Settings,
    config: VenueConfig,
    clock: Clock,
    folder: DataFolder | None,
    latched: LatchRecord | None,
    observers: tuple[Observer, ...],
) -> Daemon:
    """Connect, clean up what an earlier run left, read the opening balances, build the parts."""
    is_dry = folder is None
    try:
        gateway = make_gateway(config, now_ns=clock.now_ns)
    except (VenueError, ValueError) as error:
        raise StartFailed(ExitCode.USAGE, f"QUOTER_EXCHANGE: {error}") from None
    try:
        instrument = await _connect(gateway)
        if folder is not None:
            await _clean_up(gateway, twice=folder.was_left_in_a_hurry)
        kept = calibration_file(settings)
        opening = await _opening(settings, instrument, gateway, clock, kept, is_dry=is_dry)
        engine = Engine(opening)
    except BaseException:  # whatever stops a start, its sockets are closed
        await gateway.close()
        raise
    if is_dry:
        await gateway.close()
    metrics = Metrics(
        symbol=settings.symbol, venue=settings.exchange, environment=settings.environment
    )
    steps = StepLog(why_every_s=settings.why_every_s)
    runner = Runner(
        engine=engine,
        feed=make_feed(config, instrument, now_ns=clock.now_ns),
        gateway=None if is_dry else gateway,
        clock=clock,
        metrics=metrics,
        folder=folder,
        latched=latched,
        calibration=None if is_dry else kept,
        observers=(metrics.observe, steps.observe, MeaningLog(engine).observe, *observers),
    )
    return Daemon(runner, engine, instrument, metrics, clock)


async def _connect(gateway: OrderGateway) -> Instrument:
    """Market rules, clock, key. A venue that is briefly away gets a few tries."""
    for left in reversed(range(START_TRIES)):
        try:
            return await gateway.connect()
        except KeyRefused as error:
            raise StartFailed(ExitCode.KEY_RIGHTS, f"the venue refuses the key: {error}") from None
        except VenueError as error:
            if not left:
                raise StartFailed(ExitCode.START_FAILED, str(error)) from None
            log.warning("connect_failed", error=str(error), tries_left=left)
            await asyncio.sleep(START_PAUSE_S)
    raise AssertionError("unreachable: the last try returns or raises")


async def _clean_up(gateway: OrderGateway, *, twice: bool) -> None:
    """Own orders gone and verified. Raises StartFailed.

    A process that was killed may have had creates under way: then we look `twice`, the second time
    when none of them can arrive any more.
    """
    try:
        left = await gateway.cancel_all()
        if twice:
            await asyncio.sleep(LATE_CREATE_S)
            left = await gateway.cancel_all()
    except VenueError as error:
        raise StartFailed(ExitCode.START_FAILED, f"own orders can't be listed: {error}") from None
    if left:
        text = f"{left} own orders of an earlier run could not be cancelled"
        raise StartFailed(ExitCode.ORDERS_LEFT, text)


async def _opening(
    settings: Settings,
    instrument: Instrument,
    gateway: OrderGateway,
    clock: Clock,
    calibration: CalibrationFile,
    *,
    is_dry: bool,
) -> EngineConfig:
    """What we hold, with no order of ours open, the trades behind it, and what is kept."""
    start_ns = clock.now_ns()
    past = await gateway.past()
    kept = calibration.read(start_ns, kept_scale(settings, instrument, past))
    if is_dry:
        return engine_config(
            settings, instrument, start_ns=start_ns, opening={}, past=past, kept=kept, is_dry=True
        )
    trades = await gateway.report(RequestReport(kind=ReportKind.TRADES))
    held = await gateway.report(RequestReport(kind=ReportKind.BALANCES))
    if not isinstance(trades, TradesReport):
        raise StartFailed(ExitCode.START_FAILED, f"own trades can't be listed: {trades}")
    if not isinstance(held, BalanceReport):
        raise StartFailed(ExitCode.START_FAILED, f"balances can't be read: {held}")
    config = engine_config(
        settings,
        instrument,
        start_ns=start_ns,
        opening={asset: held.free[asset] + held.locked.get(asset, 0) for asset in held.free},
        past=past,
        kept=kept,
        known_fills=trades.fills,
    )
    away = config.opening.get(instrument.base, Decimal(0)) - config.target
    if not abs(away) <= settings.inventory_max:
        raise StartFailed(
            ExitCode.USAGE,
            f"QUOTER_TARGET: the holdings are {away:+f} {instrument.base} from it, which is "
            f"beyond QUOTER_INVENTORY_MAX ({settings.inventory_max:f}): set auto, or trade there",
        )
    return config


async def _serve(
    settings: Settings, daemon: Daemon, on_ready: Callable[[Daemon], None] | None
) -> ExitCode:
    """HTTP and signals around the runner."""
    runner = daemon.runner
    web, port = await _open_pages(settings, daemon)
    try:
        _listen_for_signals(runner)
        log.info("started", listening=f"{settings.host}:{port}", **settings.redacted())
        if on_ready is not None:
            on_ready(daemon)
        code = await runner.run()
    finally:
        await http.stop(web)
    log.info("stopped", exit_code=int(code), meaning=code.name)
    return code


async def _open_pages(settings: Settings, daemon: Daemon) -> tuple[AppRunner, int]:
    about = {
        "environment": settings.environment.value,
        "exchange": settings.exchange,
        "symbol": settings.symbol,
    }
    sources = http.Sources(
        snapshot=daemon.engine.snapshot,
        metrics=daemon.metrics.render,
        is_alive=daemon.runner.probe.is_alive,
        about=about,
        redactor=Redactor(settings.secrets()),
    )
    pages = http.Pages(sources, host_names=settings.http_hosts.split(","))
    try:
        return await http.serve(pages, host=settings.host, port=settings.port)
    except OSError as error:
        await daemon.runner.close()
        text = f"QUOTER_PORT: can't listen on {settings.host}:{settings.port}: {error.strerror}"
        raise StartFailed(ExitCode.USAGE, text) from None


def _listen_for_signals(runner: Runner) -> None:
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, runner.stop)
    loop.add_signal_handler(signal.SIGUSR1, runner.kill_by_signal)
