"""Websocket API under /ws-api/v3: signed requests, and the user stream on the same socket.

A client with an Ed25519 key may log on once; its requests then need neither key nor signature.
"""

import asyncio
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import msgspec
from aiohttp import web

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.api.operation import Call, Handler, Operation, Request
from quoter.sandbox.api.operations import SOCKET
from quoter.sandbox.api.pipeline import perform
from quoter.sandbox.exchange.faults import Endpoint, SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import signing
from quoter.sandbox.protocol.answers import ApiError, Hangup, bad_request
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sandbox.protocol.payloads import Json
from quoter.sandbox.streams.sockets import Socket, Sockets
from quoter.sandbox.streams.user_streams import UserStreams
from quoter.venues.supervised_tasks import wait_ended

IN_FLIGHT_MAX = 256
ENVELOPE = {"id", "method", "params"}


@dataclass(slots=True)
class Session:
    """One connection: its socket, and the key that is logged on, if any."""

    socket: Socket
    connected_ns: int
    api_key: str = ""
    authorized_ns: int = 0


class SocketApi:
    """Serves the websocket API."""

    def __init__(self, venue: Venue, sockets: Sockets, users: UserStreams) -> None:
        self._venue, self._sockets, self._users = venue, sockets, users

    def add_routes(self, app: web.Application) -> None:
        """Register the route."""
        app.router.add_get("/ws-api/v3", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if page := self._sockets.refused(SocketKind.USER):
            return page
        socket = Socket(self._venue, SocketKind.USER, wrap=lambda event: {"event": event})
        self._sockets.add(socket)
        session = Session(socket, self._venue.now_ns())
        tasks: set[asyncio.Task[None]] = set()

        async def on_text(text: str) -> None:
            # One task per request: a delayed request must not delay the pongs behind it.
            if len(tasks) >= IN_FLIGHT_MAX:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self._answer(session, text))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        try:
            await socket.run(request, on_text=on_text, on_frame=lambda: True)
        finally:
            self._sockets.remove(socket)
            self._users.forget(socket)
            for task in tasks:
                task.cancel()
            await wait_ended(*tasks)
        return socket.response

    async def _answer(self, session: Session, text: str) -> None:
        received_ns = self._venue.now_ns()
        request_id: object = None
        api_key, with_limits = "", True
        try:
            request_id, method, params = _envelope(text)
            with_limits = params.get("returnRateLimits") != "false"
            api_key = params.get("apiKey", session.api_key)
            operation = self._operation(session, method)
            if operation is None:
                raise bad_request(-1020, "This operation is not supported.")
            call = _call(operation, params, session, received_ns)
            answer: Json = {"status": 200, "result": await perform(self._venue, call)}
        except ApiError as error:
            answer = {"status": error.status, "error": self._error(error)}
        except Hangup:
            session.socket.abort()
            return
        if with_limits:
            known = api_key if self._venue.account(api_key) else ""
            answer["rateLimits"] = self._venue.budgets.rows(known, self._venue.now_ns())
        session.socket.send(msgspec.json.encode({"id": request_id} | answer))

    def _error(self, error: ApiError) -> Json:
        body = error.body()
        if error.retry_after_s is not None:
            now_ms = self._venue.now_ns() // NS_PER_MS
            until_ms = now_ms + error.retry_after_s * 1_000
            body["data"] = {"serverTime": now_ms, "retryAfter": until_ms}
        return body

    def _operation(self, session: Session, method: str) -> Operation | None:
        match method:
            case "session.logon":
                return self._stream(method, partial(self._log_on, session), signed=True)
            case "session.status":
                return self._stream(method, partial(self._status, session))
            case "session.logout":
                return self._stream(method, partial(self._log_out, session))
            case "userDataStream.subscribe":
                return self._stream(method, partial(self._subscribe_session, session))
            case "userDataStream.subscribe.signature":
                return self._stream(method, partial(self._subscribe, session), signed=True)
            case "userDataStream.unsubscribe":
                handler = partial(self._unsubscribe, session)
                return self._stream(method, handler, optional=("subscriptionId",))
            case "session.subscriptions":
                return self._stream(method, lambda _request: self._users.active(session.socket))
            case _:
                return SOCKET.get(method)

    def _stream(
        self, name: str, handler: Handler, *, signed: bool = False, optional: tuple[str, ...] = ()
    ) -> Operation:
        return Operation(
            name=name,
            endpoint=Endpoint.SUBSCRIBE,
            handler=handler,
            weight=2,
            signed=signed,
            optional=optional,
        )

    def _log_on(self, session: Session, request: Request) -> Json:
        """Set the key of the connection. Raises ApiError(-4056) for a key that signs with HMAC."""
        if not self._venue.accounts[request.api_key].public_key:
            raise bad_request(-4056, "HMAC_SHA256 API key is not supported.")
        session.api_key, session.authorized_ns = request.api_key, request.now_ns
        return self._status(session, request)

    def _log_out(self, session: Session, request: Request) -> Json:
        session.api_key, session.authorized_ns = "", 0
        return self._status(session, request)

    def _status(self, session: Session, request: Request) -> Json:
        since_ms = session.authorized_ns // NS_PER_MS
        return {
            "apiKey": session.api_key or None,
            "authorizedSince": since_ms if session.api_key else None,
            "connectedSince": session.connected_ns // NS_PER_MS,
            "returnRateLimits": True,
            "serverTime": request.clock_ns // NS_PER_MS,
            "userDataStream": bool(self._users.active(session.socket)),
        }

    def _subscribe_session(self, session: Session, _request: Request) -> Json:
        if not session.api_key:
            raise ApiError(401, -1002, "You are not authorized to execute this request.")
        return {"subscriptionId": self._users.subscribe(session.socket, session.api_key)}

    def _subscribe(self, session: Session, request: Request) -> Json:
        return {"subscriptionId": self._users.subscribe(session.socket, request.api_key)}

    def _unsubscribe(self, session: Session, request: Request) -> Json:
        is_one = "subscriptionId" in request.parameters
        number = request.parameters.integer("subscriptionId") if is_one else None
        self._users.unsubscribe(session.socket, number)
        return {}


def _envelope(text: str) -> tuple[object, str, dict[str, str]]:
    """Return id, method and parameters as texts. Raises ApiError(-1135) for another form."""
    try:
        message = json.loads(text, parse_float=Decimal)
    except ValueError:
        raise bad_request(-1135, "Invalid JSON Request") from None
    if not isinstance(message, dict) or not set(message) <= ENVELOPE:
        raise bad_request(-1135, "Invalid JSON Request")
    params = message.get("params", {})
    method = message.get("method")
    if not isinstance(params, dict) or not isinstance(method, str):
        raise bad_request(-1135, "Invalid JSON Request")
    return message.get("id"), method, {name: _text(value) for name, value in params.items()}


def _text(value: object) -> str:
    """Return a parameter as it is signed: bare numbers, lower-case booleans, None as ""."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case None:
            return ""
        case _:
            return json.dumps(value, separators=(",", ":"), default=str)


def _call(operation: Operation, params: dict[str, str], session: Session, received_ns: int) -> Call:
    return Call(
        operation=operation,
        parameters=Parameters({k: v for k, v in params.items() if k != "returnRateLimits"}),
        api_key=params.get("apiKey", session.api_key),
        payload=signing.socket_payload(params),
        transport="ws",
        received_ns=received_ns,
        is_logged_on=bool(session.api_key) and "apiKey" not in params,
    )
