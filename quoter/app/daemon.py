"""Start, run and stop one daemon.

The first steps need no network: lock, latch, ledger. Then the daemon connects, cancels the own
orders of an earlier run, and reconciles the ledger with the venue. It quotes only after that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import structlog
from aiohttp.web import AppRunner

from quoter.app.composition import RunInputs, make_runner
from quoter.app.external_stops import (
    ExternalStopsBuilder,
    dead_man_timeout_s,
    make_heartbeat_writer,
    with_heartbeat,
)
from quoter.app.limit_checks import check_limits, check_target
from quoter.app.live_control import LiveControl, Load
from quoter.app.manifest import metrics_of
from quoter.app.opening_reconciliation import OpeningReconciliation
from quoter.app.paper import fee_source, make_paper_gateway, paper_end
from quoter.app.recording import make_recorder
from quoter.app.settings_summary import SettingsSummaryLog
from quoter.app.settings_to_config import (
    calibration_bounds,
    earlier_runs,
    engine_config,
    last_calibration,
    run_id,
    venue_config,
)
from quoter.app.signals import Signals
from quoter.app.startup import (
    StartContext,
    StartFailed,
    begin_run,
    cancel_own_orders,
    connect,
    end_run,
    latched,
    late_create_s,
    ledger_failed,
    open_ledger,
    start_failure,
    take_folder,
)
from quoter.domain.errors import CodeAltered, VenueError
from quoter.domain.instrument import Instrument
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.ledger.writer import LedgerFailed
from quoter.paper.feed import PaperFeed
from quoter.paper.gateway import PaperGateway
from quoter.paper.venue import PaperVenue
from quoter.service.announcements import Observer
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.service.http import server as http
from quoter.service.killswitch.drill_record import last_passed_ns
from quoter.service.runner import Runner
from quoter.service.saved_calibration import usable_calibration
from quoter.settings import Environment, Settings
from quoter.telemetry.metrics import Metrics
from quoter.telemetry.redaction import Redactor
from quoter.telemetry.step_log import StepLog
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.factory import check_signing_code, make_feed, make_gateway
from quoter.venues.ports import MarketFeed, OrderGateway

log = structlog.get_logger()


@dataclass(slots=True)
class Daemon:
    """A daemon that is ready to run. `run`: run id, as written to heartbeat and ledger."""

    runner: Runner
    engine: Engine
    instrument: Instrument
    metrics: Metrics
    clock: Clock
    ledger: Ledger | None
    run: str
    fee_from: str  # source of the instrument's maker fee, e.g. "QUOTER_FEE_MAKER_BPS"
    paper: PaperVenue | None = None  # the simulated venue of a paper run


async def trade(
    settings: Settings,
    *,
    dry_run: bool = False,
    venue: VenueConfig | None = None,
    on_ready: Callable[[Daemon], None] | None = None,
    observers: tuple[Observer, ...] = (),
    load: Load | None = None,
    is_trial_only: bool = False,
) -> ExitCode:
    """Start a daemon, run it until a stop is requested, and return the exit code.

    `venue`: venue configuration; None: derived from the settings. `load`: reads the settings again
    on SIGHUP; None: SIGHUP ends the process. `is_trial_only`: end after the trial order. Raises
    StartFailed.
    """
    clock = Clock()
    signals = Signals(can_reload=load is not None)
    folder = signals.folder = None if dry_run else take_folder(settings)
    ledger, code = None, ExitCode.CRASHED
    try:
        record = latched(folder, clock) if folder is not None else None
        ledger = await open_ledger(settings, folder) if folder is not None else None
        config = venue or venue_config(settings, is_dry=dry_run)
        start_ns = clock.now_ns()
        if ledger is not None:
            start_ns = await begin_run(ledger, settings, clock, api_key=config.api_key)
        started = StartContext(
            settings=settings,
            clock=clock,
            start_ns=start_ns,
            folder=folder,
            latched=record,
            ledger=ledger,
            heartbeat=make_heartbeat_writer(settings, folder, clock, start_ns),
            is_trial_only=is_trial_only,
        )
        daemon = await signals.stoppable(
            with_heartbeat(_make_daemon(started, config, observers), started.heartbeat)
        )
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


async def _make_daemon(
    started: StartContext, config: VenueConfig, observers: tuple[Observer, ...]
) -> Daemon:
    """Connect, cancel the orders of an earlier run, reconcile, and build the daemon.

    Raises StartFailed.
    """
    settings, clock, folder = started.settings, started.clock, started.folder
    access = _make_access(started, config)
    instrument, engine = await _connected(started, access)
    metrics = _metrics(started, access.public)
    _log_warnings(started, access)
    runner = make_runner(
        RunInputs(
            engine=engine,
            feed=_make_feed(started, config, access, instrument),
            gateway=None if folder is None else access.orders,
            clock=clock,
            metrics=metrics,
            folder=folder,
            latched=started.latched,
            ledger=started.ledger,
            venue_clock=access.public.clock,
            rss_max_mb=settings.rss_max_mb,
            observers=(
                metrics.observe,
                StepLog(quote_log_interval_s=settings.quote_log_interval_s).observe,
                SettingsSummaryLog(engine).observe,
                *observers,
            ),
            external_stops=access.external_stops.build(access.public),
            recorder=make_recorder(started, engine),
        )
    )
    run, venue = run_id(started.start_ns), access.paper.venue if access.paper is not None else None
    fee_from = fee_source(settings, is_of_account=access.public.is_fee_of_account)
    return Daemon(runner, engine, instrument, metrics, clock, started.ledger, run, fee_from, venue)


class _Access(NamedTuple):
    """Gateways to the venue, and the builder of the external stops.

    `paper`: gateway for the orders of a paper run; None in other runs.
    """

    external_stops: ExternalStopsBuilder
    public: CcxtGateway
    paper: PaperGateway | None

    @property
    def orders(self) -> OrderGateway:
        return self.public if self.paper is None else self.paper


async def _connected(started: StartContext, access: _Access) -> tuple[Instrument, Engine]:
    """Connect, cancel the orders of an earlier run, reconcile. Raises StartFailed."""
    gateway, ledger, folder = access.orders, started.ledger, started.folder
    try:
        instrument = await connect(gateway, started.settings, ledger)
        if folder is not None and ledger is not None and access.paper is None:
            may_arrive_s = late_create_s(ledger, folder, started.clock)
            await cancel_own_orders(gateway, ledger, late_create_s=may_arrive_s)
        engine = Engine(await _engine_config(started, instrument, gateway))
    except BaseException:  # a cancelled start closes its sockets too
        await gateway.close()
        raise
    if folder is None:
        await gateway.close()
    return instrument, engine


def _log_warnings(started: StartContext, access: _Access) -> None:
    """Log the venue's warnings; without orders at the venue, only that of the maker fee."""
    has_orders = started.folder is not None and access.paper is None
    for event, text in access.public.warnings:
        if has_orders or event == "maker_fee":
            log.warning(event, text=text)


