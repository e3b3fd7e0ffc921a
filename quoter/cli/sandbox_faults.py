"""`quoter sandbox fault`: arm, list and clear faults of a running sandbox."""

import http.client
import json
from typing import Annotated, cast
from urllib.parse import urlsplit

import typer

from quoter.cli.control_client import NotDone
from quoter.cli.options import env_file_value
from quoter.domain.errors import BadSetting
from quoter.telemetry.redaction import clean

DEFAULT_URL = "http://127.0.0.1:8765"
PATH = "/sandbox/v1/faults"
TIMEOUT_S = 5.0
BYTES_MAX = 1_000_000

type Row = dict[str, object]

fault_commands = typer.Typer(
    name="fault",
    help="Arm, list and clear faults of a running sandbox, such as lost answers or silent sockets. "
    "Exit codes: 0 done, 1 no sandbox answers or it refused, 2 wrong kind, field or URL.",
    no_args_is_help=True,
)
# No `type` statement: typer does not resolve it, and the help would be lost.
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="QUOTER_SANDBOX_URL",
        help=f"URL of the sandbox; default: {DEFAULT_URL}.",
    ),
]


def refuse_server_options(context: typer.Context) -> None:
    """Raise BadSetting if an option of `quoter sandbox` precedes `fault`, which starts none."""
    given = (
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    )
    if (name := next(given, None)) is not None:
        option = f"--{name.replace('_', '-')}"
        raise BadSetting(
            f"{option}: is for starting a sandbox; `quoter sandbox fault` uses a running one: "
            f"name it with --url"
        )


@fault_commands.command("kinds")
def kinds() -> None:
    """List the kinds of faults, each with its effect and its fields. Needs no sandbox."""
    from quoter.sandbox.exchange.fault_kinds import COMMON_FIELDS, DESCRIPTIONS
    from quoter.sandbox.exchange.faults import Endpoint

    width = max(map(len, DESCRIPTIONS))
    for kind, about in DESCRIPTIONS.items():
        fields = f" [{' '.join(about.fields)}]" if about.fields else ""
        typer.echo(f"{kind:{width}}  {about.effect}{fields}")
    typer.echo(f"\nfields of every kind: {' '.join(COMMON_FIELDS)}")
    typer.echo(f"endpoints: {' '.join(Endpoint)}")


@fault_commands.command("arm")
def arm(
    kind: Annotated[str, typer.Argument(help="Kind of fault: see `quoter sandbox fault kinds`.")],
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...",
            help="Fields: endpoint, symbol, api_key, event and socket select what it affects; "
            "skip, count, probability and duration_s limit how often it fires; the others "
            "depend on the kind.",
        ),
    ] = None,
    url: Url = None,
) -> None:
    """Arm a fault; it fires from then on, until it is cleared or has expired.

    Example: quoter sandbox fault arm body_slow endpoint=open_orders delay_s=0.5 count=3
    """
    import msgspec

    body = msgspec.json.encode(_fault(kind, fields or ()))
    row = _ask(url, "POST", PATH, body)
    if not isinstance(row, dict) or "id" not in row:
        raise _not_a_sandbox(_root(url))
    typer.echo(f"armed {_text(cast(Row, row))}")


@fault_commands.command("list")
def list_all(url: Url = None) -> None:
    """List the armed faults: id, kind, fields, and how often each matched and fired."""
    rows = _ask(url, "GET", PATH)
    if not isinstance(rows, list):
        raise _not_a_sandbox(_root(url))
    for row in rows:
        status = "active" if row["active"] else "over"
        typer.echo(f"{_text(row)}  matched {row['matched']}, fired {row['fired']}, {status}")
    if not rows:
        typer.echo("no fault is armed")


