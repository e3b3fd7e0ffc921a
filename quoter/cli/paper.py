"""`quoter paper`: a paper run in a terminal, with limits that suit the market's price."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import uvloop
from rich.console import Console

from quoter.app.backtesting import suggested_limits
from quoter.app.daemon import Daemon, trade
from quoter.app.live_screen import DaemonScreen
from quoter.app.process_hardening import forbid_core_dumps, logs_in_file
from quoter.app.settings_to_config import own_prefix, venue_config
from quoter.app.startup import START_WAIT_S, StartFailed, connect, start_failure
from quoter.domain.commands import RequestReport
from quoter.domain.errors import VenueError
from quoter.domain.events import CoinPrice
from quoter.domain.number_text import plain
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.engine.run_statistics import RunStatistics
from quoter.service.exit_codes import ExitCode
from quoter.service.terminal.run_summary import print_summary, print_trouble, run_summary
from quoter.settings import Environment, Settings
from quoter.settings import load as load_settings
from quoter.tapes.market import spec_of
from quoter.venues.factory import make_gateway

LOG = "paper.log"
# Placeholders for limits that are not set, until the market's price is known. They do not
# contradict each other.
LIMITS_UNKNOWN = {
    "QUOTER_INVENTORY_MAX": "1E+15",
    "QUOTER_ORDER_SIZE": "1E-15",
    "QUOTER_LOSS_MAX": "1E+15",
    "QUOTER_NOTIONAL_MAX": "1E-15",
}


def run_paper(*, seconds: float | None, json_output: bool) -> int:
    """Trade on paper for `seconds` or until Ctrl-C, print the account, and return the exit code.

    `seconds` None: no time limit. Limits that are not set are the demo's at the market's price.
    Raises BadSetting, StartFailed.
    """
    forbid_core_dumps()
    return uvloop.run(_paper(seconds, Console(stderr=json_output), json_output=json_output))


async def _paper(seconds: float | None, console: Console, *, json_output: bool) -> ExitCode:
    known = _on_paper(load_settings(dry_run=True, defaults=LIMITS_UNKNOWN))
    with logs_in_file(known, LOG) as log_path:
        text = f"connecting to {known.exchange} {known.system}, for at most {START_WAIT_S:g} s …"
        console.print(text, style="dim")
        try:
            settings = _on_paper(load_settings(dry_run=True, defaults=await _suggested(known)))
            run = PaperRun(settings, console, seconds)
            code = await run.trade()
        except StartFailed as error:
            sys.stderr.write(f"quoter paper: {error}\n")
            return error.code
    return run.finish(code, log_path, json_output=json_output)


def _on_paper(settings: Settings) -> Settings:
    return settings.model_copy(update={"environment": Environment.PAPER})


async def _suggested(settings: Settings) -> Mapping[str, str]:
    """Return the demo's limits at the present price; {} if the venue gives no price.

    Raises StartFailed.
    """
    try:
        gateway = make_gateway(venue_config(settings))
    except VenueError as error:
        raise start_failure(error, settings) from None
    try:
        rules = await connect(gateway, settings)
        request = RequestReport(kind=ReportKind.COIN_PRICE, coin=rules.base)
        report = await gateway.report(request)
    finally:
        await gateway.close()
    if not isinstance(report, CoinPrice):  # the caller's load then names the missing limits
        return {}
    return suggested_limits(spec_of(rules, mid=report.price, fee_taker=rules.fee_maker))


class PaperRun:
    """A paper run in a terminal: the live screen, then the closing account."""

    def __init__(self, settings: Settings, console: Console, seconds: float | None) -> None:
        self._settings, self._console, self._seconds = settings, console, seconds
        where = f"{settings.exchange} (simulated fills: {settings.paper_fill_model})"
        self._screen = DaemonScreen(settings, console, where=where)
        self._daemon: Daemon | None = None
        self._statistics: RunStatistics | None = None

    async def trade(self) -> ExitCode:
        """Trade until a stop; return the daemon's exit code. Raises StartFailed."""
        try:
            return await trade(self._settings, on_ready=self._on_ready, observers=(self._observe,))
        finally:
            await self._screen.close()

    def _on_ready(self, daemon: Daemon) -> None:
        self._daemon, self._statistics = daemon, RunStatistics(daemon.engine)
        if daemon.paper is not None:
            self._print_terms(daemon.paper.about)
        if self._seconds is not None:
            asyncio.get_running_loop().call_later(self._seconds, daemon.runner.stop)
        self._screen.on_ready(daemon)

    def _print_terms(self, about: Mapping[str, str]) -> None:
        settings, say = self._settings, self._console.print
        say(
            f"account: {about['balances']} ({about['account']}); orders of "
            f"{plain(settings.order_size)}, inventory up to {plain(settings.inventory_max)}",
            style="dim",
        )
        say(
            f"fills: {about['fill_model']}, latency {about['latency_ms']} ms; maker fee "
            f"{about['fee_maker_bps']} bps ({about['fee_maker_from']}), taker fee "
            f"{about['fee_taker_bps']} bps ({about['fee_taker_from']}); tick {about['tick']}, "
            f"lot {about['lot']}, minimum {about['size_min']} and {about['notional_min']}",
            style="dim",
        )

    def _observe(self, step: Step) -> None:
        if self._statistics is not None:
            self._statistics.observe(step)
        self._screen.observe(step)

    def finish(self, code: ExitCode, log_path: Path, *, json_output: bool) -> ExitCode:
        """Print the closing account, or the last errors if there was no run; return `code`."""
        daemon, statistics = self._daemon, self._statistics
        if daemon is None or daemon.paper is None or statistics is None:
            print_trouble(self._console, code, log_path)
            return code
        if code is not ExitCode.CLEAN:
            print_trouble(self._console, code, log_path)
        last, truth = daemon.runner.announcements.snapshot(), daemon.paper.truth()
        summary = run_summary(last, statistics, truth, own_prefix(self._settings))
        if json_output:
            sys.stdout.write(json.dumps(asdict(summary)) + "\n")
        else:
            print_summary(self._console, summary, last, truth)
        self._console.print(f"log: {log_path}", style="dim", highlight=False)
        return code
