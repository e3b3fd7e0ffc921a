"""`quoter check`: check everything that a start depends on. Only --place sends an order."""

import asyncio
from decimal import Decimal

import uvloop
from rich.console import Console
from rich.markup import escape

from quoter.app.composition import RunInputs, make_runner
from quoter.app.daemon import trade
from quoter.app.limit_checks import blocking_limits, check_target, setting_warnings
from quoter.app.opening_reconciliation import report_text
from quoter.app.paper import account_terms, known_account, venue_terms
from quoter.app.setting_errors import exit_code_for, text_for
from quoter.app.settings_summary import summarise
from quoter.app.settings_to_config import (
    calibration_bounds,
    engine_config,
    last_calibration,
    venue_config,
)
from quoter.app.startup import StartFailed
from quoter.cli.explain import table
from quoter.domain.commands import RequestReport
from quoter.domain.errors import CodeAltered, KeyRefused, VenueError, VenueUnavailable
from quoter.domain.events import BalanceReport
from quoter.domain.instrument import Instrument
from quoter.domain.quotes import QuoteTerms
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause
from quoter.engine.engine import Engine
from quoter.pricing.quote.explain import explain
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.service.runner import Runner
from quoter.service.saved_calibration import usable_calibration
from quoter.settings import Environment, Exposure, Settings
from quoter.telemetry.logs import configure_logs
from quoter.telemetry.metrics import Metrics
from quoter.telemetry.redaction import Redactor, clean
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.factory import check_signing_code, make_feed, make_gateway
from quoter.venues.profiles import VenueProfile, profile_of

QUOTE_S_MAX = 30.0


def run_check(
    settings: Settings, exposed: tuple[Exposure, ...] = (), *, is_placing: bool = False
) -> int:
    """Print the checks and the implied quote; return 0 or the exit code of the first failure.

    `is_placing`: if every check passes, also start like `quoter run`, place the trial order, and
    end. `exposed`: secrets that other users can read.
    """
    configure_logs(log_format="pretty", level="error", redactor=Redactor(settings.secrets()))
    console = Console()
    for one in exposed:
        console.print(f"warning: {one.setting}: {one.text}", style="yellow", markup=False)
    return uvloop.run(_run(settings, console, is_placing=is_placing))


async def _run(settings: Settings, console: Console, *, is_placing: bool) -> ExitCode:
    check = Check(settings, console)
    code = await check.run()
    return await check.place() if is_placing and code is ExitCode.CLEAN else code


