"""Who is connected to a listener of ours: so many at most, and nobody who asks for nothing.

Each takes a descriptor, of which the venue's sockets, ledger and kill file need some as well. In a
full house the one that has been quiet longest must go: a stranger who fills it keeps nobody out
who connects and asks at once.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import structlog

from quoter.telemetry.log_throttle import LogThrottle

log = structlog.get_logger()

CONNECTIONS_MAX = 64
HEAD_S_MAX = 5.0  # from the connection to the end of its first request's head
HEAD_END = b"\r\n\r\n"


class Connections:
    """The protocol factory of a listener, around that of the server behind it."""

    def __init__(self, make: Callable[[], asyncio.Protocol]) -> None:
        self._make = make
        self._open: dict[Connection, None] = {}  # whoever asked last is last
        self._crowd = LogThrottle()

    def __call__(self) -> asyncio.Protocol:
        """One for each connection."""
        return Connection(self, self._make())

    def __len__(self) -> int:
        return len(self._open)

    def came(self, connection: "Connection") -> None:
        """One more: somebody may have to make room for it."""
        if len(self._open) >= CONNECTIONS_MAX:
            quietest = next(iter(self._open))
            del self._open[quietest]
            quietest.abort()
            if count := self._crowd.count():
                log.warning("connections_full", most=CONNECTIONS_MAX, turned_out=count)
        self._open[connection] = None

    def asked(self, connection: "Connection") -> None:
        """It sent a request."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def left(self, connection: "Connection") -> None:
        """It is gone."""
        self._open.pop(connection, None)


class Connection(asyncio.Protocol):
    """Hands everything to the server's protocol, and looks for the end of a request's head."""

    def __init__(self, all_of_them: Connections, inner: asyncio.Protocol) -> None:
        self._all = all_of_them
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._tail = b""  # what may be the beginning of `HEAD_END`

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Time runs until it asks for something."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._deadline = asyncio.get_running_loop().call_later(HEAD_S_MAX, self.abort)
        self._all.came(self)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or several of them."""
        seen = self._tail + data
        self._tail = seen[1 - len(HEAD_END) :]
        if HEAD_END in seen:
            self._stop_waiting()
            self._all.asked(self)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The other side sends no more."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """The other side reads too slowly."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Its descriptor is free again."""
        self._stop_waiting()
        self._all.left(self)
        self._inner.connection_lost(exc)

    def abort(self) -> None:
        """Close it without a word; `connection_lost` follows."""
        if self._transport is not None:
            self._transport.abort()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
