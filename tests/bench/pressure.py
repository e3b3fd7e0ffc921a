"""Clients that load the pages of a daemon, each kind in a process of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

AGAIN_S = 0.05
DRIP_S = 1.0  # between the bytes of a head that never ends
REFUSED = b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n" * 2_000
METRICS = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50
INCOMPLETE_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"

type Client = Callable[[int], Awaitable[None]]


async def _pipelined(port: int) -> None:
    """Send requests of a foreign host without an end, and read the refusals."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def drain() -> None:
        while await reader.read(65_536):
            pass

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(drain())
        while True:
            writer.write(REFUSED)
            await writer.drain()


async def _unread(port: int) -> None:
    """Request the metrics without an end, and never read an answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    transport = writer.transport
    if isinstance(transport, asyncio.ReadTransport):
        transport.pause_reading()
    while True:
        writer.write(METRICS)
        await writer.drain()
        await asyncio.sleep(0.01)


async def _slow_loris(port: int) -> None:
    """Send the head of a request slowly and never end it."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(INCOMPLETE_HEAD)
    while True:
        writer.write(b"X-a: b\r\n")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


# Name, client, how many at once.
KINDS: dict[str, tuple[Client, int]] = {
    "one connection that pipelines a foreign Host": (_pipelined, 1),
    "50 connections that never read": (_unread, 50),
    "300 connections that end no request": (_slow_loris, 300),
}


def press(name: str, port: int) -> None:
    """Run the clients of a kind until this process is terminated."""
    client, count = KINDS[name]
    asyncio.run(_press(client, count, port))


async def _press(client: Client, count: int, port: int) -> None:
    async def again() -> None:
        while True:
            with suppress(OSError, ExceptionGroup):
                await client(port)
            await asyncio.sleep(AGAIN_S)

    await asyncio.gather(*(again() for _ in range(count)))
