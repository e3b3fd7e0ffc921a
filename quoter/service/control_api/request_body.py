"""The bodies of control requests: one JSON object of known fields, or a line that says why not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aiohttp import web

from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import TradingState
from quoter.service.control_api.auth import Role

BODY_BYTES_MAX = 8_192
REASON_CHARS_MAX = 200
KILL_ID_CHARS_MAX = 64
SHOWN_CHARS_MAX = 1_000

type Fields = dict[str, str | bool | Decimal | list[object] | dict[str, object] | None]


class Refused(Exception):
    """A request that is not done; carries the HTTP status and one line for its sender."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.headers = dict(headers or {})
        self.is_told = False  # the log has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What one route asks of the engine, who may ask it, and which fields it takes."""

    action: OperatorAction
    role: Role
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


VERBS = {
    "kill": Verb(action=OperatorAction.KILL, role=Role.OPERATOR),
    "pause": Verb(action=OperatorAction.PAUSE, role=Role.OPERATOR),
    "reduce": Verb(action=OperatorAction.REDUCE, role=Role.OPERATOR),
    "resume": Verb(action=OperatorAction.RESUME, role=Role.OPERATOR, optional=frozenset({"seen"})),
    "flatten": Verb(action=OperatorAction.FLATTEN, role=Role.RISK),
    "rearm": Verb(
        action=OperatorAction.REARM,
        role=Role.RISK,
        required=frozenset({"kill_id"}),
        optional=frozenset({"accept_inventory"}),
    ),
}


async def read_body(request: web.Request) -> bytes:
    """The body, of the right type and not too large. Raises Refused."""
    is_json = (
        request.content_type == "application/json"
        and (request.charset or "utf-8").lower() == "utf-8"
    )
    if len(request.headers.getall("Content-Type", [])) != 1 or not is_json:
        raise Refused(415, "Content-Type must be application/json")
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise Refused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    body = b""
    async for part in request.content.iter_chunked(BODY_BYTES_MAX):
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Refused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    return body


def parse(body: bytes) -> Fields:
    """The fields of a JSON object, numbers exact. Raises Refused."""
    try:
        found = json.loads(
            body.decode(),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {str(error)[:100]}") from None
    if not isinstance(found, dict):
        raise Refused(400, "the body is not a JSON object")
    return found


def take_reason(fields: Fields) -> str:
    """Why it is asked for: taken out of the fields. Raises Refused."""
    reason = fields.pop("reason", None)
    if not isinstance(reason, str) or not reason.strip():
        raise Refused(400, "reason: is required, a text")
    if len(reason) > REASON_CHARS_MAX or not reason.isprintable():
        raise Refused(400, f"reason: at most {REASON_CHARS_MAX} printable characters")
    return reason.strip()


def check_fields(verb: Verb, fields: Fields) -> None:
    """Are exactly the known fields there, and do they fit? Raises Refused."""
    for name in fields:
        if name not in verb.required | verb.optional:
            raise Refused(400, f"{name[:60]!a}: no such field")
    for name in sorted(verb.required):
        if name not in fields:
            raise Refused(400, f"{name}: is required")
    kill_id, seen = fields.get("kill_id", ""), fields.get("seen", "RUNNING")
    if not isinstance(kill_id, str) or len(kill_id) > KILL_ID_CHARS_MAX:
        raise Refused(400, "kill_id: must be the text that /state shows")
    if not isinstance(seen, str) or seen not in TradingState.__members__:
        raise Refused(400, f"seen: must be one of {', '.join(TradingState.__members__)}")
    accept = fields.get("accept_inventory", Decimal(0))
    if isinstance(accept, str):
        try:
            accept = fields["accept_inventory"] = Decimal(accept)
        except ArithmeticError:
            accept = None
    if not isinstance(accept, Decimal) or not accept.is_finite():
        raise Refused(400, "accept_inventory: must be a number of base units")


def numbers(fields: Fields) -> dict[str, float]:
    """Knobs and their values. Raises Refused."""
    if not fields:
        raise Refused(400, "no knob is named")
    found = {}
    for name, value in fields.items():
        if not isinstance(value, Decimal):
            raise Refused(400, f"{name[:60]!a}: must be a number")
        found[name] = float(value)
    return found


def shown(fields: Fields) -> str:
    """The fields as JSON, for the books."""
    return json.dumps(fields, default=str, sort_keys=True)[:SHOWN_CHARS_MAX]


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is there twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
