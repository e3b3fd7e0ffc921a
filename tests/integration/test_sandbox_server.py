"""The sandbox as a process part: it listens where it says, and leaves nothing behind."""

import asyncio
import socket
from contextlib import suppress

import aiohttp
import pytest

from quoter.sandbox.config import SandboxConfig
from quoter.sandbox.server import SandboxServer, serve
from tests.integration.sandbox_client import RunningSandbox, eventually, user_socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


async def test_serving_ends_with_cancellation_and_frees_the_port(
    still_config: SandboxConfig,
) -> None:
    port = free_port()
    task = asyncio.create_task(serve(still_config, LOOPBACK, port))

    async def answers() -> bool:
        with suppress(aiohttp.ClientConnectionError):
            async with http.get(f"http://{LOOPBACK}:{port}/api/v3/ping") as got:
                return got.status == 200
        return False

    async with aiohttp.ClientSession() as http:
        assert await eventually(answers)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await answers()


async def test_a_taken_port_is_an_error(still_sandbox: RunningSandbox) -> None:
    port = int(still_sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        await serve(still_sandbox.server.venue.config, LOOPBACK, port)


async def test_stopping_closes_every_socket_and_can_be_done_twice(
    still_sandbox: RunningSandbox,
) -> None:
    url = f"{still_sandbox.ws_url}/ws/btcusdt@trade"
    async with still_sandbox.http.ws_connect(url) as market, user_socket(still_sandbox) as user:
        stopping = asyncio.create_task(still_sandbox.server.stop())
        for client in (market, user.socket):
            assert (await client.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        await stopping
    await still_sandbox.server.stop()


async def test_what_the_market_dies_of_is_not_kept_secret(still_config: SandboxConfig) -> None:
    server = SandboxServer(still_config)
    await server.start()

    def fail(_news: object) -> None:
        raise RuntimeError("the market broke")

    server.venue.listen(fail)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(server.wait(), 10)
    assert caught.group_contains(RuntimeError, match="the market broke")
    with pytest.raises(ExceptionGroup):
        await server.stop()
