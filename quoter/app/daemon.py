"""One daemon from settings to the verified end, in the start order of decisions.md."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import structlog
from aiohttp.web import AppRunner

from quoter.app.composition import RunInputs, make_runner
from quoter.app.external_stops import ExternalStopsSettings, dead_man_timeout_s, heard, heartbeat_of
from quoter.app.limit_checks import refuse_hopeless
from quoter.app.live_control import LiveControl, Load
from quoter.app.manifest import metrics_of
from quoter.app.opening_reconciliation import Books
from quoter.app.settings_summary import SettingsSummaryLog
from quoter.app.settings_to_config import (
    calibrated,
    earlier_runs,
    engine_config,
    kept_scale,
    run_id,
    venue_config,
)
from quoter.app.signals import Signals
from quoter.app.startup import (
    Started,
    StartFailed,
    begin_run,
    clean_up,
    connect,
    end_run,
    latched,
    late_s,
    no_ledger,
    open_ledger,
    take_folder,
)
from quoter.domain.errors import CodeAltered, VenueError
from quoter.domain.instrument import Instrument
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.ledger.writer import LedgerFailed
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.service.http import server as http
from quoter.service.killswitch.drill_record import last_passed_ns
from quoter.service.runner import Observer, Runner
from quoter.service.saved_calibration import still_good
from quoter.settings import Settings
from quoter.telemetry.metrics import Metrics
from quoter.telemetry.redaction import Redactor
from quoter.telemetry.step_log import StepLog
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.factory import check_signing_code, make_feed, make_gateway
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()


@dataclass(slots=True)
class Daemon:
    """One daemon, wired; `run` trades until it is told to stop."""

    runner: Runner
    engine: Engine
    instrument: Instrument
    metrics: Metrics
    clock: Clock
    ledger: Ledger | None
    run: str  # as its heartbeat names it


async def trade(
    settings: Settings,
    *,
    dry_run: bool = False,
    venue: VenueConfig | None = None,
    on_ready: Callable[[Daemon], None] | None = None,
    observers: tuple[Observer, ...] = (),
    load: Load | None = None,
) -> ExitCode:
    """Start in the safe order, run, stop; `venue` replaces the doors that the settings mean.

    `load` reads the settings anew when SIGHUP comes, None: it changes nothing. Raises StartFailed.
    """
    clock = Clock()
    signals = Signals(can_reload=load is not None)
    folder = signals.folder = None if dry_run else take_folder(settings)
    ledger, code = None, ExitCode.CRASHED
    try:
        record = latched(folder, clock) if folder is not None else None
        ledger = await open_ledger(settings, folder) if folder is not None else None
        doors = venue or venue_config(settings, with_key=not dry_run)
        start_ns = clock.now_ns()
        if ledger is not None:
            start_ns = await begin_run(ledger, settings, clock, api_key=doors.api_key)
        started = Started(
            settings=settings,
            clock=clock,
            start_ns=start_ns,
            folder=folder,
            latched=record,
            ledger=ledger,
            heartbeat=heartbeat_of(settings, folder, clock, start_ns),
        )
        daemon = await signals.stoppable(heard(_wire(started, doors, observers), started.heartbeat))
        code = await _serve(settings, daemon, signals, on_ready, load)
    except StartFailed as error:
        code = error.code
        raise
    finally:
        if ledger is not None:
            await end_run(ledger, code, clock)
        if folder is not None:
            folder.release()
    return code


async def _wire(started: Started, config: VenueConfig, observers: tuple[Observer, ...]) -> Daemon:
    """Connect, clean up what an earlier run left, settle the books, build the parts."""
    settings, clock, folder = started.settings, started.clock, started.folder
    watched, gateway = _doors(started, config)
    try:
        instrument = await connect(gateway, settings)
        if folder is not None and started.ledger is not None:
            is_hasty = folder.was_left_in_a_hurry
            await clean_up(
                gateway, late_s=late_s(started.ledger, clock.now_ns()) if is_hasty else 0.0
            )
        engine = Engine(await _config(started, instrument, gateway))
    except BaseException:  # whatever stops a start, its sockets are closed
        await gateway.close()
        raise
    if folder is None:
        await gateway.close()
    metrics = _metrics(started, gateway)
    if folder is not None:
        for event, text in gateway.warnings:
            log.warning(event, text=text)
    steps = StepLog(quote_log_interval_s=settings.quote_log_interval_s)
    runner = make_runner(
        RunInputs(
            engine=engine,
            feed=make_feed(
                config,
                instrument,
                now_ns=clock.now_ns,
                clock=None if folder is None else gateway.clock,
            ),
            gateway=None if folder is None else gateway,
            clock=clock,
            metrics=metrics,
            folder=folder,
            latched=started.latched,
            ledger=started.ledger,
            venue_clock=gateway.clock,
            rss_max_mb=settings.rss_max_mb,
            observers=(
                metrics.observe,
                steps.observe,
                SettingsSummaryLog(engine).observe,
                *observers,
            ),
            external_stops=watched.guards(gateway),
        )
    )
    run = run_id(started.start_ns)
    return Daemon(runner, engine, instrument, metrics, clock, started.ledger, run)


def _metrics(started: Started, gateway: CcxtGateway) -> Metrics:
    metrics = metrics_of(started.settings)
    metrics.safety.follow_key_rights(lambda: gateway.key_monitor.is_verified)
    if started.folder is not None:
        metrics.follow_drills(partial(last_passed_ns, started.folder.path))
    return metrics


def _doors(started: Started, config: VenueConfig) -> tuple[ExternalStopsSettings, CcxtGateway]:
    """Who may stop us, and the gateway that asks them. Raises StartFailed."""
    try:
        check_signing_code(config)
        dead_man_s = dead_man_timeout_s(started.settings, is_dry=started.folder is None)
        watched = ExternalStopsSettings(started, dead_man_s)
        gateway = make_gateway(
            config, now_ns=started.clock.now_ns, block_reason=watched.block_reason
        )
    except CodeAltered as error:
        raise StartFailed(ExitCode.INTEGRITY, f"altered code: {error}") from None
    except (VenueError, ValueError) as error:
        raise StartFailed(ExitCode.USAGE, f"QUOTER_EXCHANGE: {error}") from None
    return watched, gateway


async def _config(started: Started, instrument: Instrument, gateway: OrderGateway) -> EngineConfig:
    """Own orders gone, books settled, and what is known of the market. Raises StartFailed."""
    settings, ledger, start_ns = started.settings, started.ledger, started.start_ns
    past = await gateway.market_history()
    refuse_hopeless(settings, instrument, past)
    found = calibrated(settings)
    kept = still_good(found, start_ns, kept_scale(settings, instrument, past))
    if ledger is None:
        return engine_config(
            settings, instrument, start_ns=start_ns, opening={}, past=past, kept=kept, is_dry=True
        )
    books = Books(
        ledger=ledger,
        gateway=gateway,
        instrument=instrument,
        environment=settings.environment,
        clock=started.clock,
    )
    try:
        opening = await books.settle()
    except LedgerFailed as error:
        raise no_ledger(error) from None
    config = engine_config(
        settings,
        instrument,
        start_ns=start_ns,
        opening=opening.balances,
        target=opening.target,
        past=past,
        kept=kept,
        known_fills=opening.known,
        earlier_runs=earlier_runs(settings, ledger.reader),
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
    settings: Settings,
    daemon: Daemon,
    signals: Signals,
    on_ready: Callable[[Daemon], None] | None,
    load: Load | None,
) -> ExitCode:
    """HTTP and signals around the runner."""
    runner = daemon.runner
    steering = LiveControl(
        settings,
        runner=runner,
        engine=daemon.engine,
        clock=daemon.clock,
        ledger=daemon.ledger,
        called=daemon.metrics.process.count_control_request,
        load=load,
    )
    web, port = await _open_pages(settings, daemon, steering)
    try:
        signals.listen(runner, steering)
        log.info("started", listening=f"{settings.host}:{port}", **settings.redacted())
        if on_ready is not None:
            on_ready(daemon)
        code = await runner.run()
    finally:
        await http.stop(web)
    log.info("stopped", exit_code=int(code), settings_summary=code.name)
    return code


async def _open_pages(
    settings: Settings, daemon: Daemon, steering: LiveControl
) -> tuple[AppRunner, int]:
    about = {
        "environment": settings.environment.value,
        "exchange": settings.exchange,
        "symbol": settings.symbol,
        "run": daemon.run,
    }
    sources = http.Sources(
        snapshot=daemon.engine.snapshot,
        metrics=daemon.metrics.render,
        is_alive=daemon.runner.process_health.is_alive,
        details=daemon.runner.process_health.cause_times.details,
        about=about,
        redactor=Redactor(settings.secrets()),
        kill_id=daemon.runner.kill_switch.kill_id,
    )
    pages = http.Pages(sources, host_names=settings.http_hosts.split(","), extra=steering.control)
    try:
        return await http.serve(pages, host=settings.host, port=settings.port)
    except OSError as error:
        await daemon.runner.close()
        text = f"QUOTER_PORT: can't listen on {settings.host}:{settings.port}: {error.strerror}"
        raise StartFailed(ExitCode.USAGE, text) from None
