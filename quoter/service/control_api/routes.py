"""Control of a running daemon over HTTP: operator commands and live parameters.

Every request is checked in this order: host name (by the server), origin (a browser's is refused),
token and lock-out, role, no query string. A request that changes something is then checked for
body, reason, fields and, except for a kill, idempotency key. A refused request changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import structlog
from aiohttp import web

from quoter.domain.outcomes import Done, Outcome, Pending, RefusalReason, Refused
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import Snapshot
from quoter.service.clock import Clock
from quoter.service.control_api.auth import Caller, LockOut, Role, Tokens
from quoter.service.control_api.idempotency import KEY, IdempotencyCache, OtherBody, Result
from quoter.service.control_api.live_params import LiveParamsService
from quoter.service.control_api.request_body import (
    COMMAND_ROUTES,
    CommandRoute,
    Fields,
    RequestRefused,
    numbers,
    parse,
    parse_command_fields,
    read_body,
    take_reason,
)
from quoter.service.http.protocol import RequestResult
from quoter.service.http.responses import json_response
from quoter.service.http.state_view import Json
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.operator_commands.audit import CommandAudit, fields_text, result_of
from quoter.service.operator_commands.entrance import OperatorCommands
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()

KILL_PATH, PARAMS = "/v1/kill", "params"
BODY_S_MAX = 2.0  # a body is one packet
ORIGIN_HEADERS = ("Origin", "Sec-Fetch-Site")  # sent by browsers only
UNTIL_RESTART = "until the process ends: a restart reads the settings"
UNKNOWN_TOKEN = "unknown token"  # noqa: S105 - a text for the sender, not a token
REFUSAL_STATUS = {
    RefusalReason.INVALID: 400,
    RefusalReason.NO_QUOTE: 400,
    RefusalReason.HARD_LIMIT: 403,
    RefusalReason.TOO_SOON: 429,
}
STATE_CONFLICT = 409  # the status of every other refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """The parts of the daemon that the control API uses."""

    snapshot: Callable[[], Snapshot]
    kill_switch: KillSwitchController
    commands: OperatorCommands
    params: LiveParamsService
    audit: CommandAudit
    clock: Clock
    count_response: Callable[[int], None]  # called with the status of every response
    redactor: Redactor = field(default_factory=Redactor)


class _Reply(NamedTuple):
    status: int
    body: dict[str, Json]
    headers: Mapping[str, str] = {}


class _Request(NamedTuple):
    """A request that passed the checks. `name`: of the command, or `params`."""

    caller: Caller
    name: str
    reason: str
    fields: Fields


class ControlApi:
    """The routes under /v1; they exist only where a token is configured."""

    def __init__(self, tokens: Tokens, parts: ControlParts) -> None:
        self._tokens = tokens
        self._parts = parts
        self._lock_out = LockOut()
        self._replies: IdempotencyCache[_Reply] = IdempotencyCache()

    @property
    def always_served(self) -> frozenset[str]:
        """Paths that are served even when the server is too busy for others: the kill."""
        return frozenset({KILL_PATH})

    def add_routes(self, app: web.Application) -> None:
        """Add one route for each command, and those of the live parameters."""
        for action, route in COMMAND_ROUTES.items():
            app.router.add_post(f"/v1/{action}", self._handler(action.value, route))
        app.router.add_get(f"/v1/{PARAMS}", self._show_params, allow_head=False)
        app.router.add_patch(f"/v1/{PARAMS}", self._handler(PARAMS, None))

    def _handler(
        self, name: str, route: CommandRoute | None
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return the handler of a command's route; `route` is None for the live parameters."""

        async def handle(request: web.Request) -> web.Response:
            role = route.role if route is not None else Role.OPERATOR
            try:
                caller = self._caller(request, role)
            except RequestRefused as refused:
                return self._refusal(refused)
            try:
                reply = await self._mutate(request, caller, name, route)
            except RequestRefused as refused:
                return self._refusal(_logged(request, caller, refused))
            return self._respond(reply)

        return handle

    async def _show_params(self, request: web.Request) -> web.Response:
        try:
            self._caller(request, Role.READ)
        except RequestRefused as refused:
            return self._refusal(refused)
        return self._respond(_Reply(200, self._params()))

    def _caller(self, request: web.Request, role: Role) -> Caller:
        """Return the sender of the request, if its token has the role. Raises RequestRefused."""
        if any(name in request.headers for name in ORIGIN_HEADERS):
            raise RequestRefused(403, "requests from a browser are refused")
        now_ns = self._parts.clock.now_ns()
        caller = self._tokens.caller(request.headers)
        if left_s := self._lock_out.left_s(now_ns):
            # The same response for right and wrong tokens, so that it does not reveal which is
            # right.
            if caller is None or request.path != KILL_PATH:
                wait = {"Retry-After": str(left_s)}
                raise RequestRefused(429, f"too many wrong tokens: locked for {left_s} s", wait)
        elif caller is None:
            self._lock_out.failed(now_ns)
            locked = bool(self._lock_out.left_s(now_ns))
            log.warning(
                "control_refused",
                path=request.path,
                remote=request.remote,
                reason=UNKNOWN_TOKEN,
                locked=locked,
            )
            raise RequestRefused(401, UNKNOWN_TOKEN, {"WWW-Authenticate": "Bearer"})
        if caller.role < role:
            refused = RequestRefused(403, f"a token of the role {role.name.lower()} is required")
            raise _logged(request, caller, refused)
        if request.query_string:
            refused = RequestRefused(400, "a query string is not allowed")
            raise _logged(request, caller, refused)
        return caller

    async def _mutate(
        self, request: web.Request, caller: Caller, name: str, route: CommandRoute | None
    ) -> _Reply:
        """Read and check a request, carry it out, and return the reply.

        It is carried out once per idempotency key. A kill needs no key and is carried out each
        time. Raises RequestRefused.
        """
        try:
            async with asyncio.timeout(BODY_S_MAX):
                body = await read_body(request)
        except TimeoutError:
            text = f"the body did not arrive within {BODY_S_MAX:g} s"
            raise RequestRefused(408, text) from None
        fields = parse(body)
        # redacted here, because it is kept in many places
        reason = self._parts.redactor.text(take_reason(fields))
        checked = parse_command_fields(route, fields) if route is not None else numbers(fields)
        asked = _Request(caller, name, reason, fields)
        work = self._work(asked, route, checked)
        if name == OperatorAction.KILL:
            return (await work()).answer  # never from the cache: that would not stop trading
        keys = request.headers.getall("Idempotency-Key", [])
        if len(keys) != 1 or not KEY.fullmatch(keys[0]):
            text = "Idempotency-Key: is required, 1 to 64 of A-Z a-z 0-9 . _ : -"
            raise RequestRefused(400, text)
        is_first = False

        async def first() -> Result[_Reply]:
            nonlocal is_first
            is_first = True
            return await work()

        try:
            reply = await self._replies.do(f"{caller} {keys[0]}", f"{name} ".encode() + body, first)
        except OtherBody:
            raise RequestRefused(409, "Idempotency-Key: was used for another request") from None
        return reply if is_first else self._repeated(asked, reply)

    def _work(
        self, asked: _Request, route: CommandRoute | None, checked: Mapping[str, object]
    ) -> Callable[[], Awaitable[Result[_Reply]]]:
        """Return the coroutine function that carries out a request.

        `checked`: its parsed fields.
        """

        async def work() -> Result[_Reply]:
            if route is not None:
                command = route.command(
                    ts_ns=self._parts.clock.now_ns(),
                    actor=str(asked.caller),
                    reason=asked.reason,
                    **checked,
                )
                outcome = await self._parts.commands.execute(command)
            else:
                outcome = await self._change_params(asked)
            reply = self._reply(asked, outcome)
            return Result(reply, is_done=not isinstance(outcome, Refused))

        return work

    async def _change_params(self, asked: _Request) -> Outcome:
        """Change live parameters and return the outcome. The request is recorded in any case."""
        actor, result = str(asked.caller), "interrupted"
        try:
            outcome = await self._parts.params.change(
                numbers(asked.fields), actor=actor, reason=asked.reason
            )
            result = result_of(outcome)
        finally:
            given = fields_text(asked.fields)
            self._parts.audit.record(actor, PARAMS, asked.reason, given, result)
        return outcome

    def _reply(self, asked: _Request, outcome: Outcome) -> _Reply:
        """Return the HTTP form of an outcome."""
        if isinstance(outcome, Refused):
            return self._refused_reply(outcome)
        is_done = isinstance(outcome, Done)
        body: dict[str, Json] = {
            "action": asked.name,
            "result": RequestResult.DONE if is_done else RequestResult.PENDING,
        }
        if isinstance(outcome, Pending) and outcome.text:
            body["latch"] = outcome.text
        if asked.name == PARAMS:
            body |= {"valid": UNTIL_RESTART} | self._params()
        return _Reply(200 if is_done else 202, body | self._state())

    def _refused_reply(self, refused: Refused) -> _Reply:
        status = REFUSAL_STATUS.get(refused.reason, STATE_CONFLICT)
        body: dict[str, Json] = {"error": refused.text, "refusal": refused.reason.value}
        if status == STATE_CONFLICT:
            body |= self._state()
        wait_s = refused.retry_after_s
        return _Reply(status, body, {"Retry-After": str(wait_s)} if wait_s else {})

    def _repeated(self, asked: _Request, reply: _Reply) -> _Reply:
        """Return the first reply with the present state; nothing is done again."""
        given = fields_text(asked.fields)
        self._parts.audit.record(
            str(asked.caller), asked.name, asked.reason, given, "repeated: nothing done"
        )
        now = self._params() if asked.name == PARAMS else {}
        return reply._replace(body={**reply.body, **now, **self._state(), "repeated": True})

    def _params(self) -> dict[str, Json]:
        return {"params": asdict(self._parts.params.params)}

    def _state(self) -> dict[str, Json]:
        """Return trading state, phase, causes and kill id, as fields of a reply."""
        snapshot = self._parts.snapshot()
        return {
            "trading_state": snapshot.trading_state.name,
            "phase": snapshot.phase.value,
            "causes": {cause.value: text for cause, text in snapshot.causes.items()},
            "kill_id": self._parts.kill_switch.shown_kill_id(snapshot.trading_state),
        }

    def _refusal(self, refused: RequestRefused) -> web.Response:
        """Return the response to a failed check; only status 409 contains the daemon's state."""
        body: dict[str, Json] = {"error": str(refused)}
        if refused.status == STATE_CONFLICT:
            body |= self._state()
        return self._respond(_Reply(refused.status, body, refused.headers))

    def _respond(self, reply: _Reply) -> web.Response:
        self._parts.count_response(reply.status)
        return json_response(
            self._parts.redactor, reply.body, status=reply.status, headers=reply.headers
        )


def _logged(request: web.Request, caller: Caller, refused: RequestRefused) -> RequestRefused:
    """Log a refusal of a known caller, and return it."""
    reason = str(refused)
    log.warning("control_refused", path=request.path, actor=str(caller), reason=reason)
    return refused
