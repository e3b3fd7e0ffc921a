"""`quoter kill` and `quoter rearm`: by request files and a signal, or with a token over HTTP."""

import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from quoter.cli.control import TokenFile, kill_by_token, rearm_by_token
from quoter.cli.control_client import NotDone, read_state
from quoter.cli.options import (
    DATA_DIR,
    DataDir,
    EnvFileUnreadable,
    Host,
    Port,
    address,
    env_file_value,
    fail,
    folder_of,
)
from quoter.domain.errors import BadSetting, QuoterError
from quoter.domain.trading import TradingState
from quoter.ledger.reader import may_have_orders
from quoter.service.data_folder import LOCK
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    read_heartbeat,
)
from quoter.service.killswitch.command_fields import check_reason, fit_reason, parse_amount
from quoter.service.killswitch.file_requests import (
    NO_REASON,
    KillRequest,
    Rearmed,
    await_latch,
    await_rearm,
    request_kill,
)
from quoter.service.killswitch.file_requests import rearm as lift
from quoter.service.killswitch.latch import Latch
from quoter.service.running_daemons import folder_now
from quoter.telemetry.redaction import clean

KILL_WAIT_S = 5.0
REARM_WAIT_S = 40.0  # longer than the daemon's own attempts, so that its final answer is shown
ORDERS_WAIT_S = 20.0  # longer than the proof takes that an unanswered order does not exist
POLL_S = 0.1

kill_commands = typer.Typer()


