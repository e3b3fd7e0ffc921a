"""The read-only HTTP pages of a running daemon: /metrics, /healthz, /readyz, /state.

Where tokens are configured, the listener also has the routes of `service/control_api`.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Protocol

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError

from quoter.domain.step import Snapshot
from quoter.domain.trading import Cause, Phase, TradingState
from quoter.service.http.cause_details import Details, no_details
from quoter.service.http.connections import Connections
from quoter.service.http.protocol import SERVER
from quoter.service.http.responses import json_response
from quoter.service.http.state_view import Json, state_view
from quoter.telemetry.log_throttle import LogThrottle
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()

REQUESTS_MAX = 16  # at once; more get status 503
LINE_BYTES_MAX = 4_096
HEADERS_BYTES_MAX = 8_192
BACKLOG = 256  # more waiting connections than this are not answered for a second or longer
KEEPALIVE_S = 15.0
METRICS_CACHE_S = 0.25  # rendering blocks the event loop for milliseconds
SHUTDOWN_S = 1.0
# A host name, an IPv4 address, or an IPv6 address in brackets; optionally with a port.
HOST = re.compile(r"(?:\[(?P<bracketed>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": SERVER,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
READY_STATES = frozenset({TradingState.RUNNING, TradingState.REDUCE_ONLY})

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Sources of the pages; each call is cheap and never waits."""

    snapshot: Callable[[], Snapshot]
    metrics: Callable[[Snapshot], bytes]
    is_alive: Callable[[], bool]
    details: Callable[[Mapping[Cause, str]], Details] = no_details  # of the active causes
    about: Mapping[str, str] = field(default_factory=dict)  # environment, exchange, symbol, run
    redactor: Redactor = field(default_factory=Redactor)
    # The kill id for a client that is shown this trading state.
    kill_id: Callable[[TradingState], str | None] = lambda _state: None


class ExtraRoutes(Protocol):
    """Routes that another part adds to the listener, such as the control API."""

    @property
    def always_served(self) -> frozenset[str]:
        """Paths that are served even when too many other requests are being served."""

    def add_routes(self, app: web.Application) -> None:
        """Add the routes to an application."""


class Pages:
    """The four pages as one aiohttp application."""

    def __init__(
        self, sources: Sources, *, host_names: Iterable[str] = (), extra: ExtraRoutes | None = None
    ) -> None:
        self._sources = sources
        self._extra = extra
        self._always_served = extra.always_served if extra is not None else frozenset[str]()
        self._host_names = frozenset({"localhost", *(name.lower() for name in host_names)})
        self._busy = 0
        self._metrics_text = b""
        self._metrics_until_s = float("-inf")

    def application(self) -> web.Application:
        """Return the application with routes and checks; the pages take GET and HEAD only."""
        app = web.Application(middlewares=[self._check_request], client_max_size=1)
        app.on_response_prepare.append(_put_headers)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/state", self._state)
        if self._extra is not None:
            self._extra.add_routes(app)
        return app

    @web.middleware
    async def _check_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await asyncio.sleep(0)  # let other tasks run between pipelined requests, refused ones too
        if not is_allowed_host(request.headers.get("Host", ""), self._host_names):
            return web.Response(status=421, text="unknown host name: see QUOTER_HTTP_HOSTS\n")
        if self._busy >= REQUESTS_MAX and request.path not in self._always_served:
            return web.Response(status=503, text="busy\n", headers={"Retry-After": "1"})
        self._busy += 1
        try:
            return await handler(request)
        finally:
            self._busy -= 1

    async def _metrics(self, _request: web.Request) -> web.Response:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._metrics_until_s:
            self._metrics_text = self._sources.metrics(self._sources.snapshot())
            self._metrics_until_s = now_s + METRICS_CACHE_S
        return web.Response(body=self._metrics_text, headers={"Content-Type": METRICS_TYPE})

    async def _health(self, _request: web.Request) -> web.Response:
        is_alive = self._sources.is_alive()
        return self._json({"alive": is_alive}, status=200 if is_alive else 503)

    async def _ready(self, _request: web.Request) -> web.Response:
        snapshot = self._sources.snapshot()
        is_ready = snapshot.phase is Phase.LIVE and snapshot.trading_state in READY_STATES
        body: dict[str, Json] = {
            "ready": is_ready,
            "phase": snapshot.phase.value,
            "trading_state": snapshot.trading_state.name,
            "causes": {cause.value: text for cause, text in snapshot.causes.items()},
            "details": self._sources.details(snapshot.causes),
            "kill_id": self._sources.kill_id(snapshot.trading_state),
        }
        return self._json(body, status=200 if is_ready else 503)

    async def _state(self, _request: web.Request) -> web.Response:
        snapshot = self._sources.snapshot()
        body = state_view(snapshot, about=self._sources.about)
        return self._json(body | {"kill_id": self._sources.kill_id(snapshot.trading_state)})

    def _json(self, body: dict[str, Json], *, status: int = 200) -> web.Response:
        return json_response(self._sources.redactor, body, status=status)


