"""The command line's way to a running daemon: its control API, asked with a token from a file.

What answers there may be anything. Only what a quoter says, and says in full, counts as done.
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

TIMEOUT_S = 5.0  # of all: the daemon's own for a request are 2 and 3 s
TOKEN_BYTES_MAX = 4_096
SECRETS_DIR = "/run/secrets"
STATES, PHASES = tuple(TradingState.__members__), tuple(phase.value for phase in Phase)
MEANINGS = {
    401: "it does not know this token",
    404: "it has no control API: no token is configured there",
    421: "it does not know itself by this host name: see QUOTER_HTTP_HOSTS",
    503: "it is busy: try again",
}


class NotDone(QuoterError):
    """The daemon did not do it, or could not be asked; the text is one line for a person."""


class Refused(NotDone):
    """A daemon said no; `state` is what it stood at, None where it does not tell."""

    def __init__(self, text: str, state: object) -> None:
        super().__init__(text)
        self.state = state


def find_token(roles: tuple[str, ...], chosen: Path | None = None) -> str:
    """The first token there is of these roles; `chosen` is a file that was named.

    Raises BadSetting.
    """
    if chosen is not None:
        return _read(chosen, "--token-file")
    names = [f"QUOTER_{role.upper()}_TOKEN_FILE" for role in roles]
    for name in names:
        if path := env_file_value(name):
            return _read(Path(path), name)
    folder = Path(env_file_value("QUOTER_SECRETS_DIR") or SECRETS_DIR)
    for role in roles:
        path_there = folder / f"quoter_{role}_token"
        if path_there.is_file() and path_there.stat().st_size > 1:
            return _read(path_there, "QUOTER_SECRETS_DIR")
    raise BadSetting(f"{' or '.join(names)}: is needed for this, or --token-file")


def read_state(address: Address) -> Answer:
    """What /state tells. Raises NotDone, BadSetting."""
    reply = _ask(address, "GET", "/state")
    told = reply.body
    if told.get("trading_state") not in STATES or told.get("phase") not in PHASES:
        raise _no_quoter(address, reply)
    return told


def read_details(address: Address) -> dict[str, Answer]:
    """What /readyz tells of each active cause, by its name; {} where that can't be had."""
    try:
        details = call(address, "GET", "/readyz", seconds=TIMEOUT_S).body.get("details")
    except NoAnswer:
        return {}
    found = details.items() if isinstance(details, dict) else ()
    return {cause: told for cause, told in found if isinstance(told, dict)}


def read_params(address: Address, token: str) -> Answer:
    """The knobs in force, by name. Raises NotDone, BadSetting."""
    reply = _ask(address, "GET", "/v1/params", token=token)
    return _knobs(address, reply)


def turn_params(address: Address, token: str, body: Mapping[str, object]) -> tuple[Answer, str]:
    """Turn knobs; all that are in force now, and how long. Raises NotDone, BadSetting."""
    reply = _done(address, "PATCH", "/v1/params", token, body)
    return _knobs(address, reply), str(reply.body.get("valid"))


def act(address: Address, verb: str, token: str, body: Mapping[str, object]) -> Answer:
    """Have the daemon do it; the state that this led to. Raises NotDone, Refused, BadSetting."""
    reply = _done(address, "POST", f"/v1/{verb}", token, body)
    state = reply.body.get("trading_state")
    if state not in STATES or (verb == "kill" and state != "KILLED"):
        raise _no_quoter(address, reply)
    return reply.body


def _done(
    address: Address, method: str, path: str, token: str, body: Mapping[str, object]
) -> Reply:
    reply = _ask(address, method, path, token=token, body=body)
    if reply.body.get("result") != RequestResult.DONE:
        raise _no_quoter(address, reply)
    return reply


def _ask(
    address: Address,
    method: str,
    path: str,
    *,
    token: str = "",
    body: Mapping[str, object] | None = None,
) -> Reply:
    """An answer with status 200. Raises NotDone, Refused, BadSetting."""
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
            text = f"{where} has it, but did not answer: {error}"
            raise NotDone(f"{text}; it may still be done: see `quoter status`") from None
        raise NotDone(f"no daemon answers at {where}: {error}") from None
    if reply.status == 202 and reply.body.get("result") == RequestResult.PENDING:
        raise NotDone(f"{where} took it, but has not done it yet: see `quoter status`")
    if reply.status >= 400 and reply.is_quoter:
        text = MEANINGS.get(reply.status) or str(reply.body.get("error") or "no reason given")
        state = reply.body.get("trading_state")
        raise Refused(f"{where} refused ({reply.status}): {text}", state)
    if reply.status != 200:
        raise _no_quoter(address, reply)
    return reply


def _knobs(address: Address, reply: Reply) -> Answer:
    live_params = reply.body.get("params")
    if not isinstance(live_params, dict) or not live_params:
        raise _no_quoter(address, reply)
    return live_params


def _no_quoter(address: Address, reply: Reply) -> NotDone:
    """A stranger, or something between us that spoils what a quoter says."""
    error = reply.body.get("error")
    told = f": {error}" if isinstance(error, str) else ""
    seen = f"status {reply.status}{told}" if reply.status else "no whole HTTP answer"
    text = f"what answers at {_name(address)} is no quoter ({seen})"
    return NotDone(f"{text}: see QUOTER_HOST and QUOTER_PORT")


def _name(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _read(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            token = file.read(TOKEN_BYTES_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        raise BadSetting(f"{name}: the token can't be read: {reason}") from None
    if not token or not token.isascii() or not token.isprintable():
        raise BadSetting(f"{name}: that file holds no token")
    return token
