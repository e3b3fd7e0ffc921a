"""The live screen of a daemon, drawn from its snapshots while it runs."""

import asyncio

from rich.console import Console

from quoter.app.daemon import Daemon
from quoter.domain.step import Step
from quoter.service.terminal.live_screen import LiveScreen
from quoter.settings import Settings


class DaemonScreen:
    """The live screen of one run.

    Pass `on_ready` and `observe` to `trade`; call `close` after `trade` has returned.
    """

    def __init__(self, settings: Settings, console: Console, *, where: str = "") -> None:
        about = {
            "environment": settings.environment.value,
            "exchange": where or settings.exchange,
            "symbol": settings.symbol,
        }
        self._screen = LiveScreen(about, console=console)
        self._drawing: asyncio.Task[None] | None = None

    def on_ready(self, daemon: Daemon) -> None:
        """Start drawing."""
        drawing = self._screen.run(daemon.runner.announcements.snapshot)
        self._drawing = asyncio.get_running_loop().create_task(drawing, name="screen")

    def observe(self, step: Step) -> None:
        """Show the fills of a step."""
        self._screen.observe(step)

    async def close(self) -> None:
        """Stop drawing and restore the terminal."""
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.wait({self._drawing})