def _make_feed(
    started: StartContext, config: VenueConfig, access: _Access, instrument: Instrument
) -> MarketFeed:
    public = access.public
    feed = make_feed(
        config,
        instrument,
        now_ns=started.clock.now_ns,
        clock=None if started.folder is None else public.clock,
        limiter=public.limiter,
    )
    return feed if access.paper is None else PaperFeed(feed, access.paper.venue, instrument)


def _metrics(started: StartContext, gateway: CcxtGateway) -> Metrics:
    metrics = metrics_of(started.settings)
    metrics.safety.follow_key_rights(lambda: gateway.key_monitor.is_verified)
    if started.folder is not None:
        metrics.follow_drills(partial(last_passed_ns, started.folder.path))
    return metrics


def _make_access(started: StartContext, config: VenueConfig) -> _Access:
    """Return the gateways and the builder of the external stops. Raises StartFailed."""
    try:
        check_signing_code(config)
        dead_man_s = dead_man_timeout_s(started.settings, is_dry=started.folder is None)
        external_stops = ExternalStopsBuilder(started, dead_man_s)
        block_reason = external_stops.block_reason
        gateway = make_gateway(config, now_ns=started.clock.now_ns, block_reason=block_reason)
    except CodeAltered as error:
        text = f"the code that signs orders was changed: {error}: install the locked packages again"
        raise StartFailed(ExitCode.INTEGRITY, text) from None
    except VenueError as error:
        raise start_failure(error, started.settings) from None
    is_paper = started.settings.environment is Environment.PAPER and started.folder is not None
    paper = make_paper_gateway(started, config, gateway, block_reason) if is_paper else None
    return _Access(external_stops, gateway, paper)


