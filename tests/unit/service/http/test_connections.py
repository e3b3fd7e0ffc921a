"""A client with a thousand sockets can't use up descriptors or keep others out."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress

import pytest
from structlog.testing import capture_logs

from quoter.service.http import connections as module
from quoter.service.http.connections import Connections
from tests.unit.service.http.test_server import Daemon, daemon

__all__ = ("daemon",)

CONNECTIONS_MAX = 5
INCOMPLETE_HEAD = b"GET /healthz HTTP/1.1\r\nHost: loc"
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER_S = 10.0
HEAD_S = 2.0  # enough for five bytes on a busy machine


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_MAX", CONNECTIONS_MAX)


@pytest.fixture
async def sockets(daemon: Daemon) -> AsyncIterator["Sockets"]:
    it = Sockets(int(daemon.base.rpartition(":")[2]))
    with it.stack:
        yield it


class Sockets:
    """Raw connections to the pages."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.stack = ExitStack()

    async def send(self, text: bytes) -> socket.socket:
        loop, it = asyncio.get_running_loop(), self.stack.enter_context(socket.socket())
        it.setblocking(False)
        await loop.sock_connect(it, ("127.0.0.1", self._port))
        await loop.sock_sendall(it, text)
        return it


async def first_bytes(it: socket.socket) -> bytes:
    """Return the first bytes, empty at the end of the connection."""
    async with asyncio.timeout(ANSWER_S):
        with suppress(ConnectionResetError):
            return await asyncio.get_running_loop().sock_recv(it, 1_000)
    return b""


async def test_a_client_that_sends_a_request_is_served_despite_many_idle_connections(
    sockets: Sockets,
) -> None:
    with capture_logs() as lines:
        idle = [await sockets.send(INCOMPLETE_HEAD) for _ in range(4 * CONNECTIONS_MAX)]
        client = await sockets.send(REQUEST)
        assert b"200 OK" in await first_bytes(client)
        assert [await first_bytes(each) for each in idle[: 3 * CONNECTIONS_MAX]] == [b""] * (
            3 * CONNECTIONS_MAX
        )
    full_lines = [line for line in lines if line["event"] == "connections_full"]
    assert [line["closed"] for line in full_lines] == [1]  # once in a minute


async def test_a_connection_with_a_request_is_kept_before_an_idle_one(sockets: Sockets) -> None:
    client = await sockets.send(REQUEST)
    await first_bytes(client)
    idle = [await sockets.send(INCOMPLETE_HEAD) for _ in range(CONNECTIONS_MAX - 1)]
    await asyncio.get_running_loop().sock_sendall(client, REQUEST)
    assert b"200 OK" in await first_bytes(client)
    await sockets.send(INCOMPLETE_HEAD)
    assert await first_bytes(idle[0]) == b""
    await asyncio.get_running_loop().sock_sendall(client, REQUEST)
    assert b"200 OK" in await first_bytes(client)


async def test_the_wait_for_an_incomplete_head_is_limited(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_S_MAX", 0.05)
    assert await first_bytes(await sockets.send(INCOMPLETE_HEAD)) == b""


@pytest.mark.slow
async def test_a_head_in_many_parts_is_accepted_and_its_connection_stays_open(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_S_MAX", HEAD_S)
    it = await sockets.send(REQUEST[:-3])
    for at in (-3, -2, -1):
        await asyncio.sleep(0.01)
        await asyncio.get_running_loop().sock_sendall(it, REQUEST[at:][:1])
    assert b"200 OK" in await first_bytes(it)
    await asyncio.sleep(HEAD_S)
    await asyncio.get_running_loop().sock_sendall(it, REQUEST)
    assert b"200 OK" in await first_bytes(it)


async def test_a_connection_costs_no_server_protocol_before_its_first_request() -> None:
    """Hundreds of connections a second that send no request delayed every page."""
    made: list[Recorder] = []

    def make() -> Recorder:
        made.append(Recorder())
        return made[-1]

    loop = asyncio.get_running_loop()
    connections = Connections(make)
    server = await loop.create_server(connections, "127.0.0.1", 0)
    it = Sockets(server.sockets[0].getsockname()[1])
    with it.stack:
        client = await it.send(REQUEST[:-1])
        await it.send(INCOMPLETE_HEAD)
        await opened(connections, 2)
        assert made == []
        await loop.sock_sendall(client, REQUEST[-1:] + b"more")
        end_s = loop.time() + ANSWER_S
        while not (made and made[0].received.endswith(b"more")):
            assert loop.time() < end_s
            await asyncio.sleep(0.01)
        assert made[0].received == REQUEST + b"more"
        connections.abort_waiting()
        await opened(connections, 1)
    assert len(made) == 1
    server.close()


async def test_an_endless_head_is_passed_on_and_refused(sockets: Sockets) -> None:
    it = await sockets.send(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * module.HEAD_BYTES_MAX)
    assert b"400 Bad Request" in await first_bytes(it)


class Recorder(asyncio.Protocol):
    """Keeps what it receives."""

    def __init__(self) -> None:
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


async def opened(connections: Connections, count: int) -> None:
    """Wait until so many connections are open."""
    end_s = asyncio.get_running_loop().time() + ANSWER_S
    while len(connections) != count:
        assert asyncio.get_running_loop().time() < end_s, len(connections)
        await asyncio.sleep(0.01)


async def test_a_closed_connection_is_no_longer_counted() -> None:
    """A connection counts until its descriptor is closed, not longer."""
    loop = asyncio.get_running_loop()
    connections = Connections(asyncio.Protocol)
    server = await loop.create_server(connections, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    for _ in range(2 * CONNECTIONS_MAX):
        transport, _protocol = await loop.create_connection(asyncio.Protocol, *address)
        transport.close()
    await opened(connections, 0)
    server.close()
