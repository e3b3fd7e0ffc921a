"""Unauthenticated clients on the HTTP listener can't harm the daemon."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import is_busy, python, until
from tests.integration.sandbox_client import running

HALF = b"GET /healthz HTTP/1.1\r\nHost: loc"
FILES_MAX = 200  # of the daemon; it uses about sixty itself
SOCKETS = 400
LOOK_S = 3.0  # several periods of every check of files, memory and requests
# `ulimit -n` for the daemon alone.
PROGRAM = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES_MAX}, {FILES_MAX}))
sys.argv = ["quoter", "run"]
from quoter.cli.main import main
main()
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as it:
        yield it


@pytest.mark.slow
async def test_unfinished_requests_up_to_the_file_limit_neither_kill_nor_crash(
    tmp_path: Path, stack: ExitStack
) -> None:
    async with (
        running(market(LIVELY, seed=4)) as sandbox,
        python(sandbox, tmp_path, ("-c", PROGRAM), {}) as daemon,
    ):
        await until(lambda: daemon.logged("started"), "started", daemon)
        await is_busy(sandbox, daemon)
        started = daemon.logged("started")
        assert started is not None
        host, _, port = str(started["listening"]).partition(":")
        loop = asyncio.get_running_loop()
        for _ in range(SOCKETS):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            await loop.sock_connect(client, (host, int(port)))
            await loop.sock_sendall(client, HALF)
        await asyncio.sleep(LOOK_S)
        await daemon.answers("/healthz", 200)
        assert Latch(tmp_path).read() is None
        await is_busy(sandbox, daemon, more=5)
        assert daemon.logged("connections_full")
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
