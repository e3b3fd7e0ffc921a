"""The reader of the log stalls (Ctrl-S on the terminal): the daemon trades and stops normally."""

import asyncio
import fcntl
import os
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from quoter.service.data_folder import KILL_REQUEST
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import creates, environment, own, until
from tests.integration.sandbox_client import END_S, RunningSandbox, running

PIPE_BYTES = 4_096  # the smallest: the first log lines fill it
MORE = 30  # orders sent while the log is stalled


@dataclass(slots=True)
class StalledPipe:
    """A pipe without a reader."""

    read_end: int
    write_end: int

    def is_full(self) -> bool:
        return not select.select([], [self.write_end], [], 0)[1]


@pytest.fixture
def pipe() -> Iterator[StalledPipe]:
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield StalledPipe(read_end, write_end)
    os.close(read_end)
    os.close(write_end)


async def is_busy(sandbox: RunningSandbox) -> None:
    """Wait until orders are open and more are sent."""
    log, sent = sandbox.server.venue.wire_log, len(await creates(sandbox))
    await until(lambda: len(log.since(0)) >= sent + MORE and own(sandbox), "busy")


async def test_stalled_log_delays_neither_orders_nor_kill_nor_stop(
    pipe: StalledPipe, tmp_path: Path
) -> None:
    async with running(market(LIVELY, seed=4)) as sandbox:
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "quoter.cli", "run"),
            stdout=pipe.write_end,
            stderr=pipe.write_end,
            cwd=tmp_path,
            env=environment(sandbox, tmp_path) | {"QUOTER_LOG_LEVEL": "debug"},
        )
        try:
            await is_busy(sandbox)
            await until(pipe.is_full, "a log that is stalled")
            await is_busy(sandbox)
            (tmp_path / KILL_REQUEST).write_text("a test")
            await until(lambda: Latch(tmp_path).read(), "latched")
            await until(lambda: not own(sandbox), "no order left")
            daemon.send_signal(signal.SIGTERM)
            async with asyncio.timeout(END_S):
                assert await daemon.wait() == ExitCode.KILLED
            assert pipe.is_full()
        finally:
            if daemon.returncode is None:
                daemon.kill()
                await daemon.wait()