@fault_commands.command("clear")
def clear(
    fault_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, help="Only this one; default: all.")
    ] = None,
    url: Url = None,
) -> None:
    """Clear the armed faults, or the one with this id."""
    path = PATH if fault_id is None else f"{PATH}?id={fault_id}"
    answer = _ask(url, "DELETE", path)
    if not isinstance(answer, dict) or not isinstance(count := answer.get("cleared"), int):
        raise _not_a_sandbox(_root(url))
    if fault_id is not None and not count:
        raise NotDone(f"no armed fault has the id {fault_id}: see `quoter sandbox fault list`")
    typer.echo(f"cleared {count}")


def _fault(kind: str, given: tuple[str, ...] | list[str]) -> object:
    """Return the fault of this kind with the given fields (NAME=VALUE). Raises BadSetting."""
    import msgspec

    from quoter.sandbox.exchange.fault_kinds import COMMON_FIELDS, DESCRIPTIONS
    from quoter.sandbox.exchange.faults import Fault, FaultKind

    if kind not in {*FaultKind}:
        raise BadSetting(f"kind: {clean(kind)} is not one of {', '.join(FaultKind)}")
    known = (*COMMON_FIELDS, *DESCRIPTIONS[FaultKind(kind)].fields)
    values: Row = {"kind": kind}
    for word in given:
        name, is_field, value = word.partition("=")
        if not is_field:
            raise BadSetting(f"{clean(word)}: a field is written NAME=VALUE, such as count=3")
        if name not in known:
            raise BadSetting(f"{clean(name)}: {kind} has no such field; it has {', '.join(known)}")
        values[name] = _json(value) if name == "value" else value
    try:
        return msgspec.convert(values, Fault, strict=False)
    except msgspec.ValidationError as error:
        text, _, name = str(error).partition(" - at `$.")
        raise BadSetting(f"{name.rstrip('`') or kind}: {text}") from None


def _json(text: str) -> object:
    """Return the text parsed as JSON, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(row: Row) -> str:
    """Return the id, the kind and the fields that differ from their defaults."""
    import msgspec

    from quoter.sandbox.exchange.faults import Fault, FaultKind

    usual: Row = msgspec.to_builtins(Fault(kind=FaultKind.DELAY))
    named = (
        f" {name}={clean(str(row.get(name)))}"
        for name, value in usual.items()
        if name != "kind" and row.get(name) != value
    )
    return f"{row['id']}: {clean(str(row['kind']))}{''.join(named)}"


def _root(url: str | None) -> str:
    return (url or env_file_value("QUOTER_SANDBOX_URL") or DEFAULT_URL).rstrip("/")


def _ask(url: str | None, method: str, path: str, body: bytes | None = None) -> object:
    """Return the JSON of the admin API's answer. Raises NotDone, BadSetting."""
    root = _root(url)
    connection = _connection(root)
    try:
        connection.request(method, urlsplit(root).path + path, body=body)
        answer = connection.getresponse()
        status, found = answer.status, json.loads(answer.read(BYTES_MAX))
    except (OSError, http.client.HTTPException) as error:
        why = clean(str(error)) or type(error).__name__
        raise NotDone(f"no sandbox answers at {root}: is `quoter sandbox` running? {why}") from None
    except ValueError:
        raise _not_a_sandbox(root) from None
    finally:
        connection.close()
    if status == 200:
        return found
    if isinstance(found, dict) and isinstance(text := found.get("error"), str):
        raise NotDone(f"the sandbox refused: {clean(text)}")
    raise _not_a_sandbox(root)


def _connection(root: str) -> http.client.HTTPConnection:
    """Return a connection to the sandbox at `root`, still closed. Raises BadSetting."""
    try:
        parts = urlsplit(root)
        host, port, scheme = parts.hostname, parts.port, parts.scheme
        if host and scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        if host and scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S)
    except (ValueError, http.client.InvalidURL):
        pass
    raise BadSetting(f"--url: must be a URL such as {DEFAULT_URL} (got {clean(root)})")


def _not_a_sandbox(root: str) -> NotDone:
    return NotDone(f"{root} is no sandbox: its answer is not that of {PATH}")
