"""Listeners on loopback that are not a quoter daemon; each sends fixed bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

type Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]

DRIP_S = 0.05
DRIPS = 400


def http(body: object, status: str = "200 OK", server: str = "other_program") -> bytes:
    """Return a complete response; `body` becomes JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


@asynccontextmanager
async def other_program(answer: bytes | Answering) -> AsyncIterator[int]:
    """Yield the port; reads the request, sends the response and closes."""
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
    """Send a header slowly, byte by byte."""
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(DRIPS):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def nothing(_writer: asyncio.StreamWriter) -> None:
    """Accept the request and never respond, like a stopped process."""
    await asyncio.Event().wait()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close without sending a byte."""
    writer.close()
