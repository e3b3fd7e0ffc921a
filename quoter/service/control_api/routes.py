"""Steering a running daemon over HTTP: who may ask for what, and what became of it.

Every request passes the same gates in the same order: host name (the pages' guard), no browser,
token, role, body, fields, repetition. What was refused has changed nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import NamedTuple

import structlog
from aiohttp import web

from quoter.domain.events import OperatorCommand
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import Snapshot
from quoter.domain.trading import TradingState
from quoter.engine.commands.operator import FLATTEN_REFUSED, REARM_REFUSED
from quoter.ledger.rows import Operation
from quoter.service.clock import Clock
from quoter.service.control_api.auth import Caller, LockOut, Role, Tokens
from quoter.service.control_api.idempotency import KEY, IdempotencyCache, OtherBody, Result
from quoter.service.control_api.live_params import LiveParamsService
from quoter.service.control_api.request_body import (
    VERBS,
    Fields,
    Refused,
    Verb,
    check_fields,
    numbers,
    parse,
    read_body,
    shown,
    take_reason,
)
from quoter.service.http.responses import answer
from quoter.service.http.state_view import Json
from quoter.service.http.wording import DONE, LATE, NO_LATCH
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.pending_replies import PendingReplies
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()

KILL_PATH, PARAMS = "/v1/kill", "params"
BODY_S_MAX = 2.0  # a body is one packet
LATCH_S_MAX = 1.0  # a disk takes it in milliseconds
ANSWER_S_MAX = 3.0  # the engine's turn comes long before, unless the disk stalls
ORIGIN_HEADERS = ("Origin", "Sec-Fetch-Site")  # what browsers send and nobody else does
REFUSALS = {OperatorAction.REARM: REARM_REFUSED, OperatorAction.FLATTEN: FLATTEN_REFUSED}
UNTIL_RESTART = "until the process ends: a restart reads the settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What control acts on."""

    snapshot: Callable[[], Snapshot]
    stops: KillSwitchController
    asks: PendingReplies
    params: LiveParamsService
    clock: Clock
    note: Callable[[Operation], None]
    called: Callable[[int], None]  # told the status of every answer
    redactor: Redactor = field(default_factory=Redactor)


class _Reply(NamedTuple):
    status: int
    body: dict[str, Json]


class _Call(NamedTuple):
    """A request that passed the gates."""

    caller: Caller
    action: str
    reason: str
    fields: Fields


