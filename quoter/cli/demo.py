"""`quoter demo`: run the sandbox exchange and a daemon together, then print a summary."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import aiohttp
import uvloop
from rich.console import Console

from quoter.app.daemon import Daemon, trade
from quoter.app.live_screen import DaemonScreen
from quoter.app.settings_to_config import own_prefix
from quoter.app.startup import StartFailed
from quoter.domain.errors import BadSetting, QuoterError
from quoter.domain.step import Snapshot, Step
from quoter.engine.run_statistics import RunStatistics
from quoter.sandbox.config import DEMO_ACCOUNT
from quoter.service.exit_codes import ExitCode
from quoter.service.terminal.run_summary import print_summary, print_trouble, run_summary
from quoter.settings import FixedSettings, Settings
from quoter.sim.truth import Truth
from quoter.telemetry.logs import configure_logs

SANDBOX_START_S_MAX = 30.0
SANDBOX_STOP_S_MAX = 5.0
TRUTH_S_MAX = 5.0


def run_demo(
    *,
    seconds: float,
    seed: int,
    json_output: bool,
    gamma: float | None,
    market: str,
    keep: Path | None = None,
) -> int:
    """Run for `seconds` or until Ctrl-C, print the summary, and return the exit code.

    The code is UNSETTLED instead of CLEAN if the ledger differs from the exchange's balances.
    `keep`: data folder that is kept; None: a temporary folder. `market`: as for `quoter sandbox
    --market`. Raises BadSetting.
    """
    demo = _demo(seconds, seed, market, json_output=json_output, gamma=gamma, keep=keep)
    return uvloop.run(demo)


async def _demo(
    seconds: float,
    seed: int,
    market: str,
    *,
    json_output: bool,
    gamma: float | None,
    keep: Path | None,
) -> int:
    console = Console(stderr=json_output)
    with _data_folder(keep) as folder:
        log_path = folder / "quoter.log"
        with log_path.open("w") as log_file:
            configure_logs(log_format="json", stream=log_file)
            console.print("starting the sandbox exchange …", style="dim")
            async with _sandbox(seed, market) as url:
                settings = demo_settings(url, folder, gamma)
                demo = Demo(settings, console, seconds)
                code = await demo.run()
                truth = await _truth(url)
        if demo.snapshot is None or demo.statistics is None:
            console.print(log_path.read_text(), markup=False)
            return code
        if code is not ExitCode.CLEAN:
            print_trouble(console, code, log_path)
        summary = run_summary(demo.snapshot, demo.statistics, truth, own_prefix(settings))
        if json_output:
            sys.stdout.write(json.dumps(asdict(summary)) + "\n")
        else:
            print_summary(console, summary, demo.snapshot, truth)
        if keep is not None:
            text = f"kept in {keep}: see `quoter report {keep}`"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
    if code is ExitCode.CLEAN and not summary.ledger_equals_truth:
        return ExitCode.UNSETTLED
    return code


@contextmanager
def _data_folder(keep: Path | None) -> Iterator[Path]:
    """Yield the folder `keep`, or a temporary one if it is None.

    Raises BadSetting if `keep` is not empty or can't be used.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="quoter-demo-") as folder:
            yield Path(folder)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"--keep: {keep} can't be used: {error.strerror}") from None
    if any(keep.iterdir()):
        raise BadSetting(f"--keep: {keep} is not empty; name another folder")
    yield keep


def demo_settings(url: str, folder: Path, gamma: float | None) -> Settings:
    """Return the demo's settings: orders of 0.005 BTC (about 300 USD), at most 10 of them held.

    `gamma` None: the setting's default.
    """
    return FixedSettings(
        sandbox_url=url,
        data_dir=folder,
        secrets_dir=folder,
        port=0,
        inventory_max=Decimal("0.05"),
        order_size=Decimal("0.005"),
        loss_max=Decimal(500),
        notional_max=Decimal(1_000),
        gamma=1.0 if gamma is None else gamma,
    )


class Demo:
    """The daemon of the demo, with its live screen and run statistics."""

    def __init__(self, settings: Settings, console: Console, seconds: float) -> None:
        self._settings = settings
        self._seconds = seconds
        where = f"{settings.exchange} (embedded sandbox)"
        self._screen = DaemonScreen(settings, console, where=where)
        self._daemon: Daemon | None = None
        self.statistics: RunStatistics | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        return self._daemon.runner.announcements.snapshot() if self._daemon is not None else None

    async def run(self) -> ExitCode:
        """Trade for the given time and stop cleanly."""
        try:
            return await trade(self._settings, on_ready=self._on_ready, observers=(self._observe,))
        except StartFailed as error:
            sys.stderr.write(f"quoter demo: {error}\n")
            return error.code
        finally:
            await self._screen.close()

    def _on_ready(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.statistics = RunStatistics(daemon.engine)
        asyncio.get_running_loop().call_later(self._seconds, daemon.runner.stop)
        self._screen.on_ready(daemon)

    def _observe(self, step: Step) -> None:
        if self.statistics is not None:
            self.statistics.observe(step)
        self._screen.observe(step)


@asynccontextmanager
async def _sandbox(seed: int, market: str) -> AsyncIterator[str]:
    """Run a sandbox in its own process on a free port; yield its URL. Raises QuoterError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "quoter.cli",
        "sandbox",
        "--port",
        "0",
        "--seed",
        str(seed),
        "--market",
        market,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C must end the daemon, not the exchange
    )
    try:
        if process.stdout is None:
            raise QuoterError("the sandbox has no output to read its address from")
        async with asyncio.timeout(SANDBOX_START_S_MAX):
            line = await process.stdout.readline()
        if not line:
            raise QuoterError(
                f"the sandbox did not start (exit code {await process.wait()}): see "
                f"its message above"
            )
        yield str(json.loads(line)["sandbox_url"])
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(SANDBOX_STOP_S_MAX):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _truth(url: str) -> Truth:
    timeout = aiohttp.ClientTimeout(total=TRUTH_S_MAX)
    query = {"api_key": DEMO_ACCOUNT.api_key}
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{url}/sandbox/v1/truth", params=query) as answer,
    ):
        body = await answer.json()
    totals = {asset: Decimal(amount) for asset, amount in body["totals"].items()}
    return Truth(totals, tuple(row["clientOrderId"] for row in body["open_orders"]))
