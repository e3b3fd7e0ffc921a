"""`quoter run`: the daemon as a process, and what its exit says."""

import resource
from contextlib import suppress
from functools import partial

import structlog
import uvloop
from rich.console import Console

from quoter.app.daemon import trade
from quoter.app.screen import Watch
from quoter.app.start import StartFailed
from quoter.service.exit_codes import ExitCode
from quoter.settings import Exposure, Settings, load
from quoter.telemetry.logs import configure_logs, watch_hidden_failures
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()


def run_daemon(
    settings: Settings, dry_run: bool = False, exposed: tuple[Exposure, ...] = ()
) -> int:
    """Trade until SIGTERM or Ctrl-C; the exit code of `ExitCode`.

    A dry run sends nothing and shows on stdout what it would quote. `exposed`: secrets that others
    may see.
    """
    configure_logs(
        log_format=settings.log_format,
        level=settings.log_level,
        redactor=Redactor(settings.secrets()),
    )
    watch_hidden_failures()
    forbid_core_dumps()
    for one in exposed:
        log.warning(one.event, setting=one.setting, text=one.text)
    return uvloop.run(_dry(settings) if dry_run else _live(settings))


def forbid_core_dumps() -> None:
    """A dump of our memory would hold the key, readable for longer than we live."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def _live(settings: Settings) -> ExitCode:
    try:
        return await trade(settings, load=partial(load, dry_run=True))
    except StartFailed as error:
        return _refused(error)


async def _dry(settings: Settings) -> ExitCode:
    watch = Watch(settings, Console(), where=f"{settings.exchange} (dry run: nothing is sent)")
    try:
        return await trade(
            settings, dry_run=True, on_ready=watch.on_ready, observers=(watch.observe,)
        )
    except StartFailed as error:
        return _refused(error)
    finally:
        await watch.close()


def _refused(error: StartFailed) -> ExitCode:
    log.critical("start_failed", reason=str(error), exit_code=int(error.code))
    return error.code