class Control:
    """The routes under /v1; they exist only where a token is configured."""

    def __init__(self, tokens: Tokens, desk: Desk) -> None:
        self._tokens = tokens
        self._desk = desk
        self._lock = LockOut()
        self._once: IdempotencyCache[_Reply] = IdempotencyCache()

    @property
    def always_served(self) -> frozenset[str]:
        """Paths that are served however many other requests are under way: the kill."""
        return frozenset({KILL_PATH})

    def add_routes(self, app: web.Application) -> None:
        """One route for each verb, and the knobs."""
        for name, verb in VERBS.items():
            app.router.add_post(f"/v1/{name}", self._handler(name, verb))
        app.router.add_get(f"/v1/{PARAMS}", self._show_params, allow_head=False)
        app.router.add_patch(f"/v1/{PARAMS}", self._handler(PARAMS, None))

    def _handler(
        self, name: str, verb: Verb | None
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            role = verb.role if verb is not None else Role.OPERATOR
            try:
                caller = self._caller(request, role)
            except Refused as refused:
                return self._refusal(refused)
            try:
                reply = await self._mutate(request, caller, name, verb)
            except Refused as refused:
                if not refused.is_told:
                    log.warning(
                        "control_refused", path=request.path, actor=str(caller), reason=str(refused)
                    )
                return self._refusal(refused)
            return self._answer(reply)

        return handle

    async def _show_params(self, request: web.Request) -> web.Response:
        try:
            self._caller(request, Role.READ)
        except Refused as refused:
            return self._refusal(refused)
        return self._answer(_Reply(200, self._told_params()))

    def _caller(self, request: web.Request, role: Role) -> Caller:
        """Who calls, if he may do this. Raises Refused."""
        if any(name in request.headers for name in ORIGIN_HEADERS):
            raise Refused(403, "not from a browser")
        now_ns = self._desk.clock.now_ns()
        caller = self._tokens.caller(request.headers)
        if left_s := self._lock.left_s(now_ns):
            # Says the same to every token: a lock that tells them apart would answer guesses.
            if caller is None or request.path != KILL_PATH:
                wait = {"Retry-After": str(left_s)}
                raise Refused(429, f"too many wrong tokens: locked for {left_s} s", wait)
        elif caller is None:
            self._lock.failed(now_ns)
            locked = bool(self._lock.left_s(now_ns))
            log.warning("control_refused", path=request.path, remote=request.remote, locked=locked)
            raise Refused(401, "no token that is known here", {"WWW-Authenticate": "Bearer"})
        if caller.role < role:
            log.warning("control_refused", path=request.path, actor=str(caller), needs=role.name)
            raise Refused(403, f"needs the role {role.name.lower()}")
        if request.query_string:
            log.warning("control_refused", path=request.path, actor=str(caller), query=True)
            raise Refused(400, "no query is taken")
        return caller

    async def _mutate(
        self, request: web.Request, caller: Caller, name: str, verb: Verb | None
    ) -> _Reply:
        try:
            async with asyncio.timeout(BODY_S_MAX):
                body = await read_body(request)
        except TimeoutError:
            raise Refused(408, f"the body did not come within {BODY_S_MAX:g} s") from None
        fields = parse(body)
        reason = self._desk.redactor.text(take_reason(fields))  # it is kept in many places
        call = _Call(caller, name, reason, fields)
        if verb is not None:
            check_fields(verb, fields)
        else:
            numbers(fields)
        if verb is not None and verb.action is OperatorAction.KILL:
            return (await self._do(call, verb)).answer  # an old answer would not stop us now
        keys = request.headers.getall("Idempotency-Key", [])
        if len(keys) != 1 or not KEY.fullmatch(keys[0]):
            raise Refused(400, "Idempotency-Key: is required, 1 to 64 of A-Z a-z 0-9 . _ : -")
        mine = list[Result[_Reply]]()

        async def act() -> Result[_Reply]:
            mine.append(await self._do(call, verb))
            return mine[0]

        try:
            reply = await self._once.do(f"{caller} {keys[0]}", f"{name} ".encode() + body, act)
        except OtherBody:
            raise Refused(409, "Idempotency-Key: was used for another request") from None
        return reply if mine else self._repeated(call, reply)

    def _repeated(self, call: _Call, reply: _Reply) -> _Reply:
        """The answer of then, with the state of now; nothing was done."""
        self._write_down(call, shown(call.fields), "repeated: nothing done")
        now = self._told_params() if call.action == PARAMS else {}
        return reply._replace(body={**reply.body, **now, **self._state(), "repeated": True})

    async def _do(self, call: _Call, verb: Verb | None) -> Result[_Reply]:
        """Act, and write down who asked for what and what became of it, whatever that is."""
        result = "interrupted"
        given = shown(call.fields)
        try:
            if verb is None:
                reply = await self._turn(call)
            else:
                reply = await self._operate(call, verb)
            result = DONE if reply.status == 200 else "accepted"
        except Refused as refused:
            result, refused.is_told = f"refused: {refused}", True
            raise
        finally:
            self._write_down(call, given, result)
        return Result(reply, is_done=True)

    def _write_down(self, call: _Call, given: str, result: str) -> None:
        actor, given = str(call.caller), self._desk.redactor.text(given)
        log.warning(
            "control",
            actor=actor,
            action=call.action,
            reason=call.reason,
            given=given,
            result=result,
        )
        now_ns = self._desk.clock.now_ns()
        self._desk.note(Operation(now_ns, actor, call.action, call.reason, given, result))

    async def _operate(self, call: _Call, verb: Verb) -> _Reply:
        desk, actor = self._desk, str(call.caller)
        state = desk.snapshot().trading_state
        if verb.action is OperatorAction.KILL:
            event = desk.stops.shut(actor, call.reason)
        elif verb.action is OperatorAction.REARM:
            event = self._rearming(call, state)
        else:
            if verb.action is OperatorAction.RESUME:
                _check_resume(call.fields, state)
            now_ns = desk.clock.now_ns()
            event = OperatorCommand(ts_ns=now_ns, action=verb.action, actor=actor, text=call.reason)
        step = await desk.asks.ask(event, ANSWER_S_MAX)
        if step is None:
            return _Reply(202, {"action": call.action, "result": LATE})
        for what, detail in step.anomalies:
            if what == REFUSALS.get(verb.action):
                raise Refused(409, f"not now: {detail}")
        told: dict[str, Json] = {"action": call.action, "result": DONE, **self._state()}
        if verb.action is OperatorAction.KILL and not await desk.stops.written(LATCH_S_MAX):
            return _Reply(202, {**told, "result": LATE, "latch": NO_LATCH})
        return _Reply(200, told)

    def _rearming(self, call: _Call, state: TradingState) -> OperatorCommand:
        if state is not TradingState.KILLED:
            raise Refused(409, f"nothing to lift: the state is {state.name}")
        accept = call.fields.get("accept_inventory")
        event = self._desk.stops.rearming(
            str(call.fields["kill_id"]),
            str(call.caller),
            call.reason,
            accept_inventory=accept if isinstance(accept, Decimal) else None,
        )
        if event is None:
            raise Refused(409, "kill_id: is not that of the kill in force; see /state")
        return event

    async def _turn(self, call: _Call) -> _Reply:
        turned = await self._desk.params.turn(
            numbers(call.fields), actor=str(call.caller), reason=call.reason
        )
        text = "; ".join(turned.refusals)
        if turned.wait_s:
            raise Refused(429, text, {"Retry-After": str(turned.wait_s)})
        if turned.refusals:
            raise Refused(403 if turned.is_hard else 400, text)
        status, result = (202, LATE) if turned.is_late else (200, DONE)
        told = {"action": PARAMS, "result": result, "valid": UNTIL_RESTART}
        return _Reply(status, {**told, **self._told_params(), **self._state()})

    def _told_params(self) -> dict[str, Json]:
        return {"params": asdict(self._desk.params.params)}

    def _state(self) -> dict[str, Json]:
        """Where the daemon stands now, for every reply."""
        snapshot, latched = self._desk.snapshot(), self._desk.stops.latched
        is_killed = snapshot.trading_state is TradingState.KILLED
        return {
            "trading_state": snapshot.trading_state.name,
            "phase": snapshot.phase.value,
            "causes": {cause.value: text for cause, text in snapshot.causes.items()},
            "kill_id": latched.kill_id if latched is not None and is_killed else None,
        }

    def _refusal(self, refused: Refused) -> web.Response:
        """Somebody we do not know learns nothing of our state."""
        body: dict[str, Json] = {"error": str(refused)}
        if refused.status == 409:
            body |= self._state()
        return self._answer(_Reply(refused.status, body), refused.headers)

    def _answer(self, reply: _Reply, headers: Mapping[str, str] | None = None) -> web.Response:
        self._desk.called(reply.status)
        return answer(self._desk.redactor, reply.body, status=reply.status, headers=headers)


def _check_resume(fields: Fields, state: TradingState) -> None:
    if state is TradingState.KILLED:
        raise Refused(409, "KILLED: only a re-arm with the risk token lifts that")
    if fields.get("seen", state.name) != state.name:
        raise Refused(409, f"seen: the state is {state.name} by now")