class Check:
    """The checks of one start, printed line by line."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._clock = Clock()
        self._terms: QuoteTerms | None = None

    async def run(self) -> ExitCode:
        """Check settings, code, key, venue, limits and quote; stop at the first failure.

        Returns the exit code: CLEAN, or that of the failure.
        """
        settings = self._settings
        self._say("settings", f"{settings.environment}, {settings.exchange}, {settings.symbol}")
        config = venue_config(settings)
        try:
            check_signing_code(config)
            gateway = make_gateway(config, now_ns=self._clock.now_ns)
        except CodeAltered as error:
            return self._fail(ExitCode.INTEGRITY, "code", error)
        except VenueError as error:
            return self._fail(exit_code_for(error), "exchange", text_for(error, settings))
        try:
            return await self._venue(gateway, config)
        except VenueError as error:
            what = "key" if isinstance(error, KeyRefused) else "venue"
            return self._fail(exit_code_for(error), what, text_for(error, settings))
        finally:
            await gateway.close()

    async def place(self) -> ExitCode:
        """Run a daemon as `quoter run` does; it places the trial order and ends.

        Returns its exit code.
        """
        try:
            code = await trade(self._settings, observers=(self._show_trial,), is_trial_only=True)
        except StartFailed as error:
            return self._fail(error.code, "trial", error)
        if code is not ExitCode.CLEAN:
            return self._fail(code, "trial", f"the run ended with exit code {int(code)}")
        return code

    def _show_trial(self, step: Step) -> None:
        if step.trial is not None and step.trial.is_passed:
            self._say("trial", step.trial.text)

    async def _venue(self, gateway: CcxtGateway, config: VenueConfig) -> ExitCode:
        instrument = await gateway.connect()
        self._proof(profile_of(config.exchange))
        if (sample := gateway.clock.latest) is not None:
            self._say("clock", f"venue minus ours {sample.offset_ns / 1e6:+.1f} ms")
        self._say(
            "filters",
            f"tick {instrument.tick:f}, lot {instrument.lot:f}, minimum size "
            f"{instrument.size_min:f}, minimum notional {instrument.notional_min:f} "
            f"{instrument.quote}, maker fee {instrument.fee_maker * 10_000:f} bps",
        )
        opening = await self._account(gateway, instrument)
        now_ns, history = self._clock.now_ns(), await gateway.market_history()
        scale = calibration_bounds(self._settings, instrument, history)
        engine = Engine(
            engine_config(
                self._settings,
                instrument,
                start_ns=now_ns,
                opening=opening,
                history=history,
                calibration=usable_calibration(last_calibration(self._settings), now_ns, scale),
                is_dry=True,
            )
        )
        self._limits(instrument)
        try:
            check_target(engine.config)
        except StartFailed as error:
            return self._fail(error.code, "limits", error)
        await self._watch(engine, config, instrument)
        return self._quote(engine)

    async def _account(self, gateway: CcxtGateway, instrument: Instrument) -> dict[str, Decimal]:
        """Check the key, and return the free balances by coin. Raises VenueUnavailable."""
        if self._settings.environment is Environment.PAPER:
            return self._paper(gateway, instrument)
        held = await gateway.report(RequestReport(kind=ReportKind.BALANCES))
        if not isinstance(held, BalanceReport):
            raise VenueUnavailable(f"the venue did not report our balances: {report_text(held)}")
        self._balances(held, instrument)
        self._rights(gateway)
        return dict(held.free)

    def _paper(self, gateway: CcxtGateway, rules: Instrument) -> dict[str, Decimal]:
        """Show the terms of a paper run, and return its balances."""
        account = known_account(self._settings, rules, start_ns=self._clock.now_ns())
        about = venue_terms(self._settings, rules, gateway) | account_terms(account)
        self._say("key", f"none is needed; {about['balances']} ({about['account']})")
        self._say(
            "fills",
            f"simulated, {self._settings.paper_fill_model}; latency "
            f"{self._settings.paper_latency_ms:g} ms, maker fee "
            f"{about['fee_maker_bps']} bps ({about['fee_maker_from']}), taker fee "
            f"{about['fee_taker_bps']} bps ({about['fee_taker_from']})",
        )
        return dict(account.balances)

    def _proof(self, profile: VenueProfile) -> None:
        where = self._settings.environment
        text = f"{profile.name}: order ids, lists, fees and errors are verified"
        if where is Environment.PAPER:
            text = f"{profile.name} {self._settings.system}: only its market is read"
        elif profile.refusal:
            text = f"on its {where} a trial order comes first; production is refused: "
            text += profile.refusal
        self._say("venue", text)

    def _balances(self, held: BalanceReport, instrument: Instrument) -> None:
        zero = Decimal(0)
        shown = (
            f"{held.free.get(asset, zero):f} {asset} free, {held.locked.get(asset, zero):f} locked"
            for asset in (instrument.base, instrument.quote)
        )
        self._say("key", "accepted; " + "; ".join(shown))

    def _rights(self, gateway: CcxtGateway) -> None:
        if gateway.key_monitor.is_verified:
            self._say("rights", "the key can trade and can't withdraw")
        for _, text in gateway.warnings:
            self._console.print(f"warning: {clean(text)}", style="yellow", markup=False)

    def _limits(self, instrument: Instrument) -> None:
        settings = self._settings
        self._say(
            "limits",
            f"inventory ±{settings.inventory_max:f} {instrument.base} "
            f"({float(settings.inventory_max / settings.order_size):g} orders of "
            f"{settings.order_size:f}), loss {settings.loss_max:f} {instrument.quote}, "
            f"one order {settings.notional_max:f} {instrument.quote}",
        )

    async def _watch(self, engine: Engine, config: VenueConfig, instrument: Instrument) -> None:
        """Follow the public feed until a quote is computed, for at most QUOTE_S_MAX."""
        settings = self._settings
        runner = make_runner(
            RunInputs(
                engine=engine,
                feed=make_feed(config, instrument, now_ns=self._clock.now_ns),
                gateway=None,
                clock=self._clock,
                metrics=Metrics(
                    symbol=settings.symbol,
                    venue=settings.exchange,
                    environment=settings.environment,
                ),
                folder=None,
                observers=(lambda step: self._stop_when_known(step, runner),),
            )
        )
        with self._console.status("following the market for a few seconds …"):
            asyncio.get_running_loop().call_later(QUOTE_S_MAX, runner.stop)
            await runner.run()

    def _quote(self, engine: Engine) -> ExitCode:
        terms = self._terms
        summary = summarise(engine, terms) if terms is not None else None
        causes = engine.causes.switch.causes
        if Cause.VENUE_STATUS in causes:
            text = f"the market is closed: {causes[Cause.VENUE_STATUS]}"
            return self._fail(ExitCode.VENUE_UNAVAILABLE, "quote", text)
        if terms is None or summary is None:
            missing = [f"{name} × {times}" for name, times in engine.counts.items()]
            missing += [f"{cause}: {text}" for cause, text in causes.items()]
            text = f"no quote within {QUOTE_S_MAX:g} s: {', '.join(missing) or 'no market data'}"
            return self._fail(ExitCode.START_FAILED, "quote", text)
        rows, warnings = summary
        self._console.print(table("settings summary", rows))
        self._console.print(table("implied quote", explain(terms)))
        if lines := blocking_limits(engine, terms.inputs.fair):
            return self._fail(ExitCode.USAGE, "limits", "; ".join(lines))
        for line in (*warnings, *setting_warnings(engine, terms)):
            self._console.print(f"warning: {line}", style="yellow", markup=False)
        self._say("result", "ready for `quoter run`")
        return ExitCode.CLEAN

    def _stop_when_known(self, step: Step, runner: Runner) -> None:
        """Stop at the first quote, or when the venue reports the market as closed."""
        if self._terms is None and step.quote is not None and step.quote.terms is not None:
            self._terms = step.quote.terms
            runner.stop()
        elif step.state is not None and Cause.VENUE_STATUS in dict(step.state.raised):
            runner.stop()

    def _say(self, what: str, text: str) -> None:
        self._console.print(f"[green]ok[/]  {what:<9} {escape(clean(text))}", highlight=False)

    def _fail(self, code: ExitCode, what: str, why: object) -> ExitCode:
        self._console.print(f"[red]no[/]  {what:<9} ", end="", highlight=False)
        self._console.print(clean(str(why)), markup=False, highlight=False, soft_wrap=True)
        return code
