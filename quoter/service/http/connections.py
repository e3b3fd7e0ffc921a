"""Limits the connections to our listener, and closes those that send no request.

Each connection takes a file descriptor, which the venue's sockets, the ledger and the kill file
need too. At the limit, the connection that has been idle the longest is closed, so that idle
connections can't keep out a client that sends its request at once.

The server's protocol object is expensive. It is made when the head of the first request is
complete, so that connections without a request cost little.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import structlog

from quoter.telemetry.log_throttle import LogThrottle

log = structlog.get_logger()

CONNECTIONS_MAX = 64
HEAD_S_MAX = 5.0  # from the connection to the end of its first request's head
HEAD_BYTES_MAX = 16_384  # an incomplete head of this size is passed on; the server refuses it
HEAD_END = b"\r\n\r\n"


class Connections:
    """Protocol factory of a listener; wraps the factory of the server behind it."""

    def __init__(self, make: Callable[[], asyncio.Protocol]) -> None:
        self._make = make
        self._open: dict[Connection, None] = {}  # least recent request first
        self._full_log = LogThrottle()

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return Connection(self, self._make)

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, connection: "Connection") -> None:
        """Add a connection; at the limit, close the one that is idle the longest."""
        if len(self._open) >= CONNECTIONS_MAX:
            idlest = next(iter(self._open))
            del self._open[idlest]
            idlest.abort()
            if count := self._full_log.count():
                log.warning("connections_full", limit=CONNECTIONS_MAX, closed=count)
        self._open[connection] = None

    def request_received(self, connection: "Connection") -> None:
        """Mark a connection as the one with the most recent request."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def abort_waiting(self) -> None:
        """Close the connections that the server does not know, because they sent no request."""
        for connection in list(self._open):
            if connection.is_waiting:
                connection.abort()

    def closed(self, connection: "Connection") -> None:
        """Remove a connection."""
        self._open.pop(connection, None)


class Connection(asyncio.Protocol):
    """Waits for the head of the first request, then passes everything to the server's protocol."""

    def __init__(self, connections: Connections, make: Callable[[], asyncio.Protocol]) -> None:
        self._all = connections
        self._make = make
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._held = bytearray()  # received before the end of the first head
        self._tail = b""  # may be the beginning of `HEAD_END`

    @property
    def is_waiting(self) -> bool:
        """Whether the head of the first request is not complete."""
        return self._inner is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadline for the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass
        self._deadline = asyncio.get_running_loop().call_later(HEAD_S_MAX, self.abort)
        self._all.opened(self)

    def data_received(self, data: bytes) -> None:
        """Pass on received data; cancel the deadline once a request's head is complete."""
        seen = self._tail + data
        self._tail = seen[1 - len(HEAD_END) :]
        is_complete = HEAD_END in seen
        if is_complete:
            self._cancel_deadline()
            self._all.request_received(self)
        if self._inner is not None:
            self._inner.data_received(data)
            return
        self._held += data
        if is_complete or len(self._held) > HEAD_BYTES_MAX:
            self._begin()

    def eof_received(self) -> bool | None:
        """Report to the wrapped protocol that the peer sends no more; return its answer.

        None, which closes the connection, before the head of a request is complete.
        """
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        """Report to the wrapped protocol that the peer reads too slowly."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Report to the wrapped protocol that the peer reads again."""
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up after the connection is closed."""
        self._cancel_deadline()
        self._all.closed(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def abort(self) -> None:
        """Close the connection at once; `connection_lost` follows."""
        if self._transport is not None:
            self._transport.abort()

    def _begin(self) -> None:
        """Make the server's protocol and pass on what was received."""
        if self._transport is None:
            raise AssertionError("unreachable: data is received from a transport")
        self._inner = self._make()
        self._inner.connection_made(self._transport)
        held, self._held = bytes(self._held), bytearray()
        self._inner.data_received(held)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
