"""The sandbox server: its address, its stop, its errors."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import pytest

from quoter.cli.sandbox import serve
from quoter.domain.errors import BadSetting
from quoter.sandbox.config import SandboxConfig
from quoter.sandbox.server import SandboxServer
from tests.integration.sandbox_client import RunningSandbox, eventually, user_socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Serving:
    """`quoter sandbox` without its process and its signals."""

    def __init__(self, config: SandboxConfig, port: int) -> None:
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(serve(config, LOOPBACK, port, stop=self.stop))

    async def asked(self) -> None:
        """End by request."""
        self.stop.set()
        await self.task

    async def cancelled(self) -> None:
        """End by cancellation of its task."""
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task


@pytest.mark.parametrize("end", [Serving.asked, Serving.cancelled])
async def test_serving_ends_when_asked_or_cancelled_and_frees_the_port(
    still_config: SandboxConfig, end: Callable[[Serving], Awaitable[None]]
) -> None:
    port = free_port()
    serving = Serving(still_config, port)

    async def answers() -> bool:
        with suppress(aiohttp.ClientConnectionError):
            async with http.get(f"http://{LOOPBACK}:{port}/api/v3/ping") as got:
                return got.status == 200
        return False

    async with aiohttp.ClientSession() as http:
        assert await eventually(answers)
        await end(serving)
        assert not await answers()


async def test_first_line_has_the_address(
    still_config: SandboxConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    serving = Serving(still_config, port)
    logged: list[str] = []

    async def speaks() -> bool:
        logged.append(capsys.readouterr().out)
        return bool("".join(logged))

    assert await eventually(speaks)
    await serving.asked()
    assert json.loads("".join(logged)) == {
        "sandbox_url": f"http://{LOOPBACK}:{port}",
        "symbols": ["BTCUSDT"],
        "seed": still_config.seed,
    }


async def test_a_taken_port_is_a_bad_setting(still_sandbox: RunningSandbox) -> None:
    port = int(still_sandbox.url.rpartition(":")[2])
    config = still_sandbox.server.venue.config
    with pytest.raises(BadSetting, match=f"can't listen on {LOOPBACK}:{port}: .*in use"):
        await serve(config, LOOPBACK, port, stop=asyncio.Event())


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


async def test_crash_of_the_market_is_reported(still_config: SandboxConfig) -> None:
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
