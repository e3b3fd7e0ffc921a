"""`quoter run`: the daemon as a process, trading or in a dry run."""

import structlog
import uvloop
from rich.console import Console

from quoter.app.daemon import Daemon, trade
from quoter.app.live_control import Load
from quoter.app.live_screen import DaemonScreen
from quoter.app.process_hardening import prepare_process
from quoter.app.startup import StartFailed
from quoter.domain.number_text import plain
from quoter.domain.units import BPS_PER_UNIT
from quoter.service.exit_codes import ExitCode
from quoter.settings import Exposure, Settings

log = structlog.get_logger()


def run_daemon(
    settings: Settings, load: Load, *, dry_run: bool = False, exposed: tuple[Exposure, ...] = ()
) -> int:
    """Trade until SIGTERM or Ctrl-C; return the exit code.

    A dry run sends no order and shows on stdout what it would quote. `load` reads the settings
    again; `exposed`: secrets that other users can read.
    """
    prepare_process(settings)
    for one in exposed:
        log.warning(one.event, setting=one.setting, text=one.text)
    return uvloop.run(_dry(settings) if dry_run else _live(settings, load))


async def _live(settings: Settings, load: Load) -> ExitCode:
    try:
        return await trade(settings, load=load)
    except StartFailed as error:
        return _refused(error)


async def _dry(settings: Settings) -> ExitCode:
    console = Console()
    where = f"{settings.exchange} (dry run: nothing is sent)"
    screen = DaemonScreen(settings, console, where=where)

    def begin(daemon: Daemon) -> None:
        fee = plain(daemon.instrument.fee_maker * BPS_PER_UNIT)
        console.print(f"maker fee {fee} bps: {daemon.fee_from}", style="dim", highlight=False)
        screen.on_ready(daemon)

    try:
        return await trade(settings, dry_run=True, on_ready=begin, observers=(screen.observe,))
    except StartFailed as error:
        return _refused(error)
    finally:
        await screen.close()


def _refused(error: StartFailed) -> ExitCode:
    log.critical("start_failed", reason=str(error), exit_code=int(error.code))
    return error.code
