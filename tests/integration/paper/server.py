"""A paper venue on loopback: REST and websockets of one form, with faults to arm."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.integration.paper.exchange import (
    News,
    Order,
    PaperExchange,
    Refusal,
    Refused,
    Trade,
)
from tests.integration.paper.forms import Form, Op, Request, Route, Socket

REFRESH_S = 0.1  # between changes of the book by others


@dataclass(slots=True)
class Faults:
    """Armed faults: how many further requests of each operation they affect."""

    lost_answers: Counter[Op] = field(default_factory=Counter)  # done, but never answered
    lost_requests: Counter[Op] = field(default_factory=Counter)  # closed before it was read
    is_private_silent: bool = False  # sockets say nothing of the account

    @staticmethod
    def fires(counter: Counter[Op], op: Op) -> bool:
        """Whether the fault hits this request; counts it."""
        if not counter[op]:
            return False
        counter[op] -= 1
        return True


@dataclass(slots=True)
class PaperVenue:
    """A running venue."""

    form: Form
    market: PaperExchange
    url: str = ""
    faults: Faults = field(default_factory=Faults)
    requests: list[tuple[Op, Request]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # paths that the form does not have
    sockets: set[Socket] = field(default_factory=set)
    connects: Counter[str] = field(default_factory=Counter)  # of sockets, by path
    hosts: set[str] = field(default_factory=set)  # that were meant, of requests and sockets
    _refreshed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def exchange(self) -> str:
        return self.form.exchange

    def count(self, op: Op) -> int:
        """Return how many requests of a kind have arrived."""
        return sum(each is op for each, _ in self.requests)

    def drop_sockets(self) -> None:
        """Break every websocket connection."""
        for socket in list(self.sockets):
            socket.send(None)

    def tell(self, news: News) -> None:
        """Send what happened to every socket that has subscribed to it."""
        if self.faults.is_private_silent and isinstance(news, Order | Trade):
            return
        for socket in list(self.sockets):
            for frame in self.form.news(news, socket):
                socket.send(frame)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one HTTP request or websocket; the first segment of the path is the host."""
        host, _, path = request.path.removeprefix("/").partition("/")
        self.hosts.add(host)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_socket(request, host, f"/{path}")
        text = await request.text()
        asked = Request(
            request.method, host, f"/{path}", request.rel_url.raw_query_string, text,
            request.headers,
        )  # fmt: skip
        route = self.form.route(asked)
        if route is None:
            self.unknown.append(f"{request.method} {asked.path}?{asked.query}")
            return web.json_response({}, status=404)
        self.requests.append((route.op, asked))
        if self.faults.fires(self.faults.lost_requests, route.op):
            return self._hang_up(request)
        status, body = self._answer(route, asked)
        if self.faults.fires(self.faults.lost_answers, route.op):
            return self._hang_up(request)
        return web.json_response(body, status=status)

    def _answer(self, route: Route, asked: Request) -> tuple[int, object]:
        if not route.is_public and not self.form.is_signed(asked):
            return self.form.refusal(Refusal.SIGNATURE, asked)
        try:
            return 200, route.answer(asked)
        except Refused as error:
            return self.form.refusal(error.why, asked)

    @staticmethod
    def _hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _serve_socket(
        self, request: web.Request, host: str, path: str
    ) -> web.WebSocketResponse:
        served = web.WebSocketResponse()
        await served.prepare(request)
        frames = asyncio.Queue[object]()
        socket = Socket(host, path, frames.put_nowait)
        self.sockets.add(socket)
        self.connects[path] += 1
        for frame in self.form.connected(socket):
            socket.send(frame)
        writing = asyncio.create_task(_write(served, frames, request))
        try:
            async for message in served:
                if message.type is WSMsgType.TEXT:
                    for answer in self.form.receive(socket, message.data):
                        socket.send(answer)
        finally:
            self.sockets.discard(socket)
            writing.cancel()
        return served

    async def refresh(self) -> None:
        """Let others change the book, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            self.market.refresh()
            self._refreshed.set()

    async def refreshed(self) -> None:
        """Wait until others have changed the book once more."""
        self._refreshed.clear()
        await self._refreshed.wait()


async def _write(
    served: web.WebSocketResponse, frames: asyncio.Queue[object], request: web.Request
) -> None:
    """Send the frames in their order; None breaks the connection."""
    with suppress(ConnectionError):
        while (frame := await frames.get()) is not None:
            await served.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        if request.transport is not None:
            request.transport.abort()


@asynccontextmanager
async def paper_venue(form: type[Form]) -> AsyncIterator[PaperVenue]:
    """Run a venue of this form for the length of the block."""
    market = PaperExchange(
        new_id=form.venue_id,
        fee_in_quote=form.fee_in_quote,
        post_only_ends_later=form.post_only_ends_later,
    )
    venue = PaperVenue(form(market), market)
    market.listeners.append(venue.tell)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.handle)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    venue.url = f"http://{host}:{port}"
    refreshing = asyncio.create_task(venue.refresh())
    try:
        yield venue
    finally:
        refreshing.cancel()
        market.set_dead_man(0)
        venue.drop_sockets()
        await runner.cleanup()
