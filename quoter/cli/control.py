"""`quoter pause`, `resume`, `reduce`, `flatten`, `params`, `status`: steer a running daemon."""

import json
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from quoter.cli.control_client import (
    STATES,
    NotDone,
    Refused,
    act,
    find_token,
    read_details,
    read_params,
    read_state,
    turn_params,
)
from quoter.cli.daemon_client import Answer
from quoter.cli.options import Host, Port, address
from quoter.cli.status import state_lines, status_lines
from quoter.domain.errors import BadSetting
from quoter.domain.number_text import plain

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
    reason: Reason = None,
    seen: Annotated[
        str | None,
        typer.Option(
            metavar="STATE", help="What you saw, such as PAUSED; else it is looked up and shown."
        ),
    ] = None,
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Lift latched pauses and reduces, never a kill. Token: operator.

    Nothing happens if the state is not (any more) the one that was seen.
    """
    token, where = find_token(("operator", "risk"), token_file), address(host, port)
    if seen is None:
        told = read_state(where)
        seen = str(told["trading_state"])
        typer.echo("It was:")
        _show(state_lines(told))
    elif seen not in STATES:
        raise BadSetting(f"--seen: must be one of {', '.join(STATES)} (got {seen})")
    body = {"reason": reason or "quoter resume", "seen": seen}
    try:
        told = act(where, "resume", token, body)
    except Refused as refused:
        if refused.state in (None, seen):
            raise
        text = f"not resumed: it was {seen} when seen and is {refused.state} by now"
        raise NotDone(f"{text}: look again with `quoter status`") from None
    typer.echo("It is:")
    _show(state_lines(told))


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
        _show_knobs(read_params(where, token))
        return
    body = {**_numbers(changes), "reason": reason}
    token = find_token(("operator", "risk"), token_file)
    live_params, valid = turn_params(where, token, body)
    _show_knobs(live_params)
    typer.echo(f"done, {valid}")


@control.command()
def status(as_json: AsJson = False, host: Host = None, port: Port = None) -> None:
    """What it does and why not more. Exit 0 while it is RUNNING, else 1. No token."""
    where = address(host, port)
    told = read_state(where)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        _show(status_lines(told, read_details(where)))
    is_running = told.get("trading_state") == "RUNNING" and told.get("phase") == "LIVE"
    raise typer.Exit(0 if is_running else NOT_RUNNING)


def kill_by_token(reason: str, token_file: Path, where: tuple[str, int]) -> None:
    """`quoter kill` where only the network leads to the daemon. Raises NotDone, BadSetting."""
    token = find_token((), token_file)
    _show(state_lines(act(where, "kill", token, {"reason": reason})))


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
        state = read_state(where)
        if not state.get("kill_id"):
            raise NotDone("nothing to lift")
        _show(state_lines(state))
        kill_id = typer.prompt("Type the kill id to re-arm").strip()
    body: dict[str, object] = {"reason": reason, "kill_id": kill_id}
    if accept_inventory is not None:
        body["accept_inventory"] = accept_inventory
    _show(state_lines(act(where, "rearm", token, body)))


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
    _show(state_lines(act(address(host, port), name, token, body)))


def _numbers(changes: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for change in changes:
        name, _, text = change.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not name or not isfinite(value):
            raise BadSetting(f"{name or change}: must be NAME=NUMBER (got {change})")
        if name == "reason":
            raise BadSetting("reason: is no knob; say why with --reason")
        if name in found:
            raise BadSetting(f"{name}: is given twice ({plain(found[name])}, {plain(value)})")
        found[name] = value
    return found


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _show_knobs(live_params: Answer) -> None:
    for name, value in live_params.items():
        typer.echo(f"{name:18} {plain(value) if isinstance(value, int | float) else value}")
