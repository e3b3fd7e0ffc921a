"""The command line: all commands, their exit codes, and one line instead of a traceback.

Heavy modules are imported inside the commands: `--help` and `healthcheck` must reply at once.
"""

import signal
import sys
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from quoter.cli import explain_options as of
from quoter.cli.command_group import CommandGroup
from quoter.cli.control import control_commands
from quoter.cli.control_client import read_state
from quoter.cli.daemon_client import NoAnswer, call
from quoter.cli.drill import drill
from quoter.cli.kill import kill_commands
from quoter.cli.options import (
    DATA_DIR,
    LOOPBACK,
    DataDir,
    Host,
    MarketKind,
    Port,
    Scenario,
    address,
    env_file_value,
    fail,
    folder_of,
)
from quoter.cli.sandbox_faults import fault_commands, refuse_server_options
from quoter.cli.simulate import simulate
from quoter.cli.sweep import sweep
from quoter.domain.errors import BadSetting, QuoterError
from quoter.service.exit_codes import ExitCode
from quoter.sim.fill_models import FillModel

HEALTH_S = 2.0
SANDBOX_PORT = 8765

app = typer.Typer(
    name="quoter",
    cls=CommandGroup,
    help="Avellaneda-Stoikov market maker for one symbol, with a sandbox exchange built in.",
    epilog="Settings come from QUOTER_* environment variables and .env: see `quoter env-example`. "
    "Exit codes: 0 success, 1 failure, 2 wrong argument or setting; `quoter run` has more, see the "
    "runbook. Without --host, --port and --data-dir the daemon is expected at 127.0.0.1:9464, in "
    "./data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and with them secrets
)
app.add_typer(simulate, rich_help_panel="Try it")
for family in (control_commands, kill_commands):
    for command in family.registered_commands:
        command.rich_help_panel = "Operate"
    app.add_typer(family)
app.command(rich_help_panel="Operate")(drill)
app.command(rich_help_panel="Try it")(sweep)


