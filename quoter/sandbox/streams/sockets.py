"""Server-side websockets: bounded send queue, pings, and an optional maximum duration."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from quoter.sandbox.exchange.faults import Armed, FaultKind, SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.payloads import Json
from quoter.venues.supervised_tasks import wait_ended

PINGS_UNANSWERED_MAX = 3  # one minute at the venue's 20 s
CLOSE_S_MAX = 1.0
FRAME_BYTES_MAX = 256 * 1024

type OnText = Callable[[str], Awaitable[None]]
type OnFrame = Callable[[], bool]
type Wrap = Callable[[Json], Json]


class Socket:
    """One websocket. Sending never waits: a client that reads too slowly is disconnected."""

    def __init__(self, venue: Venue, kind: SocketKind, *, wrap: Wrap) -> None:
        """`wrap`: puts the server's own events into the envelope of this kind of socket."""
        self.kind = kind
        self._wrap = wrap
        self._venue = venue
        self._ws = web.WebSocketResponse(
            timeout=CLOSE_S_MAX, autoping=False, compress=False, max_msg_size=FRAME_BYTES_MAX
        )
        size = venue.config.limits.send_queue
        self._queue: asyncio.Queue[tuple[WSMsgType, bytes]] = asyncio.Queue(maxsize=size)
        self._transport: asyncio.Transport | None = None
        self._caught_up = asyncio.Event()
        self._caught_up.set()
        self._unanswered = 0
        self._silenced_by: list[Armed] = []
        self._ending: asyncio.Task[None] | None = None

    @property
    def response(self) -> web.WebSocketResponse:
        """Response for the request handler to return."""
        return self._ws

    def is_silenced(self) -> bool:
        """Whether a fault stops this socket from sending."""
        now_ns = self._venue.now_ns()
        return any(armed.is_active(now_ns) for armed in self._silenced_by)

    async def caught_up(self) -> None:
        """Return when the send queue is at most half full."""
        await self._caught_up.wait()

    def silence(self, armed: Armed) -> None:
        """Send nothing, not even a pong, while the fault is active."""
        self._silenced_by.append(armed)

    def send(self, frame: bytes) -> None:
        """Queue one text frame."""
        self._put(WSMsgType.TEXT, frame)

    async def run(self, request: web.Request, *, on_text: OnText, on_frame: OnFrame) -> None:
        """Serve until either side closes the socket.

        `on_frame` is called for every inbound frame. If it returns False (too many messages), the
        socket is closed.
        """
        await self._ws.prepare(request)
        self._transport = request.transport
        helpers = [asyncio.create_task(self._write()), asyncio.create_task(self._ping())]
        if self._venue.config.disconnect_s is not None and self._ending is None:
            self._ending = asyncio.create_task(self._expire(self._venue.config.disconnect_s))
        try:
            await self._read(on_text, on_frame)
        finally:
            if self._ending is not None:
                helpers.append(self._ending)
            for task in helpers:
                task.cancel()
            await wait_ended(*helpers)
            self._caught_up.set()

    def end_in(self, notice_s: float) -> None:
        """Send `serverShutdown` and close after `notice_s`."""
        if self._ending is not None:
            self._ending.cancel()
        self._announce()
        self._ending = asyncio.create_task(self._close_in(notice_s))

    async def close(self, code: WSCloseCode = WSCloseCode.GOING_AWAY) -> None:
        """Send a close frame; wait at most CLOSE_S_MAX for the client's."""
        with suppress(ConnectionError):
            await self._ws.close(code=code, message=b"")

    def abort(self) -> None:
        """Close the connection without a close frame."""
        if self._transport is not None:
            self._transport.abort()

    def _put(self, kind: WSMsgType, frame: bytes) -> None:
        if self._ws.closed or self.is_silenced():
            return
        try:
            self._queue.put_nowait((kind, frame))
            if not self._is_half_empty():
                self._caught_up.clear()
        except asyncio.QueueFull:
            self._venue.counts[f"slow_{self.kind.value}_socket_dropped"] += 1
            self.abort()

    def _is_half_empty(self) -> bool:
        return self._queue.qsize() * 2 <= self._queue.maxsize

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                kind, frame = await self._queue.get()
                if self._is_half_empty():
                    self._caught_up.set()
                await self._ws.send_frame(frame, kind)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._venue.config.ping_s)
            if self._unanswered >= PINGS_UNANSWERED_MAX:
                self._venue.counts[f"silent_{self.kind.value}_socket_dropped"] += 1
                self.abort()
                return
            self._unanswered += 1
            self._put(WSMsgType.PING, str(self._venue.now_ns() // 1_000_000).encode())

    async def _expire(self, after_s: float) -> None:
        notice_s = min(self._venue.config.shutdown_notice_s, after_s / 2)
        await asyncio.sleep(after_s - notice_s)
        self._announce()
        await self._close_in(notice_s)

    async def _close_in(self, notice_s: float) -> None:
        await asyncio.sleep(notice_s)
        await self.close()

    def _announce(self) -> None:
        event = payloads.shutdown_event(self._venue.now_ns())
        self.send(msgspec.json.encode(self._wrap(event)))

    async def _read(self, on_text: OnText, on_frame: OnFrame) -> None:
        while True:
            message = await self._ws.receive()
            if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
                return
            if message.type is WSMsgType.ERROR:
                return
            if not on_frame():
                await self.close(WSCloseCode.POLICY_VIOLATION)
                return
            if message.type is WSMsgType.PING:
                self._put(WSMsgType.PONG, bytes(message.data))
            elif message.type is WSMsgType.PONG:
                self._unanswered = 0
            elif message.type is WSMsgType.TEXT:
                await on_text(message.data)


class Sockets:
    """All open sockets, for faults and for the shutdown of the server."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._open: dict[Socket, None] = {}

    def refused(self, kind: SocketKind) -> web.Response | None:
        """Return the page with which a fault refuses a new socket; None if no fault fires."""
        armed = self._venue.faults.take(FaultKind.REFUSE_SOCKET, socket=kind)
        if armed is None:
            return None
        fault = armed.fault
        return web.Response(status=fault.status, text=fault.text, content_type="text/html")

    def add(self, socket: Socket) -> None:
        """Add a new socket; an armed SILENT_SOCKET fault silences it immediately."""
        self._open[socket] = None
        self._venue.counts[f"{socket.kind.value}_sockets_opened"] += 1
        armed = self._venue.faults.take(FaultKind.SILENT_SOCKET, socket=socket.kind)
        if armed:
            socket.silence(armed)

    def remove(self, socket: Socket) -> None:
        """Remove a closed socket."""
        self._open.pop(socket, None)

    def of(self, kind: SocketKind | None) -> Iterator[Socket]:
        """Return the open sockets of a kind, or all."""
        return (socket for socket in list(self._open) if kind in (None, socket.kind))

    def silence(self, armed: Armed) -> None:
        """Apply an armed SILENT_SOCKET fault to the open sockets, oldest first."""
        for socket in self.of(armed.fault.socket):
            if armed.is_exhausted():
                return
            armed.fired += 1
            socket.silence(armed)

    def shut_down(self, kind: SocketKind | None, *, notice_s: float) -> int:
        """Close the open sockets of a kind after a notice; return how many."""
        chosen = list(self.of(kind))
        for socket in chosen:
            socket.end_in(notice_s)
        return len(chosen)

    async def close(self, kind: SocketKind | None, *, most: int | None = None) -> int:
        """Close up to `most` sockets of a kind (all by default); return how many."""
        chosen = list(self.of(kind))[:most]
        await asyncio.gather(*(socket.close() for socket in chosen))
        return len(chosen)
