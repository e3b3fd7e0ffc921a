"""REST API under /api/v3 and /sapi/v1."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

import msgspec
from aiohttp import web

from quoter.sandbox.api.operation import Call, Operation
from quoter.sandbox.api.operations import REST, WALLET
from quoter.sandbox.api.pipeline import perform
from quoter.sandbox.exchange.faults import FaultKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import signing
from quoter.sandbox.protocol.answers import ApiError, Hangup, Page
from quoter.sandbox.protocol.parameters import Parameters, parse_form

PREFIX, WALLET_PREFIX = "/api/v3/", "/sapi/v1/"
BODY_BYTES_MAX = 64 * 1024
KEY_HEADER = "X-MBX-APIKEY"
RETIRED = (
    "/api/v3/userDataStream",
    "/sapi/v1/userDataStream",
    "/sapi/v1/userDataStream/isolated",
)
GONE = (
    "<html>\r\n<head><title>410 Gone</title></head>\r\n<body>\r\n"
    "<center><h1>410 Gone</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
BLANKS = b" " * 2**20
ABORT_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: the peer sees a reset


type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestApi:
    """Serves every route of the operation tables, and HTTP 410 on routes that Binance retired."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def add_routes(self, app: web.Application) -> None:
        """Register every operation of the REST tables."""
        for prefix, table in ((PREFIX, REST), (WALLET_PREFIX, WALLET)):
            for (method, path), operation in table.items():
                app.router.add_route(method, prefix + path, self._handler(operation))
        for path in RETIRED:
            app.router.add_route("*", path, _gone)

    def _handler(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._answer(request, operation)

        return handle

    async def _answer(self, request: web.Request, operation: Operation) -> web.StreamResponse:
        received_ns = self._venue.now_ns()
        api_key = request.headers.get(KEY_HEADER, "")
        status, extra = 200, {}
        body: object
        try:
            call = await _call(request, operation, api_key, received_ns)
            body = await perform(self._venue, call)
            if faulty := await self._faulty_body(request, call, body):
                return faulty
        except Page as page:
            return web.Response(status=page.status, text=page.text, content_type="text/html")
        except ApiError as error:
            status, body = error.status, error.body()
            if error.retry_after_s is not None:
                extra["Retry-After"] = str(error.retry_after_s)
        except Hangup as hangup:
            hang_up(request, reset=hangup.reset)
            return web.Response()
        known = api_key if self._venue.account(api_key) else ""
        headers = self._venue.budgets.headers(known, self._venue.now_ns())
        return web.Response(
            status=status,
            body=msgspec.json.encode(body),
            headers=headers | extra,
            content_type="application/json",
            charset="utf-8",
        )

    async def _faulty_body(
        self, request: web.Request, call: Call, body: object
    ) -> web.StreamResponse | None:
        """Answer with a faulty body if an armed fault fires; return None if none does."""
        fired = partial(
            self._venue.faults.take,
            endpoint=call.operation.endpoint,
            symbol=call.parameters.text("symbol"),
            api_key=call.api_key,
        )
        if armed := fired(FaultKind.GARBLED):
            return web.Response(text=armed.fault.text, content_type=armed.fault.content_type)
        if armed := fired(FaultKind.BODY_HUGE):
            return await _stream(request, _padded(msgspec.json.encode(body), armed.fault.size_mb))
        if armed := fired(FaultKind.BODY_SLOW):
            pieces = (bytes([byte]) for byte in msgspec.json.encode(body))
            return await _stream(request, pieces, pause_s=armed.fault.delay_s)
        return None


def _padded(body: bytes, size_mb: int) -> Iterator[bytes]:
    """Yield a JSON object or list with `size_mb` MiB of blanks before its last bracket."""
    yield body[:-1]
    for _ in range(size_mb):
        yield BLANKS
    yield body[-1:]


async def _stream(
    request: web.Request, pieces: Iterable[bytes], *, pause_s: float = 0.0
) -> web.StreamResponse:
    """Send a JSON body in pieces, `pause_s` apart; stop if the client closes the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    with suppress(ConnectionError):
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(pause_s)
    return response


async def _gone(_request: web.Request) -> web.StreamResponse:
    """Answer requests for listen keys with 410, as Binance does since 2026-02-20."""
    return web.Response(status=410, text=GONE, content_type="text/html")


async def _call(request: web.Request, operation: Operation, api_key: str, received_ns: int) -> Call:
    """Decode a request. A parameter in both query and body has the query's value."""
    query = request.raw_path.partition("?")[2]
    body = "" if request.method == "GET" else (await request.read()).decode("utf-8", "replace")
    parameters = Parameters(parse_form(body) | parse_form(query))
    signed = signing.unsigned(query) if "signature=" in query else query
    rest = signing.unsigned(body) if "signature=" in body else body
    return Call(
        operation=operation,
        parameters=parameters,
        api_key=api_key,
        payload=signed + rest,
        transport="rest",
        received_ns=received_ns,
    )


def hang_up(request: web.Request, *, reset: bool) -> None:
    """Close the connection of a request; later writes are discarded. `reset`: by RST, not FIN."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if reset and raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT_ON_CLOSE)
    transport.abort()
