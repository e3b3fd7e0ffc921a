"""`quoter …` as a process, with a sandbox in this process."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp

from tests.integration.daemon_harness import open_ids
from tests.integration.forked import ForkedProcess
from tests.integration.sandbox_client import END_S, RunningSandbox

PREFIX = "q00"
POLL_S = 0.02
INTERPRETER = ("PYTHON", "LC_")  # settings that Python reads when it starts


@dataclass(slots=True)
class Started:
    """A process and the log lines that it has written."""

    process: Process | ForkedProcess
    lines: list[dict[str, object]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)  # output lines that are not JSON
    raw: bytearray = field(default_factory=bytearray)  # all output

    async def read(self) -> None:
        """Collect its output until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.raw += line
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if isinstance(found, dict):
                self.lines.append(found)
            else:
                self.text.append(line.decode(errors="replace"))

    def logged(self, event: str) -> dict[str, object] | None:
        """Return the first log line of an event, or None."""
        return next((line for line in self.lines if line.get("event") == event), None)

    async def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a GET from its HTTP listener."""
        started = self.logged("started")
        assert started is not None, self.lines
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://{started['listening']}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def answers(self, path: str, status: int) -> str:
        """Ask until the answer has this status and return its text.

        On a busy machine the event loop may be late, and `/healthz` says so.
        """
        end_s = time.monotonic() + END_S
        while (answer := await self.get(path))[0] != status:
            assert time.monotonic() < end_s, f"{path}: {answer}"
            await asyncio.sleep(POLL_S)
        return answer[1]

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        async with asyncio.timeout(END_S):
            return await self.process.wait()


class Located(Protocol):
    """A venue in this process."""

    @property
    def url(self) -> str: ...


@asynccontextmanager
async def quoter(
    sandbox: Located, folder: Path, *arguments: str, **more: str
) -> AsyncIterator[Started]:
    """Run `quoter …` in its own folder; kill it at the end of the block."""
    command = ("-m", "quoter.cli", *arguments)
    async with python(sandbox, folder, command, more) as started:
        yield started


def environment(sandbox: Located, folder: Path) -> dict[str, str]:
    """Return the environment of a daemon with frequent requotes and its own folder."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # mutants run in a copy of the tree
        "QUOTER_SANDBOX_URL": sandbox.url,
        "QUOTER_DATA_DIR": str(folder),
        "QUOTER_SECRETS_DIR": str(folder),
        "QUOTER_PORT": "0",
        "QUOTER_LOG_FORMAT": "json",
        "QUOTER_INVENTORY_MAX": "0.02",
        "QUOTER_ORDER_SIZE": "0.005",
        "QUOTER_LOSS_MAX": "1000",
        "QUOTER_NOTIONAL_MAX": "1000",
        "QUOTER_CREATES_PER_MIN": "6000",
        "QUOTER_TURNOVER_MAX": "1000",
        "QUOTER_SIGMA": "12",
        "QUOTER_KAPPA": "0.16",
        "QUOTER_INTENSITY": "8",
        "QUOTER_REQUOTE_HOLD_S": "0",
        "QUOTER_REQUOTE_TOLERANCE": "0",
        "QUOTER_CREATES_PER_S": "50",
        "QUOTER_TRIAL_ORDER": "off",  # tests expect the first order to be a quote
        "QUOTER_FOREIGN_ACTIVITY": "ignore",  # most tests have an open foreign order
    }


@asynccontextmanager
async def python(
    sandbox: Located, folder: Path, command: tuple[str, ...], more: dict[str, str]
) -> AsyncIterator[Started]:
    """Run Python with any arguments, in the same environment."""
    settings = environment(sandbox, folder) | more
    process: Process | ForkedProcess
    if command[0] == "-m" and not any(name.startswith(INTERPRETER) for name in more):
        process = ForkedProcess(command[1], command[2:], folder, settings)
        await process.start()
    else:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            stdout=PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env=settings,
        )
    started = Started(process)
    reading = asyncio.create_task(started.read())
    try:
        yield started
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


async def until(condition: Callable[[], object], what: str, started: Started | None = None) -> None:
    """Wait for a condition; fails after END_S."""
    end_s = time.monotonic() + END_S
    while not condition():
        assert time.monotonic() < end_s, f"{what}\n{started.lines[-20:] if started else ''}"
        await asyncio.sleep(POLL_S)


def own(sandbox: RunningSandbox) -> set[str]:
    """Return the ids of our open orders at the sandbox."""
    return {name for name in open_ids(sandbox) if name.startswith(PREFIX)}


async def creates(sandbox: RunningSandbox) -> list[str]:
    """Return the client ids of all our creates that reached the sandbox, oldest first."""
    rows = (await sandbox.admin("GET", "wire-log?since=0")).rows
    names = [str(row["client_id"]) for row in rows if row["operation"] == "order.place"]
    return [name for name in names if name.startswith(PREFIX)]


async def is_busy(sandbox: RunningSandbox, daemon: Started, more: int = 30) -> None:
    """Wait until the daemon has sent `more` orders and two are open."""
    count = len(await creates(sandbox))
    log = sandbox.server.venue.wire_log
    await until(
        lambda: len(log.since(0)) >= count + more and len(own(sandbox)) >= 2, "busy", daemon
    )