def main() -> None:
    """Entry point of the `quoter` command."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # as stderr: unprintable characters are escaped
    try:
        app()
    except BadSetting as error:
        fail(str(error), ExitCode.USAGE)
    except QuoterError as error:
        fail(f"quoter: {error}", 1)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("quoter"))
        raise typer.Exit


Simulated = Annotated[
    MarketKind,
    typer.Option(
        help="Simulated markets. model: prices and trades follow the formulas' own assumptions; "
        "real-like: standstills, bursts and queues as on recorded markets."
    ),
]


@app.command(rich_help_panel="Try it")
def demo(
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds to run.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated market.")] = 1,
    market: Simulated = MarketKind.MODEL,
    gamma: Annotated[
        float | None,
        typer.Option(
            min=1e-3,
            max=1e3,
            envvar="QUOTER_GAMMA",
            help="Risk aversion, normalised: 0.1 holds inventory longer, 10 reduces it faster.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="New or empty folder that keeps ledger, recording and log, for `quoter report` "
            "and `quoter replay`."
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON line.")
    ] = False,
) -> None:
    """Run the sandbox exchange and a daemon together, shown live. Needs no key and no network.

    Exit code 0 if the ledger equals the exchange's and no own order is left.
    """
    from quoter.cli.demo import run_demo

    code = run_demo(
        seconds=seconds,
        seed=seed,
        json_output=json_output,
        gamma=gamma,
        market=market.value,
        keep=keep,
    )
    raise typer.Exit(code)


@app.command(rich_help_panel="Try it")
def backtest(
    tape: Annotated[list[Path], typer.Argument(help="Files of one tape, in order.", exists=True)],
    symbol: Annotated[
        str | None, typer.Option(help="Symbol; default: the first in the tape.")
    ] = None,
    filters: Annotated[
        Path | None,
        typer.Option(
            help="File with Binance's answer to exchangeInfo; default: tick and lot are taken from "
            "the prices and sizes of the tape."
        ),
    ] = None,
    fill_model: Annotated[
        list[FillModel] | None, typer.Option(help="Fill model, repeatable; default: all four.")
    ] = None,
    latency_ms: Annotated[
        float, typer.Option(min=0, max=5_000, help="Median latency of each message, ms.")
    ] = 10.0,
    latency_spread: Annotated[
        float, typer.Option(min=1, max=100, help="99 % quantile of the latency / its median.")
    ] = 3.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the latency.")] = 1,
    seconds: Annotated[
        float, typer.Option(min=0, help="Seconds of the tape to play; 0: all of it.")
    ] = 0,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps recording and ledger of each run, a folder per fill model, for "
            "`quoter report` and `quoter replay`."
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON line.")
    ] = False,
) -> None:
    """Run the live engine on recorded market data; needs no key and no network.

    Tapes: recordings of `quoter record`, raw captures of Binance's combined streams, the public
    archives of Binance and Bybit, CSV files of Tardis.dev (incremental_book_L2 and trades), or
    hftbacktest's .npz; plain, .gz or .zip. Settings come from QUOTER_*
    variables and .env as for `run`; limits that are not set are the demo's. Results are bounds:
    deploy/docs/backtest.md says what each fill model assumes.
    """
    from quoter.backtest.fill_terms import DelayOptions
    from quoter.cli.backtest import BacktestOptions, run_backtest

    options = BacktestOptions(
        files=tuple(tape),
        symbol=symbol,
        filters=filters,
        models=tuple(fill_model or FillModel),
        delay=DelayOptions(median_ms=latency_ms, spread=latency_spread, seed=seed),
        seconds=seconds,
        json_output=json_output,
        keep=keep,
    )
    raise typer.Exit(run_backtest(options))


@app.command(rich_help_panel="Trade")
def run(
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show quotes, send no order. Needs no key; a key only reads the account's fee.",
        ),
    ] = False,
) -> None:
    """Quote until SIGTERM or Ctrl-C; then cancel all own orders and verify that none is left.

    Exit codes: 0 clean, 1 crashed, 2 wrong setting, 20 orders may be left, 21 unbooked fills, 30
    killed, 40 venue and ledger differ, 41 data folder in use, 42 ledger or code damaged, 43 key
    refused or with too many rights, 44 venue unavailable, 45 trial order failed, 50 memory above
    its limit: restart.

    The log goes to standard error; that of a dry run on a terminal to dry-run.log in
    QUOTER_DATA_DIR.
    """
    from quoter.settings import Exposure, forget_secrets, load, reader

    exposed = list[Exposure]()
    settings = load(dry_run=dry_run, reads_key=True, warn=exposed.append)
    again = reader()
    forget_secrets()
    from quoter.cli.run import run_daemon

    raise typer.Exit(run_daemon(settings, again, dry_run=dry_run, exposed=tuple(exposed)))


@app.command(rich_help_panel="Try it")
def paper(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Seconds to run; default: until Ctrl-C.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON line.")
    ] = False,
) -> None:
    """Trade on the live market without money: orders are filled by a simulated venue.

    Needs no key. Reads the public feed of QUOTER_EXCHANGE and QUOTER_SYMBOL; limits that are not
    set are the demo's at the market's price. The account is kept in QUOTER_DATA_DIR, the log in its
    paper.log. Exit codes as for `run`. As a service: QUOTER_ENVIRONMENT=paper quoter run.
    """
    from quoter.cli.paper import run_paper

    raise typer.Exit(run_paper(seconds=seconds, json_output=json_output))


@app.command(rich_help_panel="Trade")
def sentinel() -> None:
    """Monitor the daemon of QUOTER_DATA_DIR from a second process, until SIGTERM or Ctrl-C.

    If the heartbeat stops or the holdings exceed the limit, it cancels our orders, verifies that
    none is left, and latches the kill switch. Needs the daemon's settings of venue and data folder,
    and if possible a key of its own. It cannot create orders.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # SIGHUP must not end the sentinel
    from quoter.settings import forget_secrets, load

    settings = load(for_sentinel=True)
    forget_secrets()
    from quoter.app.sentinel import run_sentinel

    raise typer.Exit(run_sentinel(settings))


TlsFile = Annotated[
    Path | None, typer.Option(help="Serve over TLS; PEM file with a certificate and its key.")
]
PublicKeyFile = Annotated[
    Path | None,
    typer.Option(help="Ed25519 public key (PEM file) of the API key sandbox-key-ed25519."),
]
Captures = Annotated[
    list[Path] | None,
    typer.Option(exists=True, help="Recorded market data to replay; may be repeated."),
]
Speed = Annotated[
    float, typer.Option(min=0.01, max=1_000, help="Speed of the replay; 1: real time.")
]
Filters = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        help="File with Binance's answer to exchangeInfo, for the filters of --capture's symbol; "
        "default: they are taken from the prices and sizes of the recording.",
    ),
]


sandbox_commands = typer.Typer(name="sandbox", invoke_without_command=True)
sandbox_commands.add_typer(fault_commands)
app.add_typer(sandbox_commands, rich_help_panel="Try it")


