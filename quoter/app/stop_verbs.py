"""`quoter kill` and `quoter rearm`: by files and a signal, or with a token over HTTP."""

from typing import Annotated

import typer

from quoter.app.control_verbs import TokenFile, kill_by_token, rearm_by_token
from quoter.app.options import USAGE, DataDir, Host, Port, address, fail, folder_of
from quoter.service.latch import Latch
from quoter.service.operator_requests import Rearmed, await_latch, request_kill
from quoter.service.operator_requests import rearm as lift

KILL_WAIT_S = 5.0

stops = typer.Typer()


@stops.command()
def kill(
    reason: Annotated[str, typer.Argument(help="For the record.")] = "quoter kill",
    data_dir: DataDir = None,
    wait: Annotated[float, typer.Option(min=0, max=60, help="Seconds to wait.")] = KILL_WAIT_S,
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Stop for good, now: no new order, cancel all. Survives restarts until `rearm`.

    By a file and a signal, without any token; with --token-file over HTTP instead.
    """
    if token_file is not None:
        kill_by_token(reason, token_file, address(host, port))
        return
    folder = folder_of(data_dir)
    before = Latch(folder).read()
    try:
        pid = request_kill(folder, reason)
    except OSError as error:
        fail(f"quoter kill: {error}", 1)
    if pid is None:
        typer.echo(f"No daemon runs on {folder}; its next start will be killed.")
        return
    record = await_latch(folder, wait, before=before)
    if record is None:
        fail(f"quoter kill: asked, but no latch in {folder} after {wait:g} s", 1)
    typer.echo(f"KILLED: {record.cause}: {record.text} (kill id {record.kill_id})")


@stops.command()
def rearm(
    kill_id: Annotated[str | None, typer.Option(help="Skip the question; for scripts.")] = None,
    data_dir: DataDir = None,
    accept_inventory: Annotated[
        str | None, typer.Option(help="Exactly what is held, if that is past the limit; base.")
    ] = None,
    reason: Annotated[str, typer.Option(help="For the record.")] = "quoter rearm",
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Lift a kill, after you have typed its id. With --token-file (risk) over HTTP."""
    if token_file is not None:
        where = address(host, port)
        rearm_by_token(kill_id, reason, accept_inventory, token_file, where)
        return
    folder = folder_of(data_dir)
    record = Latch(folder).read()
    if record is None:
        fail(f"quoter rearm: nothing to lift in {folder}", USAGE)
    typer.echo(f"KILLED by {record.cause}: {record.text}\nkill id: {record.kill_id}")
    typed = kill_id or typer.prompt("Type the kill id to re-arm").strip()
    match lift(folder, typed, accept_inventory or ""):
        case Rearmed.CLEARED:
            typer.echo("Re-armed: the next start may trade.")
        case Rearmed.REQUESTED:
            typer.echo("Asked the daemon: it trades again once its orders and books are in order.")
        case Rearmed.WRONG_ID:
            fail("quoter rearm: that is not the kill id; nothing changed", USAGE)
        case Rearmed.NOT_LATCHED:
            fail("quoter rearm: no longer latched; nothing changed", USAGE)
