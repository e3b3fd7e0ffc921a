"""The command line's way to a running daemon: its control API, asked with a token from a file."""

import http.client
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from quoter.app.options import env_file_value
from quoter.domain.errors import BadSetting, QuoterError

TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 1_000_000
TOKEN_BYTES_MAX = 4_096
SECRETS_DIR = "/run/secrets"
STATE = "/state"
OURS = {"trading_state", "params"}  # every good answer of a quoter has one of them
MEANINGS = {
    401: "it does not know this token",
    421: "it does not know itself by this host name: see QUOTER_HTTP_HOSTS",
    503: "it is busy: try again",
}

type Answer = dict[str, object]


class NotDone(QuoterError):
    """The daemon did not do it, or could not be asked; the text is one line for a person."""


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


def ask(
    address: tuple[str, int],
    method: str,
    path: str,
    *,
    token: str = "",
    body: Mapping[str, object] | None = None,
) -> Answer:
    """The daemon's answer to one request. Raises NotDone."""
    where = f"{address[0]}:{address[1]}"
    status, told = _exchange(address, method, path, token=token, body=body)
    if status == http.HTTPStatus.NOT_FOUND and path != STATE:
        ask(address, "GET", STATE)  # tells if no quoter answers there
        raise NotDone(f"{where} has no control API: no token is configured there")
    if status == http.HTTPStatus.ACCEPTED:
        raise NotDone(f"{where} took it, but has not done it yet: see `quoter status`")
    if status == http.HTTPStatus.NOT_FOUND or (
        status < http.HTTPStatus.BAD_REQUEST and not told.keys() & OURS
    ):
        raise NotDone(f"what answers at {where} is no quoter: see QUOTER_HOST and QUOTER_PORT")
    if status >= http.HTTPStatus.BAD_REQUEST:
        text = MEANINGS.get(status) or str(told.get("error") or "no reason given")
        raise NotDone(f"{where} refused ({status}): {text}")
    return told


def _exchange(
    address: tuple[str, int],
    method: str,
    path: str,
    *,
    token: str,
    body: Mapping[str, object] | None,
) -> tuple[int, Answer]:
    """Status and JSON object of whoever answers, which is empty if that is none. Raises NotDone."""
    headers = {"Host": f"localhost:{address[1]}"}
    data = None
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        data = json.dumps(body)
        headers |= {
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body=data, headers=headers)
        answer = connection.getresponse()
        status, raw = answer.status, answer.read(ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotDone(f"no daemon answers at {address[0]}:{address[1]}: {error}") from None
    finally:
        connection.close()
    try:
        told = json.loads(raw)
    except ValueError:
        told = {}
    return status, told if isinstance(told, dict) else {}


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
