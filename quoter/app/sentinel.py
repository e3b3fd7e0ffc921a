"""Build and run the sentinel process (`quoter sentinel`)."""

import asyncio
import signal
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog
import uvloop

from quoter.app.external_stops import instance_identity
from quoter.app.process_hardening import prepare_process
from quoter.app.setting_errors import exit_code_for, text_for
from quoter.app.settings_to_config import market_of, venue_config
from quoter.domain.errors import VenueError
from quoter.ledger.reader import known_orders
from quoter.paper.ledger_account import LedgerAccount
from quoter.service.data_folder import SENTINEL_LOCK, DataFolder, LockHeld
from quoter.service.exit_codes import ExitCode
from quoter.service.http import server as http
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from quoter.service.sentinel.pages import SentinelPages
from quoter.service.sentinel.process import Sentinel
from quoter.settings import Environment, Settings
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from quoter.venues.config import VenueConfig
from quoter.venues.factory import make_cancel_gateway
from quoter.venues.ports import CancelGateway

log = structlog.get_logger()

CALL_S_MAX = 2.0  # shorter than the daemon's: a cancel that hangs is retried sooner


def run_sentinel(settings: Settings) -> int:
    """Run the sentinel until SIGTERM or Ctrl-C; return the exit code."""
    prepare_process(settings)
    folder = DataFolder(settings.data_dir, lock=SENTINEL_LOCK)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        folder.lock()
    except LockHeld:
        return _refused(
            ExitCode.LOCK_HELD,
            f"QUOTER_DATA_DIR: QUOTER_DATA_DIR: another sentinel runs on {settings.data_dir}: "
            f"stop it first: stop it first",
        )
    except OSError as error:
        text = f"QUOTER_DATA_DIR: {settings.data_dir} can't be used: {error.strerror}"
        return _refused(ExitCode.USAGE, text)
    try:
        gateway = cancel_gateway(settings, settings.data_dir)
        return uvloop.run(_serve(settings, gateway))
    except VenueError as error:
        return _refused(exit_code_for(error), text_for(error, settings))
    finally:
        folder.release()


def cancel_gateway(settings: Settings, folder: Path) -> CancelGateway:
    """Return the gateway that lists and cancels the orders of the daemon that owns `folder`.

    Raises VenueError if the venue can't be used.
    """
    if settings.environment is Environment.PAPER:
        return LedgerAccount(folder, market_of(settings))
    return make_cancel_gateway(cancel_gateway_config(settings))


def cancel_gateway_config(settings: Settings) -> VenueConfig:
    """Return the venue configuration of the sentinel.

    It is the daemon's, with calls of at most CALL_S_MAX seconds. The sentinel's own key and secret
    replace the daemon's if both are set.
    """
    config = replace(venue_config(settings), call_s_max=CALL_S_MAX)
    key, secret = settings.sentinel_api_key, settings.sentinel_api_secret
    if key is None or secret is None:
        return config
    return replace(config, api_key=key.get_secret_value(), secret=secret.get_secret_value())


async def _serve(settings: Settings, gateway: CancelGateway) -> ExitCode:
    metrics = SentinelMetrics(
        symbol=settings.symbol,
        venue=settings.exchange,
        states=tuple(each.value for each in DaemonState),
    )
    sentinel = Sentinel(
        gateway=gateway,
        folder=settings.data_dir,
        monitor=HeartbeatMonitor(
            identity=instance_identity(settings), stale_s=settings.heartbeat_timeout_s
        ),
        metrics=metrics,
        now_ns=time.time_ns,
        known_orders=partial(known_orders, settings.data_dir, market_of(settings)),
    )
    pages = SentinelPages(
        metrics=metrics.render,
        is_alive=sentinel.is_alive,
        host_names=settings.http_hosts.split(","),
    )
    try:
        web, port = await http.serve(pages, host=settings.host, port=settings.sentinel_port)
    except OSError as error:
        where = f"{settings.host}:{settings.sentinel_port}"
        text = f"QUOTER_SENTINEL_PORT: can't listen on {where}: {error.strerror}: set a free port"
        return _refused(ExitCode.USAGE, text)
    log.info(
        "sentinel_started",
        listening=f"{settings.host}:{port}",
        folder=str(settings.data_dir),
        stale_s=settings.heartbeat_timeout_s,
        has_own_key=settings.sentinel_api_key is not None,
    )
    try:
        await _run_until_signal(sentinel)
    finally:
        await http.stop(web)
        await gateway.close()
    log.info("sentinel_stopped")
    return ExitCode.CLEAN


async def _run_until_signal(sentinel: Sentinel) -> None:
    """Run the sentinel until SIGTERM or SIGINT. Raises its unexpected errors."""
    monitoring, stop = asyncio.create_task(sentinel.run(), name="sentinel"), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _no_reload)
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({monitoring, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if monitoring.done():
        monitoring.result()
    monitoring.cancel()
    await asyncio.wait({monitoring})


def _no_reload() -> None:
    """Log that SIGHUP is ignored: the sentinel has no reload."""
    log.warning(
        "reload_refused", reason="the sentinel reads its settings only at its start: restart it"
    )


def _refused(code: ExitCode, text: str) -> ExitCode:
    log.critical("sentinel_failed", reason=text, exit_code=int(code))
    return code
