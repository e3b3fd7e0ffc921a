"""Time of `/healthz` and of a kill while clients and answers of the venue load the daemon.

The daemon and the client that measures have a raised priority where that is allowed, so that the
ratios tell of the daemon's event loop and not of the load of the machine.
"""

import asyncio
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

from quoter.service.killswitch.file_requests import rearm
from quoter.service.killswitch.latch import NAME, Latch
from tests.bench.pressure import KINDS, press
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import Started, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running

HUGE = "answers of 300 MB"
LISTS = ("open_orders", "account", "trades")
PRIORITY = -15
SAMPLES, EVERY_S = 100, 0.05
KILLS = 3
START_S, SETTLE_S = 15.0, 4.0  # until it quotes: after its start, after a kill or a load
REARM_S_MAX, REARM_EVERY_S = 30.0, 0.5
ANSWER_S_MAX = 20.0
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Times in milliseconds; memory in MiB at the end."""

    median_ms: float
    p90_ms: float
    kill_ms: float  # the median
    rss_mb: float


def measure() -> dict[str, Load]:
    """Return the figures of an idle daemon (under "idle") and of each kind of load."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, Load]:
    found: dict[str, Load] = {}
    async with (
        running(market(LIVELY, 5)) as sandbox,
        quoter(sandbox, folder, "run", QUOTER_FLAP_PAUSES_MAX="100") as daemon,
    ):
        await until(lambda: daemon.logged("started"), "the daemon has started", daemon)
        _raise_priority(daemon.process.pid)
        port = int(str((daemon.logged("started") or {})["listening"]).rpartition(":")[2])
        await asyncio.sleep(START_S)
        found["idle"] = await _figures(daemon, folder, port)
        for name in KINDS:
            async with _pressed(name, port):
                found[name] = await _figures(daemon, folder, port)
        async with _huge_answers(sandbox):
            found[HUGE] = await _figures(daemon, folder, port)
    return found


@asynccontextmanager
async def _pressed(name: str, port: int) -> AsyncIterator[None]:
    process = get_context("spawn").Process(target=press, args=(name, port), daemon=True)
    process.start()
    try:
        await asyncio.sleep(SETTLE_S)
        yield
    finally:
        process.terminate()
        process.join()
        await asyncio.sleep(SETTLE_S)


@asynccontextmanager
async def _huge_answers(sandbox: RunningSandbox) -> AsyncIterator[None]:
    for endpoint in LISTS:
        await sandbox.arm("body_huge", endpoint=endpoint)
    try:
        yield
    finally:
        await sandbox.admin("DELETE", "faults")


async def _figures(daemon: Started, folder: Path, port: int) -> Load:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    about = theirs, daemon.process.pid, folder, port
    process = context.Process(target=_sample, args=about, daemon=True)
    process.start()
    try:
        load: Load = await asyncio.to_thread(ours.recv)
    finally:
        process.terminate()
        process.join()
    return load


def _sample(theirs: Connection, pid: int, folder: Path, port: int) -> None:
    """Send the figures of the daemon `pid`, which quotes; runs in a process of its own."""
    _raise_priority(0)
    assert not (folder / NAME).exists(), "the kill before was not re-armed"
    taken = [_answer_ms(port) for _ in range(SAMPLES)]
    rss_mb = _rss_mb(pid)
    kills: list[float] = []
    while len(kills) < KILLS and not (folder / NAME).exists():
        kills.append(_kill_ms(pid, folder))
    p90_ms = quantiles(taken, n=10)[-1]
    theirs.send(Load(median_ms=median(taken), p90_ms=p90_ms, kill_ms=median(kills), rss_mb=rss_mb))


def _answer_ms(port: int) -> float:
    """Return the time of one request on a connection of its own; refused ones are repeated."""
    while True:
        time.sleep(EVERY_S)
        start_s = time.perf_counter()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), ANSWER_S_MAX) as it:
            it.sendall(REQUEST)
            if it.recv(4_096):
                return (time.perf_counter() - start_s) * 1e3


def _kill_ms(pid: int, folder: Path) -> float:
    """Kill by signal; return the time until the kill is latched. Re-arm, if that is granted."""
    start_s = time.perf_counter()
    os.kill(pid, signal.SIGUSR1)
    while not (folder / NAME).exists():
        time.sleep(0.001)
        assert time.perf_counter() < start_s + ANSWER_S_MAX, "the kill was not latched"
    taken_ms = (time.perf_counter() - start_s) * 1e3
    end_s = time.monotonic() + REARM_S_MAX
    while time.monotonic() < end_s and (record := Latch(folder).read()) is not None:
        rearm(folder, record.kill_id)
        time.sleep(REARM_EVERY_S)
    return taken_ms


def _raise_priority(pid: int) -> None:
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, PRIORITY)


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
