"""Client of a running daemon's control API; the token is read from a file.

Any program may listen at the address. So a request is done only if a quoter daemon sent a complete
response.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from quoter.cli.daemon_client import Address, Answer, NoAnswer, Reply, call
from quoter.cli.options import env_file_value
from quoter.domain.errors import BadSetting, QuoterError
from quoter.domain.trading import Phase, TradingState
from quoter.service.http.protocol import RequestResult

# limit of a whole request; the daemon waits up to 3 s for an outcome, and 1 s for a kill's latch
TIMEOUT_S = 5.0
TOKEN_BYTES_MAX = 4_096
SECRETS_DIR = "/run/secrets"
STATES, PHASES = tuple(TradingState.__members__), tuple(phase.value for phase in Phase)
STATUS_TEXTS = {
    401: "the daemon does not know this token",
    404: "the daemon has no control API: no token is configured there",
    421: "host name not allowed: see QUOTER_HTTP_HOSTS",
    503: "the daemon is busy: try again",
}


class NotDone(QuoterError):
    """The daemon did not carry out a request, or could not be reached; the text is one line."""


class CommandRefused(NotDone):
    """A daemon refused a request.

    `reason`: value of a RefusalReason. `state`: name of the daemon's trading state. Each is None if
    the response lacks it.
    """

    def __init__(self, text: str, *, reason: object, state: object) -> None:
        super().__init__(text)
        self.reason = reason
        self.state = state


def find_token(roles: tuple[str, ...], chosen: Path | None = None) -> str:
    """Return the token in the file `chosen`; without one, the first token found for these roles.

    Raises BadSetting if there is none, or its file can't be read.
    """
    found = _token_file(roles, chosen)
    if found is None:
        names = " or ".join(f"QUOTER_{role.upper()}_TOKEN_FILE" for role in roles)
        raise BadSetting(
            f"{names}: must name the file with the token; or name it with --token-file"
        )
    return _read(*found)


def has_token(roles: tuple[str, ...], chosen: Path | None = None) -> bool:
    """Whether a token is configured for one of these roles; its file may be unreadable."""
    return _token_file(roles, chosen) is not None


def _token_file(roles: tuple[str, ...], chosen: Path | None) -> tuple[Path, str] | None:
    """Return the token's file and the setting that names it; None if no token is configured."""
    if chosen is not None:
        return chosen, "--token-file"
    for role in roles:
        name = f"QUOTER_{role.upper()}_TOKEN_FILE"
        if path := env_file_value(name):
            return Path(path), name
    folder = Path(env_file_value("QUOTER_SECRETS_DIR") or SECRETS_DIR)
    for role in roles:
        path_there = folder / f"quoter_{role}_token"
        if path_there.is_file() and path_there.stat().st_size > 1:
            return path_there, "QUOTER_SECRETS_DIR"
    return None


def read_state(address: Address) -> Answer:
    """Return the JSON of /state. Raises NotDone, BadSetting."""
    reply = _ask(address, "GET", "/state")
    state = reply.body
    if state.get("trading_state") not in STATES or state.get("phase") not in PHASES:
        raise _not_a_quoter(address, reply)
    return state


def read_details(address: Address) -> dict[str, Answer]:
    """Return the details of /readyz for each active cause, by name; {} if not available."""
    try:
        details = call(address, "GET", "/readyz", seconds=TIMEOUT_S).body.get("details")
    except NoAnswer:
        return {}
    found = details.items() if isinstance(details, dict) else ()
    return {cause: detail for cause, detail in found if isinstance(detail, dict)}


def read_params(address: Address, token: str) -> Answer:
    """Return the live parameters in force, by name. Raises NotDone, BadSetting."""
    reply = _ask(address, "GET", "/v1/params", token=token)
    return _live_params(address, reply)


def change_params(address: Address, token: str, body: Mapping[str, object]) -> tuple[Answer, str]:
    """Change live parameters; return all of them, and how long the change is valid (a text).

    Raises NotDone, BadSetting.
    """
    reply = _done(address, "PATCH", "/v1/params", token, body)
    return _live_params(address, reply), str(reply.body.get("valid"))


def send_command(address: Address, name: str, token: str, body: Mapping[str, object]) -> Answer:
    """Send an operator command; return the resulting state.

    Raises NotDone, CommandRefused, BadSetting.
    """
    reply = _done(address, "POST", f"/v1/{name}", token, body)
    state = reply.body.get("trading_state")
    if state not in STATES or (name == "kill" and state != "KILLED"):
        raise _not_a_quoter(address, reply)
    return reply.body


def _done(
    address: Address, method: str, path: str, token: str, body: Mapping[str, object]
) -> Reply:
    reply = _ask(address, method, path, token=token, body=body)
    if reply.body.get("result") != RequestResult.DONE:
        raise _not_a_quoter(address, reply)
    return reply


def _ask(
    address: Address,
    method: str,
    path: str,
    *,
    token: str = "",
    body: Mapping[str, object] | None = None,
) -> Reply:
    """Send a request and return the response, if its status is 200.

    `body` is sent as JSON; None: no body. Raises NotDone, CommandRefused, BadSetting.
    """
    where, data, headers = _name(address), None, {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        data = json.dumps(body).encode()
        headers |= {
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
    try:
        reply = call(address, method, path, seconds=TIMEOUT_S, headers=headers, data=data)
    except NoAnswer as error:
        if error.is_sent and body is not None:
            text = f"{where} got the request but did not answer: {error}"
            raise NotDone(f"{text}; it may still be done: see `quoter status`") from None
        raise NotDone(f"no daemon answers at {where}: {error}") from None
    if reply.status == 202 and reply.body.get("result") == RequestResult.PENDING:
        raise NotDone(f"{where} accepted the command but has not done it yet: see `quoter status`")
    if reply.status >= 400 and reply.is_quoter:
        text = STATUS_TEXTS.get(reply.status) or str(reply.body.get("error") or "no reason given")
        raise CommandRefused(
            f"{where} refused ({reply.status}): {text}",
            reason=reply.body.get("refusal"),
            state=reply.body.get("trading_state"),
        )
    if reply.status != 200:
        raise _not_a_quoter(address, reply)
    return reply


def _live_params(address: Address, reply: Reply) -> Answer:
    live_params = reply.body.get("params")
    if not isinstance(live_params, dict) or not live_params:
        raise _not_a_quoter(address, reply)
    return live_params


def _not_a_quoter(address: Address, reply: Reply) -> NotDone:
    """Return the error for a response that is not a complete answer of a quoter daemon."""
    error = reply.body.get("error")
    detail = f": {error}" if isinstance(error, str) else ""
    seen = f"status {reply.status}{detail}" if reply.status else "incomplete HTTP response"
    text = f"the server at {_name(address)} is not a quoter daemon ({seen})"
    return NotDone(f"{text}: see QUOTER_HOST and QUOTER_PORT")


def _name(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _read(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            token = file.read(TOKEN_BYTES_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "the file is not text"
        raise BadSetting(f"{name}: the token can't be read: {reason}") from None
    if not token or not token.isascii() or not token.isprintable():
        raise BadSetting(f"{name}: the file must hold a token: one line of ASCII characters")
    return token
