"""Write the picture of the README: the screen of the demo after half a minute, as SVG.

Run from the repository's root.
"""

import asyncio
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from rich.console import Console

from quoter.app.daemon import Daemon, trade
from quoter.cli.demo import demo_settings
from quoter.domain.events import Fill
from quoter.domain.step import Step
from quoter.sandbox.config import default_config
from quoter.sandbox.server import SandboxServer
from quoter.service.terminal.live_screen import FILLS_SHOWN, render
from quoter.telemetry.logs import configure_logs

SECONDS = 30.0
OUT = Path("deploy/docs/demo.svg")


async def draw() -> None:
    """Trade on a sandbox in this process, then write the screen as SVG."""
    configure_logs(stream=StringIO())
    server = SandboxServer(default_config(seed=1))
    fills: list[Fill] = []
    console = Console(record=True, width=118, file=StringIO())
    about = {"environment": "sandbox", "exchange": "binance (embedded)", "symbol": "BTC/USDT"}

    def on_ready(daemon: Daemon) -> None:
        asyncio.get_running_loop().call_later(SECONDS, finish, daemon)

    def finish(daemon: Daemon) -> None:
        screen = render(daemon.engine.snapshot(), about=about, fills=fills[-FILLS_SHOWN:])
        console.print(screen)
        daemon.runner.stop()

    def record(step: Step) -> None:
        fills.extend(booked.fill for booked in step.booked)

    with TemporaryDirectory() as folder:
        settings = demo_settings(await server.start(), Path(folder), gamma=1.0)
        await trade(settings, on_ready=on_ready, observers=(record,))
    await server.stop()
    console.save_svg(str(OUT), title="quoter demo")


if __name__ == "__main__":
    uvloop.run(draw())