@kill_commands.command()
def kill(
    reason: Annotated[str, typer.Argument(help="Reason, for log and ledger.")] = "quoter kill",
    data_dir: DataDir = None,
    wait: Annotated[
        float, typer.Option(min=0, max=60, help="Seconds to wait until the kill is on the disk.")
    ] = KILL_WAIT_S,
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Stop trading at once and cancel own orders; only `quoter rearm` ends this, not a restart.

    Works by a file and a signal, without a token; with --token-file over HTTP instead. Exit code 1
    if own orders may rest at the venue 20 s after the kill, or that is not known.
    """
    reason = fit_reason(reason) or "quoter kill"
    if token_file is not None:
        where = address(host, port)
        kill_by_token(reason, token_file, where)
        _report_orders(partial(_orders_by_http, where))
        return
    folder, is_certain = _folder_to_kill(data_dir)
    before = Latch(folder).read()
    request = request_kill(folder, reason)
    if request.file_error:
        typer.echo(f"quoter kill: {request.file_error}", err=True)
    if request.moved:
        _report_moved(folder, request, wait)
        return
    if request.pid is None:
        _report_no_daemon(folder, request, is_certain=is_certain)
        return
    record = await_latch(folder, wait, before=before)
    if record is None:
        text = f"{_how_requested(request)}, but no kill was latched in {folder} within {wait:g} s"
        fail(f"quoter kill: {text}. {_cancel_at_venue(folder).text}", 1)
    typer.echo(f"KILLED: {record.cause}: {record.text} (kill id {record.kill_id})")
    _report_orders(partial(_orders_by_heartbeat, folder, request.pid))


def _report_orders(orders_left: Callable[[], int | None]) -> None:
    """Wait until the killed daemon has no order that may be open; exit code 1 if it still has one.

    `orders_left` returns their number; None if that is not known.
    """
    end_s = time.monotonic() + ORDERS_WAIT_S
    while (left := orders_left()) != 0 and time.monotonic() < end_s:
        time.sleep(POLL_S)
    if left == 0:
        return
    what = "whether own orders rest at the venue is not known"
    if left is not None:
        what = f"{left} own orders may still rest at the venue"
    todo = "see the causes in `quoter status`, and look at the venue's own page"
    fail(f"quoter kill: {what} after {ORDERS_WAIT_S:g} s: {todo}", 1)


def _orders_by_heartbeat(folder: Path, pid: int) -> int | None:
    """Return the orders of the killed daemon that may be open; None if that is not known."""
    found = read_heartbeat(folder / HEARTBEAT, DaemonHeartbeat)
    if found is None or found.pid != pid or found.state != TradingState.KILLED.name:
        return None if may_have_orders(folder) else 0
    return 0 if found.status is RunStatus.STOPPED else found.orders


def _orders_by_http(where: tuple[str, int]) -> int | None:
    try:
        state = read_state(where)
    except NotDone:
        return None
    orders = state.get("orders")
    is_killed = state.get("trading_state") == TradingState.KILLED.name
    return len(orders) if is_killed and isinstance(orders, list) else None


def _folder_to_kill(data_dir: Path | None) -> tuple[Path, bool]:
    """Return the data folder, and whether it is surely the configured one.

    If .env can't be read the default folder is used, so that the kill does not fail.
    """
    try:
        return data_dir or Path(env_file_value("QUOTER_DATA_DIR") or DATA_DIR), True
    except EnvFileUnreadable as error:
        typer.echo(f"warning: {error}; using {DATA_DIR} as the data folder", err=True)
        return DATA_DIR, False


def _report_no_daemon(folder: Path, request: KillRequest, *, is_certain: bool) -> None:
    """Report that no daemon runs, and whether its next start will be killed.

    If the folder is certain, first cancel the orders that an earlier run may have left at the
    venue.
    """
    no_daemon = f"no daemon is running with the data folder {folder}"
    if not is_certain:
        fail(f"quoter kill: {no_daemon}; give the right one with --data-dir", 1)
    found = _cancel_at_venue(folder)
    if not request.is_filed:
        fail(
            f"quoter kill: {no_daemon}, and the request could not be stored: its next start will "
            f"not be killed. {found.text}",
            1,
        )
    if not found.is_flat:
        fail(f"quoter kill: {no_daemon}; its next start will be killed. {found.text}", 1)
    typer.echo(f"N{no_daemon[1:]}; its next start will be killed. {found.text}")


def _report_moved(folder: Path, request: KillRequest, wait: float) -> None:
    """Report the signalled daemons whose data folder was moved or deleted."""
    found, records = _cancel_at_venue(folder), []
    for pid in request.moved:
        now = folder_now(pid, LOCK)
        record = await_latch(now, wait) if now is not None else None
        where = f"moved to {now}" if now is not None else "deleted"
        typer.echo(f"Signalled process {pid}: its data folder {folder} was {where}.")
        if record is not None:
            records.append(record)
            typer.echo(f"KILLED: {record.cause}: {record.text} (kill id {record.kill_id})")
    if len(records) < len(request.moved):
        fail(f"quoter kill: not latched: a restart may trade again. {found.text}", 1)
    if not found.is_flat:
        fail(f"quoter kill: {found.text}", 1)
    typer.echo(found.text)


class _AtVenue(NamedTuple):
    """Result of a cancel at the venue. `is_flat`: no own order is left, as far as is known."""

    is_flat: bool
    text: str


def _cancel_at_venue(folder: Path) -> _AtVenue:
    """Cancel our orders from this process; return how many are left, or why that is unknown.

    Needs the settings of venue and key.
    """
    from quoter.settings import forget_secrets, load  # noqa: PLC0415 - a kill by file needs neither

    try:
        settings = load(for_sentinel=True)
        forget_secrets()
        from quoter.app.venue_cancel import cancel_at_venue  # noqa: PLC0415 - the same

        left = cancel_at_venue(settings, folder)
    except (QuoterError, ValueError, OSError) as error:
        why = clean(str(error))
        text = f"Orders at the venue were not cancelled from here: {why}"
        return _AtVenue(not may_have_orders(folder), text)
    if left:
        return _AtVenue(is_flat=False, text=f"At the venue {left} own orders are left.")
    return _AtVenue(is_flat=True, text="At the venue no own order is left.")


def _how_requested(request: KillRequest) -> str:
    """Return how the kill was requested, for a message."""
    if request.pid:
        return f"signalled process {request.pid}"
    return "left the KILL file" if request.is_filed else "could not request the kill"


@kill_commands.command()
def rearm(
    kill_id: Annotated[
        str | None, typer.Option(help="Kill id, instead of the prompt; for scripts.")
    ] = None,
    data_dir: DataDir = None,
    accept_inventory: Annotated[
        str | None,
        typer.Option(help="The exact inventory held, base currency, if it is above the limit."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Reason, for log and ledger.")] = NO_REASON,
    wait: Annotated[
        float,
        typer.Option(min=1, max=99, metavar="SECONDS", help="Seconds to wait for the daemon."),
    ] = REARM_WAIT_S,
    token_file: TokenFile = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Clear a kill, after you have typed its kill id; over HTTP with --token-file (role risk).

    A running daemon first checks its orders, balances and inventory, for up to 30 s. Exit code 0 if
    the kill is cleared.
    """
    accepted, reason = _amount(accept_inventory), _checked_reason(reason)
    if token_file is not None:
        where = address(host, port)
        rearm_by_token(kill_id, reason, accept_inventory, token_file, where)
        return
    folder = folder_of(data_dir)
    record = Latch(folder).read()
    if record is None:
        fail(f"quoter rearm: no kill is latched in {folder}", ExitCode.USAGE)
    typer.echo(f"KILLED by {record.cause}: {record.text}\nkill id: {record.kill_id}")
    typed = kill_id or typer.prompt("Type the kill id to re-arm").strip()
    try:
        how = lift(folder, typed, accept_inventory=accepted, reason=reason)
    except OSError as error:
        text = f"can't write to {folder}: {error.strerror}"
        fail(f"quoter rearm: not re-armed, the kill is still in force: {text}", 1)
    match how:
        case Rearmed.CLEARED:
            text = f"no daemon is running with the data folder {folder}, its next start may trade"
            typer.echo(f"Re-armed: {text}.")
        case Rearmed.REQUESTED:
            _await_daemon(folder, typed, wait)
        case Rearmed.WRONG_ID:
            fail("quoter rearm: that is not the kill id; nothing changed", ExitCode.USAGE)
        case Rearmed.NOT_LATCHED:
            fail("quoter rearm: the kill is no longer latched; nothing changed", ExitCode.USAGE)


def _await_daemon(folder: Path, kill_id: str, wait: float) -> None:
    """Wait for the daemon's answer and print it."""
    typer.echo("Requested: the daemon checks its orders, balances and inventory.")
    refusal = await_rearm(folder, kill_id, wait, lambda text: typer.echo(f"not yet: {text}"))
    if refusal:
        fail(f"quoter rearm: not re-armed, the kill is still in force: {refusal}", 1)
    typer.echo(
        "Re-armed: the kill is lifted. "
        "`quoter status` shows whether other causes still stop quoting."
    )


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return parse_amount(text)
    except ValueError as error:
        raise BadSetting(f"--accept-inventory: {error} (got {clean(text)})") from None


def _checked_reason(reason: str) -> str:
    """Return the reason. Raises BadSetting if the control API would refuse it."""
    try:
        return check_reason(reason)
    except ValueError as error:
        raise BadSetting(f"--reason: {error} (got {clean(reason.strip())})") from None
