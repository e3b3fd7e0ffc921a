"""`quoter run`: the daemon as a process, trading or in a dry run."""

import sys
from pathlib import Path

import structlog
import uvloop
from rich.console import Console

from quoter.app.daemon import Daemon, trade
from quoter.app.live_control import Load
from quoter.app.live_screen import DaemonScreen
from quoter.app.process_hardening import logs_in_file, prepare_process
from quoter.app.startup import StartFailed
from quoter.domain.number_text import plain
from quoter.domain.units import BPS_PER_UNIT
from quoter.service.exit_codes import ExitCode
from quoter.service.terminal.run_summary import print_trouble
from quoter.settings import Exposure, Settings

log = structlog.get_logger()

DRY_LOG = "dry-run.log"


def run_daemon(
    settings: Settings, load: Load, *, dry_run: bool = False, exposed: tuple[Exposure, ...] = ()
) -> int:
    """Trade until SIGTERM or Ctrl-C; return the exit code.

    A dry run sends no order and shows on stdout what it would quote; on a terminal its log goes to
    a file. `load` reads the settings again. `exposed`: secrets that other users can read.
    """
    prepare_process(settings)
    for one in exposed:
        log.warning(one.event, setting=one.setting, text=one.text)
    if not dry_run:
        return uvloop.run(_live(settings, load))
    console = Console()
    if not (console.is_terminal and sys.stderr.isatty()):
        return uvloop.run(show_quotes(settings, console))
    with logs_in_file(settings, DRY_LOG) as log_path:  # log lines would break the screen
        return uvloop.run(show_quotes(settings, console, log_path))


async def _live(settings: Settings, load: Load) -> ExitCode:
    try:
        return await trade(settings, load=load)
    except StartFailed as error:
        return _refused(error)


async def show_quotes(
    settings: Settings, console: Console, log_path: Path | None = None
) -> ExitCode:
    """Run dry until SIGTERM or Ctrl-C; return the exit code.

    `log_path`: file that the log goes to; None: standard error.
    """
    where = f"{settings.exchange} (dry run: nothing is sent)"
    screen = DaemonScreen(settings, console, where=where)

    def begin(daemon: Daemon) -> None:
        fee = plain(daemon.instrument.fee_maker * BPS_PER_UNIT)
        console.print(f"maker fee {fee} bps: {daemon.fee_from}", style="dim", highlight=False)
        if log_path is not None:
            console.print(f"log: {log_path}", style="dim", highlight=False, soft_wrap=True)
        screen.on_ready(daemon)

    try:
        code = await trade(settings, dry_run=True, on_ready=begin, observers=(screen.observe,))
    except StartFailed as error:
        if log_path is not None:
            sys.stderr.write(f"quoter run: {error}\n")
        return _refused(error)
    finally:
        await screen.close()
    if code is not ExitCode.CLEAN and log_path is not None:
        print_trouble(console, code, log_path)
    return code


def _refused(error: StartFailed) -> ExitCode:
    log.critical("start_failed", reason=str(error), exit_code=int(error.code))
    return error.code