async def _engine_config(
    started: StartContext, instrument: Instrument, gateway: OrderGateway
) -> EngineConfig:
    """Check the limits, reconcile the ledger, and return the engine's configuration.

    Raises StartFailed.
    """
    settings, ledger, start_ns = started.settings, started.ledger, started.start_ns
    history = await gateway.market_history()
    check_limits(settings, instrument, history)
    found = last_calibration(settings)
    bounds = calibration_bounds(settings, instrument, history)
    calibration = usable_calibration(found, start_ns, bounds)
    if ledger is None:
        return engine_config(
            settings,
            instrument,
            start_ns=start_ns,
            opening={},
            history=history,
            calibration=calibration,
            is_dry=True,
        )
    reconciliation = OpeningReconciliation(
        ledger=ledger,
        gateway=gateway,
        instrument=instrument,
        environment=settings.environment,
        clock=started.clock,
    )
    try:
        opening = await reconciliation.run()
    except LedgerFailed as error:
        raise ledger_failed(error) from None
    config = engine_config(
        settings,
        instrument,
        start_ns=start_ns,
        opening=opening.balances,
        target=opening.target,
        history=history,
        calibration=calibration,
        known_fills=opening.known,
        earlier_runs=earlier_runs(settings, ledger.reader),
        is_trial_only=started.is_trial_only,
    )
    check_target(config)
    return config


async def _serve(
    settings: Settings,
    daemon: Daemon,
    signals: Signals,
    on_ready: Callable[[Daemon], None] | None,
    load: Load | None,
) -> ExitCode:
    """Run the daemon with HTTP server and signal handlers; return the exit code.

    Raises StartFailed if the port can't be used, or if the trial order failed.
    """
    runner = daemon.runner
    live_control = LiveControl(
        settings,
        runner=runner,
        engine=daemon.engine,
        clock=daemon.clock,
        ledger=daemon.ledger,
        count_response=daemon.metrics.process.count_control_request,
        load=load,
    )
    web, port = await _serve_http(settings, daemon, live_control)
    try:
        signals.listen(runner, live_control)
        log.info("started", listening=f"{settings.host}:{port}", **settings.redacted())
        if on_ready is not None:
            on_ready(daemon)
        code = await runner.run()
    finally:
        await http.stop(web)
    if daemon.paper is not None:
        code = paper_end(code, daemon.paper.truth(), daemon.runner.announcements.snapshot())
    log.info("stopped", exit_code=int(code), exit_name=code.name)
    if code is ExitCode.TRIAL_FAILED:
        raise StartFailed(
            code,
            f"the trial order failed: {runner.trial_failure}: check the venue's status and the "
            "key's account, then start again; QUOTER_TRIAL_ORDER=off skips the trial where the "
            "venue does not require it",
        )
    return code


async def _serve_http(
    settings: Settings, daemon: Daemon, live_control: LiveControl
) -> tuple[AppRunner, int]:
    about = {
        "environment": settings.environment.value,
        "exchange": settings.exchange,
        "symbol": settings.symbol,
        "run": daemon.run,
    }
    sources = http.Sources(
        snapshot=daemon.runner.announcements.snapshot,
        metrics=daemon.metrics.render,
        is_alive=daemon.runner.process_health.is_alive,
        details=daemon.runner.process_health.cause_times.details,
        about=about,
        redactor=Redactor(settings.secrets()),
        kill_id=daemon.runner.kill_switch.shown_kill_id,
    )
    pages = http.Pages(
        sources, host_names=settings.http_hosts.split(","), extra=live_control.control
    )
    try:
        return await http.serve(pages, host=settings.host, port=settings.port)
    except OSError as error:
        await daemon.runner.close()
        where = f"{settings.host}:{settings.port}"
        text = f"QUOTER_PORT: can't listen on {where}: {error.strerror}: set a free port"
        raise StartFailed(ExitCode.USAGE, text) from None
