"""Signal handlers of a daemon, from the beginning of its start."""

import asyncio
import signal
from collections.abc import Coroutine

import structlog

from quoter.app.live_control import LiveControl
from quoter.app.startup import StartFailed
from quoter.service.data_folder import KILL_REQUEST, DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.operator_commands.file_commands import FileCommands
from quoter.service.runner import Runner

log = structlog.get_logger()

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOPPED = "stopped before the start was complete"


class Signals:
    """Signal handlers of one process.

    Before `listen`, a stop ends the start, and a kill is stored in memory and on disk. From
    `listen` on the runner gets both.
    """

    def __init__(self, *, can_reload: bool) -> None:
        """Install the handler of SIGUSR1 (kill).

        With `can_reload` also one of SIGHUP, which is ignored until `listen`.
        """
        self._loop = asyncio.get_running_loop()
        self._commands: FileCommands | None = None
        self._is_kill_waiting = False
        self.folder: DataFolder | None = None  # set once its lock is held
        self._loop.add_signal_handler(signal.SIGUSR1, self._kill)
        if can_reload:
            self._loop.add_signal_handler(signal.SIGHUP, lambda: None)

    def _kill(self) -> None:
        if self._commands is not None:
            self._commands.kill_by_signal()
            return
        self._is_kill_waiting = True
        log.critical("killed_during_the_start")
        if self.folder is not None:
            try:
                self.folder.write_request(KILL_REQUEST, "SIGUSR1 during the start")
            except OSError as error:  # the kill is in memory all the same
                log.critical("kill_not_written", error=str(error))

    async def stoppable[T](self, starting: Coroutine[None, None, T]) -> T:
        """Return the result of `starting`. Raises StartFailed if SIGTERM or SIGINT comes first."""
        task = asyncio.create_task(starting, name="start")
        for number in STOP_SIGNALS:
            self._loop.add_signal_handler(number, task.cancel, STOPPED)
        try:
            return await task
        except asyncio.CancelledError as error:
            if error.args != (STOPPED,):
                raise
            raise StartFailed(ExitCode.START_FAILED, STOPPED) from None

    def listen(self, runner: Runner, live_control: LiveControl) -> None:
        """Send stops, kills and reloads to the runner.

        A kill that came before becomes the runner's first command.
        """
        for number in STOP_SIGNALS:
            self._loop.add_signal_handler(number, runner.stop)
        self._commands = runner.file_commands
        if self._is_kill_waiting:
            self._commands.kill_by_signal()
        if live_control.can_reload:
            self._loop.add_signal_handler(signal.SIGHUP, live_control.request_reload)
