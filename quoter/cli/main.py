"""The command line: verbs, exit codes, and never a traceback for a user's mistake.

Nothing heavy is imported up here: `--help` and `healthcheck` must answer at once.
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
from quoter.cli.options import LOOPBACK, DataDir, Host, Port, Scenario, address, fail, folder_of
from quoter.cli.simulate import simulate
from quoter.domain.errors import BadSetting, QuoterError
from quoter.service.exit_codes import ExitCode

HEALTH_S = 2.0
SANDBOX_PORT = 8765

app = typer.Typer(
    name="quoter",
    cls=CommandGroup,
    help="Avellaneda-Stoikov market maker for one symbol, with a sandbox exchange built in.",
    epilog="Settings come from QUOTER_* variables and .env: see `quoter env-example`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and with them secrets
)
app.add_typer(simulate)
app.add_typer(control_commands)
app.add_typer(kill_commands)
app.command()(drill)


def main() -> None:
    """Entry point of the `quoter` command."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: no verb fails for a letter
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


@app.command()
def demo(
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="How long to run.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another market.")] = 1,
    gamma: Annotated[
        float | None,
        typer.Option(
            min=1e-3, max=1e3, envvar="QUOTER_GAMMA", help="Risk aversion: 0.1 calm, 10 eager."
        ),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="End with one JSON line.")] = False,
) -> None:
    """Sandbox exchange and daemon together, live in this terminal. No key, no network."""
    from quoter.cli.demo import run_demo

    raise typer.Exit(run_demo(seconds=seconds, seed=seed, json_output=json_output, gamma=gamma))


@app.command()
def run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Live public feed, no order, no key needed.")
    ] = False,
) -> None:
    """Quote, until SIGTERM or Ctrl-C; then cancel, and verify that no own order is left."""
    from quoter.settings import Exposure, forget_secrets, load, reader

    exposed = list[Exposure]()
    settings = load(dry_run=dry_run, warn=exposed.append)
    again = reader()
    forget_secrets()
    from quoter.cli.run import run_daemon

    raise typer.Exit(run_daemon(settings, again, dry_run=dry_run, exposed=tuple(exposed)))


@app.command()
def sentinel() -> None:
    """Watch the daemon of QUOTER_DATA_DIR from outside, until SIGTERM or Ctrl-C.

    When its heartbeat stops, or its holdings pass the limit: cancel its orders, verify, latch
    KILLED. Needs the daemon's settings of venue and data folder, and a key of its own if you can.
    It has no way to create an order.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # never the end of who watches
    from quoter.settings import forget_secrets, load

    settings = load(for_sentinel=True)
    forget_secrets()
    from quoter.app.sentinel import run_sentinel

    raise typer.Exit(run_sentinel(settings))


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any free one.")] = SANDBOX_PORT,
    seed: Annotated[int, typer.Option(min=0, help="Seed of prices and takers.")] = 1,
    symbol: Annotated[str | None, typer.Option(help="One market only, such as BTC/USDT.")] = None,
    capture: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="Recorded market to replay; may be repeated."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1_000, help="Replay speed.")] = 1,
    disconnect_s: Annotated[
        float | None, typer.Option(min=1, max=86_400, help="End every socket at this age.")
    ] = None,
    shutdown_notice_s: Annotated[
        float, typer.Option(min=0, max=600, help="Announce that end so long before.")
    ] = 10,
    scenario: Annotated[
        Scenario | None, typer.Option(help="A crash, and a venue that fails in it.")
    ] = None,
    scenario_in_s: Annotated[float, typer.Option(min=0, max=86_400, help="When it begins.")] = 60,
    scenario_speed: Annotated[float, typer.Option(min=0.1, max=60, help="How fast it goes.")] = 1,
) -> None:
    """The sandbox exchange: Binance spot's dialect on real sockets, play money."""
    from quoter.cli.sandbox import run_sandbox, sandbox_config, with_crash

    config = sandbox_config(seed=seed, symbol=symbol, captures=capture or [], speed=speed)
    config = replace(config, disconnect_s=disconnect_s, shutdown_notice_s=shutdown_notice_s)
    if scenario is Scenario.CRASH:
        config = with_crash(config, in_s=scenario_in_s, time_scale=scenario_speed)
    raise typer.Exit(run_sandbox(config, host=host, port=port))


@app.command()
def check() -> None:
    """Connect, look at keys, filters, limits and clock, show the implied quote. No order."""
    from quoter.settings import Exposure, forget_secrets, load

    exposed = list[Exposure]()
    settings = load(warn=exposed.append)
    forget_secrets()
    from quoter.cli.check import run_check

    raise typer.Exit(run_check(settings, exposed=tuple(exposed)))


@app.command()
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
    live: Annotated[bool, typer.Option("--live", help="Ask the running daemon instead.")] = False,
    host: Host = None,
    port: Port = None,
) -> None:
    """From inputs to bid and ask, term by term, in price and basis points. Works offline."""
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
        fail(f"quoter explain: no quote follows from this: {error}", ExitCode.USAGE)


@app.command()
def healthcheck(host: Host = None, port: Port = None) -> None:
    """Exit 0 if the daemon's loop turns, else 1. For containers."""
    try:
        reply = call(address(host, port), "GET", "/healthz", seconds=HEALTH_S)
    except NoAnswer as error:
        fail(f"unhealthy: {error}", 1)
    if reply.status != 200 or reply.body.get("alive") is not True:
        fail(f"unhealthy: status {reply.status}, alive: {reply.body.get('alive')}", 1)


@app.command()
def accept(
    reason: Annotated[str, typer.Argument(help="For the record: why the venue is right.")],
    data_dir: DataDir = None,
) -> None:
    """After exit 40: close the books; the next start opens them at the venue's balances."""
    from quoter.cli.ledger import accept_venue

    raise typer.Exit(accept_venue(folder_of(data_dir), reason))


@app.command()
def ledger(data_dir: DataDir = None) -> None:
    """Epochs, runs, newest fills and sums of the data folder's ledger. Read only."""
    from quoter.cli.ledger import show_ledger

    raise typer.Exit(show_ledger(folder_of(data_dir)))


@app.command("env-example")
def env_example() -> None:
    """Every setting with unit, bounds and default, as an .env file."""
    from quoter.settings import env_example as text

    print(text(), end="")


if __name__ == "__main__":
    main()