@sandbox_commands.callback()
def sandbox(
    invocation: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port; 0: any free one.")
    ] = SANDBOX_PORT,
    seed: Annotated[int, typer.Option(min=0, help="Seed of prices and trades.")] = 1,
    market: Simulated = MarketKind.MODEL,
    symbol: Annotated[
        str | None, typer.Option(help="Only this market, such as BTC/USDT; default: all.")
    ] = None,
    capture: Captures = None,
    filters: Filters = None,
    speed: Speed = 1,
    disconnect_s: Annotated[
        float | None,
        typer.Option(
            min=1, max=86_400, help="Close every connection at this age, seconds; default: never."
        ),
    ] = None,
    shutdown_notice_s: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds from the announcement to the close.")
    ] = 10,
    tls: TlsFile = None,
    public_key: PublicKeyFile = None,
    scenario: Annotated[
        Scenario | None, typer.Option(help="Play a market crash during which the venue fails.")
    ] = None,
    scenario_in_s: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds until the scenario begins.")
    ] = 60,
    scenario_speed: Annotated[
        float, typer.Option(min=0.1, max=60, help="Speed of the scenario; 1: real time.")
    ] = 1,
) -> None:
    """Run the sandbox exchange: Binance spot's protocol on local sockets, with play money."""
    if invocation.invoked_subcommand is not None:
        refuse_server_options(invocation)
        return
    from quoter.cli.sandbox import run_sandbox, sandbox_config, tls_context, with_crash, with_key

    config = sandbox_config(
        seed=seed, symbol=symbol, captures=capture or [], speed=speed, filters=filters, kind=market
    )
    config = replace(config, disconnect_s=disconnect_s, shutdown_notice_s=shutdown_notice_s)
    if public_key is not None:
        config = with_key(config, public_key)
    if scenario is Scenario.CRASH:
        config = with_crash(config, in_s=scenario_in_s, time_scale=scenario_speed)
    context = None if tls is None else tls_context(tls)
    raise typer.Exit(run_sandbox(config, host=host, port=port, tls=context))


@app.command(rich_help_panel="Trade")
def check(
    place: Annotated[
        bool,
        typer.Option(
            "--place",
            help="Also start as `quoter run` does, place one order of the least size far from the "
            "market, find it at the venue, cancel it, and end.",
        ),
    ] = False,
) -> None:
    """Check key, market rules, limits and clock, and show the quote that follows from them.

    Sends no order without --place. Exit code 0 if `quoter run` can start, else the code with which
    it would fail.
    """
    from quoter.settings import Exposure, forget_secrets, load

    exposed = list[Exposure]()
    settings = load(warn=exposed.append)
    forget_secrets()
    from quoter.cli.check import run_check

    raise typer.Exit(run_check(settings, exposed=tuple(exposed), is_placing=place))


@app.command(rich_help_panel="Try it")
def explain(
    mid: of.Mid = 60_000,
    inventory: of.Inventory = 0,
    sigma: of.Sigma = 1.4,
    depth: of.Depth = 1.1,
    intensity: of.Intensity = 0.3,
    gamma: of.Gamma = 1,
    order_size: of.OrderSize = 0.005,
    inventory_max: of.InventoryMax = 0.05,
    tau: of.Tau = None,
    fee: of.Fee = 0,
    adverse: of.Adverse = 0,
    beta: of.Beta = 1,
    power: of.Power = 2,
    live: Annotated[
        bool,
        typer.Option("--live", help="Explain the current quote of the running daemon instead."),
    ] = False,
    host: Host = None,
    port: Port = None,
) -> None:
    """Explain a quote term by term, in price and basis points. Needs no network without --live."""
    from quoter.cli.explain import Market, explain_live, explain_market, show
    from quoter.domain.errors import InvalidInput
    from quoter.pricing.quote.shape import QuoteShape

    if live:
        show(explain_live(read_state(address(host, port))))
        return
    try:
        market = Market(
            mid=mid,
            sigma_bps=sigma,
            depth_bps=depth,
            intensity=intensity,
            inventory=inventory,
            order_size=order_size,
            inventory_max=inventory_max,
            gamma=gamma,
            fee_bps=fee,
            adverse_bps=adverse,
            tau_s=tau,
        )
        show(explain_market(market, QuoteShape(beta=beta, p=power)))
    except InvalidInput as error:
        fail(f"quoter explain: no quote can be computed: {error}", ExitCode.USAGE)