class HasApplication(Protocol):
    """Pages that can be served."""

    def application(self) -> web.Application:
        """Return the application with its routes and checks."""


class _ServerLog(logging.LoggerAdapter[logging.Logger]):
    """Log of the HTTP library; requests that are not HTTP are counted, not logged one by one."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger("aiohttp.server"))
        self._not_http = LogThrottle()

    def log(self, level: int, msg: object, *args: object, **how: Any) -> None:
        """Log like any logger, except for malformed requests."""
        if not isinstance(how.get("exc_info"), HttpProcessingError):
            super().log(level, msg, *args, **how)
        elif count := self._not_http.count():
            log.warning("requests_not_http", count=count)


class _Site(web.BaseSite):
    """A listener with limited connections."""

    def __init__(self, runner: web.AppRunner, server: web.Server, host: str, port: int) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._address = host, port
        self._connections = Connections(server)

    @property
    def name(self) -> str:
        """The name that the library logs."""
        return ":".join(map(str, self._address))

    async def start(self) -> None:
        """Listen. Raises OSError."""
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            self._connections, *self._address, backlog=self._backlog
        )

    async def stop(self) -> None:
        """Stop listening; close the connections that the library does not know."""
        await super().stop()
        self._connections.abort_waiting()


async def serve(pages: HasApplication, *, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Listen; return the runner, for `stop`, and the port. Raises OSError, as for a taken port."""
    runner = web.AppRunner(
        pages.application(),
        access_log=None,
        auto_decompress=False,  # a small body can't expand to a large one
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        logger=_ServerLog(),
        max_line_size=LINE_BYTES_MAX,
        max_field_size=HEADERS_BYTES_MAX,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    if runner.server is None:
        raise AssertionError("unreachable: the runner has been set up")
    try:
        await _Site(runner, runner.server, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner, int(runner.addresses[0][1])


async def stop(runner: web.AppRunner) -> None:
    """Close every connection, for at most 2 * SHUTDOWN_S: the end of the process closes the rest.

    It raises nothing, so that the exit code of the run is kept.
    """
    try:
        async with asyncio.timeout(2 * SHUTDOWN_S):
            await runner.cleanup()
    except TimeoutError:
        log.warning("http_not_closed", seconds=2 * SHUTDOWN_S)


def is_allowed_host(header: str, names: frozenset[str]) -> bool:
    """Whether a Host header is allowed: one of our names, or any IP address.

    A web page that attacks by DNS rebinding sends another name.
    """
    found = HOST.fullmatch(header.lower())
    if found is None:
        return False
    try:
        if found["bracketed"] is not None:
            return bool(IPv6Address(found["bracketed"]))
        return found["name"] in names or bool(IPv4Address(found["name"]))
    except AddressValueError:
        return False


async def _put_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
