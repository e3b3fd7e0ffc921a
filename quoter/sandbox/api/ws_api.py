"""Websocket API under /ws-api/v3: signed requests, and the user stream on the same socket."""

import asyncio
import json
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


class SocketApi:
    """Serves the websocket API."""

    def __init__(self, venue: Venue, sockets: Sockets, users: UserStreams) -> None:
        self._venue, self._sockets, self._users = venue, sockets, users

    def add_routes(self, app: web.Application) -> None:
        """Register the route."""
        app.router.add_get("/ws-api/v3", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = Socket(self._venue, SocketKind.USER, wrap=lambda event: {"event": event})
        self._sockets.add(socket)
        tasks: set[asyncio.Task[None]] = set()

        async def on_text(text: str) -> None:
            # One task per request: a delayed request must not delay the pongs behind it.
            if len(tasks) >= IN_FLIGHT_MAX:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self._answer(socket, text))
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

    async def _answer(self, socket: Socket, text: str) -> None:
        received_ns = self._venue.now_ns()
        request_id: object = None
        api_key, with_limits = "", True
        try:
            request_id, method, params = _envelope(text)
            with_limits = params.get("returnRateLimits") != "false"
            api_key = params.get("apiKey", "")
            operation = self._operation(socket, method)
            if operation is None:
                raise bad_request(-1020, "This operation is not supported.")
            call = _call(operation, params, received_ns)
            answer: Json = {"status": 200, "result": await perform(self._venue, call)}
        except ApiError as error:
            answer = {"status": error.status, "error": self._error(error)}
        except Hangup:
            socket.abort()
            return
        if with_limits:
            known = api_key if self._venue.account(api_key) else ""
            answer["rateLimits"] = self._venue.budgets.rows(known, self._venue.now_ns())
        socket.send(msgspec.json.encode({"id": request_id} | answer))

    def _error(self, error: ApiError) -> Json:
        body = error.body()
        if error.retry_after_s is not None:
            now_ms = self._venue.now_ns() // NS_PER_MS
            until_ms = now_ms + error.retry_after_s * 1_000
            body["data"] = {"serverTime": now_ms, "retryAfter": until_ms}
        return body

    def _operation(self, socket: Socket, method: str) -> Operation | None:
        match method:
            case "userDataStream.subscribe.signature":
                return self._stream(method, partial(self._subscribe, socket), signed=True)
            case "userDataStream.unsubscribe":
                handler = partial(self._unsubscribe, socket)
                return self._stream(method, handler, optional=("subscriptionId",))
            case "session.subscriptions":
                return self._stream(method, lambda _request: self._users.active(socket))
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

    def _subscribe(self, socket: Socket, request: Request) -> Json:
        return {"subscriptionId": self._users.subscribe(socket, request.api_key)}

    def _unsubscribe(self, socket: Socket, request: Request) -> Json:
        is_one = "subscriptionId" in request.parameters
        number = request.parameters.integer("subscriptionId") if is_one else None
        self._users.unsubscribe(socket, number)
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
    """Return a parameter as it is signed: bare numbers, lower-case booleans."""
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


def _call(operation: Operation, params: dict[str, str], received_ns: int) -> Call:
    return Call(
        operation=operation,
        parameters=Parameters({k: v for k, v in params.items() if k != "returnRateLimits"}),
        api_key=params.get("apiKey", ""),
        sign=partial(signing.socket_signature, params),
        transport="ws",
        received_ns=received_ns,
    )