@app.command(rich_help_panel="Trade")
def healthcheck(host: Host = None, port: Port = None) -> None:
    """Exit with 0 if the daemon is alive, else with 1: a health check for containers."""
    try:
        reply = call(address(host, port), "GET", "/healthz", seconds=HEALTH_S)
    except NoAnswer as error:
        fail(f"unhealthy: {error}", 1)
    if reply.status != 200 or reply.body.get("alive") is not True:
        fail(f"unhealthy: status {reply.status}, alive: {reply.body.get('alive')}", 1)


@app.command(rich_help_panel="Records")
def accept(
    reason: Annotated[str, typer.Argument(help="Why the venue is right; recorded in the ledger.")],
    data_dir: DataDir = None,
) -> None:
    """Accept the venue's balances after exit code 40: the next start opens a new epoch."""
    from quoter.cli.records.ledger import accept_venue

    raise typer.Exit(accept_venue(folder_of(data_dir), reason))


@app.command(rich_help_panel="Records")
def ledger(data_dir: DataDir = None) -> None:
    """Show epochs, runs, operator commands, newest fills and sums of the ledger. Read-only."""
    from quoter.cli.records.ledger import show_ledger

    raise typer.Exit(show_ledger(folder_of(data_dir)))


@app.command(rich_help_panel="Records")
def record(
    out: Annotated[Path, typer.Option(help="Folder of the recordings.")] = Path("recordings"),
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Seconds to record; default: until Ctrl-C.")
    ] = None,
    max_mb: Annotated[
        int,
        typer.Option(
            min=10, help="Maximum size of the folder, MiB; the oldest files are deleted first."
        ),
    ] = 2_000,
) -> None:
    """Record the market of QUOTER_EXCHANGE and QUOTER_SYMBOL. Needs no key, sends no order.

    Exit codes: 0 recorded, 1 the disk failed, 2 wrong setting, 40 a check of the venue failed, 44
    venue unavailable.
    """
    from quoter.settings import forget_secrets, load

    settings = load(dry_run=True, for_sentinel=True)
    forget_secrets()
    from quoter.cli.records.record import run_record

    raise typer.Exit(run_record(settings, out, max_mb=max_mb, seconds=seconds))


Run = Annotated[
    str | None,
    typer.Argument(
        help="Run id, as `quoter ledger` shows it, a file of a recording, or a data folder: its "
        "newest run. Default: the newest run of QUOTER_DATA_DIR.",
        show_default=False,
    ),
]


@app.command(rich_help_panel="Records")
def replay(
    run: Run = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUOTER_NAME=VALUE",
            help="Also compute the quotes with this setting changed; may be repeated.",
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON line.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Replay a recorded run with this version's engine, and compare every command.

    Exit code 0: no difference; 1: the first difference, or an event that the engine fails on, is
    shown; 2: the recording is damaged, incomplete at its beginning, or of another format.
    """
    from quoter.cli.records.replay import run_replay
    from quoter.recording.blocks import RecordingError

    folder = data_dir or Path(env_file_value("QUOTER_DATA_DIR") or DATA_DIR)
    try:
        code = run_replay(run, data_dir=folder, changes=what_if or (), json_output=json_output)
    except (RecordingError, OSError) as error:
        fail(f"quoter replay: {error}", ExitCode.USAGE)
    raise typer.Exit(code)


@app.command(rich_help_panel="Records")
def report(
    run: Run = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write into; default: report-RUN.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin, such as 2026-11-30T19:00:00; UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End, not included.")] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the figures as one JSON line.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write a page about a recorded run, with its figures as JSON and CSV and its pictures as SVG.

    For runs of `run`, `demo --keep` and `backtest --keep`. The page needs no network.

    Exit code 0: written; 1: written, but this version's engine decides differently from the run, or
    the fills differ from the ledger's; 2: the recording or the ledger can't be read.
    """
    from quoter.cli.records.report import run_report, time_ns
    from quoter.ledger.schema import LedgerUnusable
    from quoter.recording.blocks import RecordingError
    from quoter.report.run_report import Period

    folder = data_dir or Path(env_file_value("QUOTER_DATA_DIR") or DATA_DIR)
    period = Period(since_ns=time_ns("--since", since), until_ns=time_ns("--until", until))
    try:
        code = run_report(run, data_dir=folder, period=period, out=out, json_output=json_output)
    except (RecordingError, LedgerUnusable, OSError) as error:
        fail(f"quoter report: {error}", ExitCode.USAGE)
    raise typer.Exit(code)


@app.command("env-example", rich_help_panel="Trade")
def env_example() -> None:
    """Print every setting with unit, bounds and default, as an .env file."""
    from quoter.settings import env_example as text

    print(text(), end="")


if __name__ == "__main__":
    main()
