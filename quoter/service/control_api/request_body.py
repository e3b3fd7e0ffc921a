"""Parse the bodies of control requests: each is one JSON object with known fields."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from aiohttp import web

from quoter.domain.events import Flatten, Kill, OperatorCommand, Pause, Rearm, Reduce, Resume
from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import TradingState
from quoter.service.control_api.auth import Role
from quoter.service.killswitch.command_fields import check_kill_id, check_reason, parse_amount

BODY_BYTES_MAX = 8_192

type Fields = dict[str, object]


class RequestRefused(Exception):
    """A request that is not carried out, with the HTTP status and one line for its sender."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRoute:
    """One operator command over HTTP: the role that it needs and the fields that it takes."""

    command: Callable[..., OperatorCommand]
    role: Role
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


COMMAND_ROUTES = {
    OperatorAction.KILL: CommandRoute(command=Kill, role=Role.OPERATOR),
    OperatorAction.PAUSE: CommandRoute(command=Pause, role=Role.OPERATOR),
    OperatorAction.REDUCE: CommandRoute(command=Reduce, role=Role.OPERATOR),
    OperatorAction.RESUME: CommandRoute(
        command=Resume, role=Role.OPERATOR, optional=frozenset({"seen"})
    ),
    OperatorAction.FLATTEN: CommandRoute(command=Flatten, role=Role.RISK),
    OperatorAction.REARM: CommandRoute(
        command=Rearm,
        role=Role.RISK,
        required=frozenset({"kill_id"}),
        optional=frozenset({"accept_inventory"}),
    ),
}


async def read_body(request: web.Request) -> bytes:
    """Return the body if it has the right type and size. Raises RequestRefused."""
    is_json = (
        request.content_type == "application/json"
        and (request.charset or "utf-8").lower() == "utf-8"
    )
    if len(request.headers.getall("Content-Type", [])) != 1 or not is_json:
        raise RequestRefused(415, "Content-Type must be application/json")
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise RequestRefused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    body = b""
    async for part in request.content.iter_chunked(BODY_BYTES_MAX):
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise RequestRefused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    return body


def parse(body: bytes) -> Fields:
    """Return the fields of a JSON object, numbers as exact Decimals. Raises RequestRefused."""
    try:
        found = json.loads(
            body.decode(),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise RequestRefused(400, f"the body is not JSON: {str(error)[:100]}") from None
    if not isinstance(found, dict):
        raise RequestRefused(400, "the body is not a JSON object")
    return found


def take_reason(fields: Fields) -> str:
    """Remove the reason from the fields and return it.

    Raises RequestRefused if it is missing or not valid.
    """
    reason = fields.pop("reason", None)
    if not isinstance(reason, str) or not reason.strip():
        raise RequestRefused(400, "reason: a text is required")
    try:
        return check_reason(reason)
    except ValueError as error:
        raise RequestRefused(400, f"reason: {error}") from None


def parse_command_fields(route: CommandRoute, fields: Fields) -> Fields:
    """Return the fields, each parsed to the type that the command takes.

    Raises RequestRefused for an unknown field, a missing one, or a value of another type.
    """
    for name in fields:
        if name not in route.required | route.optional:
            raise RequestRefused(400, f"{name[:60]!a}: no such field")
    for name in sorted(route.required):
        if name not in fields:
            raise RequestRefused(400, f"{name}: is required")
    return {name: _PARSERS[name](value) for name, value in fields.items()}


def numbers(fields: Fields) -> dict[str, float]:
    """Return live parameters: name to value.

    Raises RequestRefused if none is given, or a value is not a number.
    """
    if not fields:
        raise RequestRefused(400, "no live parameter is named")
    found = {}
    for name, value in fields.items():
        if not isinstance(value, Decimal):
            raise RequestRefused(400, f"{name[:60]!a}: must be a number")
        found[name] = float(value)
    return found


def _parse_kill_id(value: object) -> str:
    if not isinstance(value, str):
        raise RequestRefused(400, "kill_id: must be a string")
    try:
        return check_kill_id(value)
    except ValueError as error:
        raise RequestRefused(400, f"kill_id: {error}") from None


def _parse_seen(value: object) -> TradingState:
    if isinstance(value, str) and value in TradingState.__members__:
        return TradingState[value]
    raise RequestRefused(400, f"seen: must be one of {', '.join(TradingState.__members__)}")


def _parse_accept_inventory(value: object) -> Decimal:
    try:
        return parse_amount(str(value) if isinstance(value, str | Decimal) else "")
    except ValueError as error:
        raise RequestRefused(400, f"accept_inventory: {error}") from None


_PARSERS: dict[str, Callable[[object], object]] = {
    "kill_id": _parse_kill_id,
    "seen": _parse_seen,
    "accept_inventory": _parse_accept_inventory,
}


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the field {twice[:60]!a} is given twice")
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")
