"""`quoter pause`, `resume`, `reduce`, `flatten`, `params`, `status`: steer a running daemon."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from quoter.app.control_client import Answer, NotDone, ask, find_token
from quoter.app.options import Host, Port, address
from quoter.domain.errors import BadSetting

NOT_RUNNING = 1  # exit code of `status`

# No `type` statements: typer does not look behind them.
Reason = Annotated[str | None, typer.Argument(help="For the record.", show_default=False)]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the token; else QUOTER_*_TOKEN_FILE.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="The daemon's own answer.")]

control = typer.Typer()


@control.command()
def pause(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """No quotes until `resume`; own orders are cancelled. Token: operator."""
    _verb("pause", reason, ("operator", "risk"), token_file, host, port)


@control.command()
def resume(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """Lift latched pauses and reduces, never a kill. Token: operator."""
    _verb("resume", reason, ("operator", "risk"), token_file, host, port)


@control.command()
def reduce(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """Only orders that shrink the inventory, until `resume`. Token: operator."""
    _verb("reduce", reason, ("operator", "risk"), token_file, host, port)


@control.command()
def flatten(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """Bring the inventory to its target and stay there until `resume`. Token: risk."""
    _verb("flatten", reason, ("risk",), token_file, host, port)


@control.command()
def params(
    changes: Annotated[
        list[str] | None, typer.Argument(help="Such as gamma=1.5; none: only show.")
    ] = None,
    reason: Annotated[str, typer.Option(help="For the record.")] = "quoter params",
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Show the knobs, or turn some: at most twice or half, every 5 s. Token: read, operator."""
    where = address(host, port)
    if not changes:
        token = find_token(("read", "operator", "risk"), token_file)
        told = ask(where, "GET", "/v1/params", token=token)
    else:
        body = {**_numbers(changes), "reason": reason}
        token = find_token(("operator", "risk"), token_file)
        told = ask(where, "PATCH", "/v1/params", token=token, body=body)
    knobs = told.get("params")
    for name, value in knobs.items() if isinstance(knobs, dict) else ():
        typer.echo(f"{name:18} {value:g}")
    if changes:
        typer.echo(f"done, {told.get('valid')}")


@control.command()
def status(as_json: AsJson = False, host: Host = None, port: Port = None) -> None:
    """What it does and why not more. Exit 0 while it is RUNNING, else 1. No token."""
    told = ask(address(host, port), "GET", "/state")
    if as_json:
        typer.echo(json.dumps(told))
    else:
        _show_status(told)
    is_running = told.get("trading_state") == "RUNNING" and told.get("phase") == "LIVE"
    raise typer.Exit(0 if is_running else NOT_RUNNING)


def kill_by_token(reason: str, token_file: Path, where: tuple[str, int]) -> None:
    """`quoter kill` where only the network leads to the daemon. Raises NotDone, BadSetting."""
    token = find_token((), token_file)
    _show_state(ask(where, "POST", "/v1/kill", token=token, body={"reason": reason}))


def rearm_by_token(
    kill_id: str | None,
    reason: str,
    accept_inventory: str | None,
    token_file: Path,
    where: tuple[str, int],
) -> None:
    """`quoter rearm` with the risk token. Raises NotDone, BadSetting."""
    token = find_token((), token_file)
    if kill_id is None:
        state = ask(where, "GET", "/state")
        if not state.get("kill_id"):
            raise NotDone("nothing to lift")
        _show_state(state)
        kill_id = typer.prompt("Type the kill id to re-arm").strip()
    body: dict[str, object] = {"reason": reason, "kill_id": kill_id}
    if accept_inventory is not None:
        body["accept_inventory"] = accept_inventory
    _show_state(ask(where, "POST", "/v1/rearm", token=token, body=body))


def _verb(
    name: str,
    reason: str | None,
    roles: tuple[str, ...],
    token_file: Path | None,
    host: str | None,
    port: str | None,
) -> None:
    token = find_token(roles, token_file)
    body = {"reason": reason or f"quoter {name}"}
    _show_state(ask(address(host, port), "POST", f"/v1/{name}", token=token, body=body))


def _numbers(changes: list[str]) -> dict[str, float]:
    found = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise BadSetting(f"{name}: must be NAME=NUMBER (got {change})") from None
    return found


def _show_state(told: Answer) -> None:
    typer.echo(f"{told.get('trading_state')} ({told.get('phase')})")
    causes = told.get("causes")
    for cause, text in causes.items() if isinstance(causes, dict) else ():
        typer.echo(f"  {cause}: {text}")
    if told.get("kill_id"):
        typer.echo(f"kill id: {told['kill_id']}")


def _show_status(told: Answer) -> None:
    typer.echo(" ".join(str(told.get(name)) for name in ("environment", "exchange", "symbol")))
    _show_state(told)
    held, orders, pnl = (told.get(name) for name in ("inventory", "orders", "pnl_quote"))
    if isinstance(held, Mapping):
        typer.echo(
            f"inventory {_plain(held.get('inventory_base'))} base, limit "
            f"{_plain(held.get('limit_base'))}, worst case "
            f"{_plain(held.get('exposure_sell_base'))} to {_plain(held.get('exposure_buy_base'))}"
        )
    if isinstance(orders, list):
        typer.echo(f"orders {len(orders)}")
        for order in orders:
            typer.echo(
                "  " + " ".join(_plain(order.get(name)) for name in ("side", "size", "price"))
            )
    if isinstance(pnl, Mapping):
        typer.echo(f"profit {_plain(pnl.get('total'))} quote")


def _plain(told: object) -> str:
    """An exact number as people write it, not 0E-8; whatever else there is as it is."""
    try:
        return f"{Decimal(str(told)):f}"
    except InvalidOperation:
        return str(told)
