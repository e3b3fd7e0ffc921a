"""`quoter pause`, `resume`, `reduce`, `flatten`, `params`, `status`: control a running daemon."""

import time
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from quoter.cli.control_client import (
    STATES,
    CommandRefused,
    NotDone,
    change_params,
    find_token,
    has_token,
    read_details,
    read_params,
    read_state,
    send_command,
)
from quoter.cli.daemon_client import Answer
from quoter.cli.options import DataDir, Host, Port, address, folder_of
from quoter.cli.status import state_lines, status_lines
from quoter.domain.errors import BadSetting
from quoter.domain.number_text import has_other_digits, plain, plain_json
from quoter.domain.outcomes import RefusalReason
from quoter.domain.trading import TradingState
from quoter.service.killswitch.command_fields import fit_reason
from quoter.service.killswitch.file_requests import ResumeRequest, request_resume

RESUME_WAIT_S = 5.0  # the daemon reads the folder several times a second
RESUME_DONE_S = 0.5  # from the daemon's reading of the file to the new state
NOT_RUNNING = 1  # exit code of `status`
# Refusals of a resume that may be due to a trading state other than the one the user saw.
STATE_DIFFERS = (RefusalReason.STATE_CHANGED, RefusalReason.KILLED)

# No `type` statements: typer does not resolve them.
Reason = Annotated[
    str | None, typer.Argument(help="Reason, for log and ledger.", show_default=False)
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the token; default: the one that QUOTER_<ROLE>_TOKEN_FILE names.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the daemon's JSON.")]

control_commands = typer.Typer()


@control_commands.command()
def pause(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """Stop quoting and cancel own orders, until `quoter resume`.

    Needs a token of the operator or risk role.
    """
    _send("pause", reason, ("operator", "risk"), token_file, host, port)


@control_commands.command()
def resume(
    reason: Reason = None,
    seen: Annotated[
        str | None,
        typer.Option(
            metavar="STATE",
            help="State that you saw, such as PAUSED; default: ask the daemon.",
        ),
    ] = None,
    data_dir: DataDir = None,
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Clear latched causes that pause or reduce, never a kill.

    Clears nothing if the state has changed since you saw it. Needs a token of the operator or risk
    role; without a token it writes a request file into the data folder.
    """
    where = address(host, port)
    if not has_token(("operator", "risk"), token_file):
        resume_by_file(reason or "quoter resume", seen, data_dir, where)
        return
    token = find_token(("operator", "risk"), token_file)
    if seen is None:
        seen = _show_what_is_cleared(where)
    elif seen not in STATES:
        raise BadSetting(f"--seen: must be one of {', '.join(STATES)} (got {seen})")
    body = {"reason": reason or "quoter resume", "seen": seen}
    try:
        state = send_command(where, "resume", token, body)
    except CommandRefused as refused:
        if refused.reason not in STATE_DIFFERS or refused.state == seen:
            raise
        text = f"not resumed: the state was {seen} when seen and is {refused.state} now"
        raise NotDone(f"{text}: check it with `quoter status`") from None
    typer.echo("It is:")
    _show(state_lines(state))


def resume_by_file(
    reason: str, seen: str | None, data_dir: Path | None, where: tuple[str, int]
) -> None:
    """Request a resume by a RESUME file, and print the state after it.

    `seen`: trading state that the user saw; None: the daemon is asked for it. Raises NotDone,
    BadSetting.
    """
    if seen is None:
        seen = _show_what_is_cleared(where)
    elif seen not in STATES:
        raise BadSetting(f"--seen: must be one of {', '.join(STATES)} (got {seen})")
    folder = folder_of(data_dir)
    request = ResumeRequest(TradingState[seen], fit_reason(reason))
    try:
        problem = request_resume(folder, request, RESUME_WAIT_S)
    except OSError as error:
        raise NotDone(f"not resumed: {folder} can't be written: {error.strerror}") from None
    if problem:
        raise NotDone(f"not resumed: {problem}")
    time.sleep(RESUME_DONE_S)
    typer.echo("It is:")
    _show(status_lines(read_state(where), read_details(where)))


def _show_what_is_cleared(where: tuple[str, int]) -> str:
    """Print the state before a resume, and return its name."""
    state = read_state(where)
    typer.echo("It was:")
    _show(state_lines(state))
    return str(state["trading_state"])


@control_commands.command()
def reduce(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """Allow only orders that shrink the inventory, until `quoter resume`.

    Needs a token of the operator or risk role.
    """
    _send("reduce", reason, ("operator", "risk"), token_file, host, port)


@control_commands.command()
def flatten(
    reason: Reason = None, token_file: TokenFile = None, host: Host = None, port: Port = None
) -> None:
    """Bring the inventory to its target and keep it there, until `quoter resume`.

    Needs a token of the risk role.
    """
    _send("flatten", reason, ("risk",), token_file, host, port)


@control_commands.command()
def params(
    changes: Annotated[
        list[str] | None,
        typer.Argument(help="Changes such as gamma=1.5; without any, the values are shown."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Reason, for log and ledger.")] = "quoter params",
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Show or change live parameters: one change every 5 s, at most to double or half the value.

    Showing needs a token of any role, changing one of the operator or risk role.
    """
    where = address(host, port)
    if not changes:
        token = find_token(("read", "operator", "risk"), token_file)
        _show_params(read_params(where, token))
        return
    body = {**_numbers(changes), "reason": reason}
    token = find_token(("operator", "risk"), token_file)
    live_params, valid = change_params(where, token, body)
    _show_params(live_params)
    typer.echo(f"done, {valid}")


@control_commands.command()
def status(as_json: AsJson = False, host: Host = None, port: Port = None) -> None:
    """Show the state and its causes. Exit 0 while LIVE and RUNNING, else 1. Needs no token."""
    where = address(host, port)
    state = read_state(where)
    if as_json:
        typer.echo(plain_json(state))
    else:
        _show(status_lines(state, read_details(where)))
    is_running = state.get("trading_state") == "RUNNING" and state.get("phase") == "LIVE"
    raise typer.Exit(0 if is_running else NOT_RUNNING)


def kill_by_token(reason: str, token_file: Path, where: tuple[str, int]) -> None:
    """Kill over HTTP with the token in `token_file`. Raises NotDone, BadSetting."""
    token = find_token((), token_file)
    _show(state_lines(send_command(where, "kill", token, {"reason": reason})))


def rearm_by_token(
    kill_id: str | None,
    reason: str,
    accept_inventory: str | None,
    token_file: Path,
    where: tuple[str, int],
) -> None:
    """Re-arm over HTTP with the risk token. Raises NotDone, BadSetting.

    `kill_id`: None: print the state and prompt for the id.
    """
    token = find_token((), token_file)
    if kill_id is None:
        state = read_state(where)
        if not state.get("kill_id"):
            raise NotDone("no kill is in force: nothing to re-arm")
        _show(state_lines(state))
        kill_id = typer.prompt("Type the kill id to re-arm").strip()
    body: dict[str, object] = {"reason": reason, "kill_id": kill_id}
    if accept_inventory is not None:
        body["accept_inventory"] = accept_inventory
    _show(state_lines(send_command(where, "rearm", token, body)))


def _send(
    name: str,
    reason: str | None,
    roles: tuple[str, ...],
    token_file: Path | None,
    host: str | None,
    port: str | None,
) -> None:
    token = find_token(roles, token_file)
    body = {"reason": reason or f"quoter {name}"}
    _show(state_lines(send_command(address(host, port), name, token, body)))


def _numbers(changes: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for change in changes:
        name, _, text = change.partition("=")
        try:
            value = float("" if has_other_digits(text) else text)
        except ValueError:
            value = float("nan")
        if not name or not isfinite(value):
            raise BadSetting(f"{name or change}: must be NAME=NUMBER (got {change})")
        if name == "reason":
            raise BadSetting("reason: is not a live parameter; give it with --reason")
        if name in found:
            raise BadSetting(f"{name}: is given twice ({plain(found[name])}, {plain(value)})")
        found[name] = value
    return found


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _show_params(live_params: Answer) -> None:
    for name, value in live_params.items():
        typer.echo(f"{name:18} {plain(value) if isinstance(value, int | float) else value}")
