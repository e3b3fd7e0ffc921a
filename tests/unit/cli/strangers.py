"""Listeners that are no quoter, on loopback: each says the same few bytes to everybody."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

type Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]

DRIP_S = 0.05
DRIPS = 400


def http(body: object, status: str = "200 OK", server: str = "stranger") -> bytes:
    """A whole answer; `body` becomes JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


@asynccontextmanager
async def stranger(answer: bytes | Answering) -> AsyncIterator[int]:
    """Its port; it hears a request out before it answers and hangs up."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"content-length: " in head:
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        if isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


async def drip(writer: asyncio.StreamWriter) -> None:
    """A header that takes its time, a byte now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(DRIPS):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def nothing(_writer: asyncio.StreamWriter) -> None:
    """As a process that was stopped: connected to, sent to, and silent."""
    await asyncio.Event().wait()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Not a byte."""
    writer.close()
