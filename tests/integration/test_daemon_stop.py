"""`quoter run` as a process of its own, under load: how it ends, and how it begins again."""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from quoter.service.exit_codes import ExitCode
from quoter.service.latch import Latch
from quoter.sim.messages import ExecutionReport, News, ReportType
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    market,
    open_ids,
    place_foreign,
)
from tests.integration.sandbox_client import ANSWER_S, RunningSandbox, eventually, running

PREFIX = "q00"
STOP_S_MAX = 5.0
QUICK_S_MAX = 10.0  # on a busy machine; 1.5 s on a free one, nearly all of it imports
POLL_S = 0.02
# Far more moves of the mid than anybody needs: every one of them is a reason to requote.
STORMY = replace(LIVELY, sigma=12.0, intensity=8.0)

type Property = Callable[[str, object], None]  # pytest's: a figure for the report


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A stormy market with somebody else's order on our account."""
    async with running(market(STORMY, seed=4)) as venue:
        await place_foreign(venue)
        yield venue


@dataclass(slots=True)
class Started:
    """A process of ours and the log lines that it wrote so far."""

    process: Process
    lines: list[dict[str, object]] = field(default_factory=list)

    async def read(self) -> None:
        """Collect its log until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))

    def said(self, event: str) -> dict[str, object] | None:
        """The first log line of that event."""
        return next((line for line in self.lines if line.get("event") == event), None)

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of what its HTTP listener answers."""
        started = self.said("started")
        assert started is not None, self.lines
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://{started['listening']}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def ended(self, within_s: float) -> tuple[int, float]:
        """Exit code, and the seconds it took."""
        start_s = time.monotonic()
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
        return code, time.monotonic() - start_s


@asynccontextmanager
async def quoter(
    sandbox: RunningSandbox, folder: Path, *arguments: str, **more: str
) -> AsyncIterator[Started]:
    """`quoter …` in a folder of its own, gone at the end whatever happens."""
    environment = {
        "PATH": os.environ["PATH"],
        "QUOTER_SANDBOX_URL": sandbox.url,
        "QUOTER_DATA_DIR": str(folder),
        "QUOTER_SECRETS_DIR": str(folder),
        "QUOTER_PORT": "0",
        "QUOTER_LOG_FORMAT": "json",
        "QUOTER_INVENTORY_MAX": "0.02",
        "QUOTER_ORDER_SIZE": "0.005",
        "QUOTER_LOSS_MAX": "1000",
        "QUOTER_SIGMA": "12",
        "QUOTER_KAPPA": "0.16",
        "QUOTER_INTENSITY": "8",
        "QUOTER_REQUOTE_HOLD_S": "0",
        "QUOTER_REQUOTE_TOLERANCE": "0",
        "QUOTER_CREATES_PER_S": "50",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "quoter.cli", *arguments),
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=environment | more,
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
    """Wait for a condition, ANSWER_S at most."""
    end_s = time.monotonic() + ANSWER_S
    while not condition():
        assert time.monotonic() < end_s, f"{what}\n{started.lines[-20:] if started else ''}"
        await asyncio.sleep(POLL_S)


def own(sandbox: RunningSandbox) -> set[str]:
    """Our orders that rest at the venue."""
    return {name for name in open_ids(sandbox) if name.startswith(PREFIX)}


async def creates(sandbox: RunningSandbox) -> list[str]:
    """Client ids of every create of ours that reached the venue, oldest first."""
    rows = (await sandbox.admin("GET", "wire-log?since=0")).rows
    names = [str(row["client_id"]) for row in rows if row["operation"] == "order.place"]
    return [name for name in names if name.startswith(PREFIX)]


async def is_busy(sandbox: RunningSandbox, daemon: Started, more: int = 30) -> None:
    """Wait until the daemon has sent so many orders and two of them rest."""
    count = len(await creates(sandbox))
    log = sandbox.server.venue.wire_log
    await until(
        lambda: len(log.since(0)) >= count + more and len(own(sandbox)) >= 2, "busy", daemon
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
async def test_a_signal_under_load_leaves_no_own_order_and_the_foreign_one(
    sandbox: RunningSandbox, tmp_path: Path, number: signal.Signals, record_property: Property
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        daemon.process.send_signal(number)
        code, took_s = await daemon.ended(STOP_S_MAX)
    assert code == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}
    sent = await creates(sandbox)
    assert len(sent) == len(set(sent))
    record_property(f"{number.name} after {len(sent)} creates, seconds", round(took_s, 2))


async def test_a_second_signal_does_not_cut_the_cleaning_short(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        await sandbox.arm("delay", endpoint="cancel", delay_s=0.3, count=20)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            daemon.process.send_signal(number)
            await asyncio.sleep(0.05)
        code, _ = await daemon.ended(STOP_S_MAX)
    assert code == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


async def test_a_kill_holds_through_a_restart_until_it_is_rearmed(
    sandbox: RunningSandbox, tmp_path: Path, record_property: Property
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        start_s = time.monotonic()
        async with quoter(sandbox, tmp_path, "kill", "enough") as kill:
            assert (await kill.ended(ANSWER_S))[0] == 0
        await until(lambda: not own(sandbox), "no own order", daemon)
        record_property("quoter kill, seconds", round(time.monotonic() - start_s, 2))
        sent = len(await creates(sandbox))
        assert (await daemon.get("/readyz"))[0] == 503
        assert (await daemon.get("/healthz"))[0] == 200
        daemon.process.terminate()
        code, _ = await daemon.ended(STOP_S_MAX)
        assert code == ExitCode.KILLED
    record = Latch(tmp_path).read()
    assert record is not None
    assert "enough" in record.text
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: daemon.said("started"), "started again", daemon)
        await asyncio.sleep(1.0)  # long enough for many orders, were it not killed
        assert (await daemon.get("/readyz"))[0] == 503
        assert len(await creates(sandbox)) == sent
        async with quoter(sandbox, tmp_path, "rearm", "--kill-id", "wrong") as rearm:
            assert (await rearm.ended(ANSWER_S))[0] == ExitCode.USAGE
        async with quoter(sandbox, tmp_path, "rearm", "--kill-id", record.kill_id) as rearm:
            assert (await rearm.ended(ANSWER_S))[0] == 0
        await until(lambda: len(own(sandbox)) >= 2, "quotes again", daemon)
        assert Latch(tmp_path).read() is None
        daemon.process.terminate()
        assert (await daemon.ended(STOP_S_MAX))[0] == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
async def test_a_signal_while_it_connects_ends_it_at_once_with_a_reason(
    sandbox: RunningSandbox, tmp_path: Path, number: signal.Signals
) -> None:
    await sandbox.arm("delay", endpoint="account", delay_s=9.0)
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: sandbox.server.venue.counts["request_account"], "connecting")
        daemon.process.send_signal(number)
        code, _ = await daemon.ended(STOP_S_MAX)
    failed = daemon.said("start_failed")
    assert code == ExitCode.START_FAILED, daemon.lines
    assert failed is not None
    assert "stopped" in str(failed["reason"])


async def test_a_kill_while_it_connects_latches_and_nothing_is_ever_sent(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    await sandbox.arm("delay", endpoint="account", delay_s=2.0, count=1)
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: sandbox.server.venue.counts["request_account"], "connecting")
        async with quoter(sandbox, tmp_path, "kill", "early") as kill:
            assert (await kill.ended(ANSWER_S))[0] == 0
        daemon.process.terminate()
        assert (await daemon.ended(STOP_S_MAX))[0] == ExitCode.KILLED
    assert await creates(sandbox) == []


async def test_a_second_daemon_on_the_same_folder_is_refused_and_harms_nothing(
    sandbox: RunningSandbox, tmp_path: Path, record_property: Property
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        async with quoter(sandbox, tmp_path, "run") as second:
            code, took_s = await second.ended(QUICK_S_MAX)
        assert code == ExitCode.LOCK_HELD
        record_property("second process refused, seconds", round(took_s, 2))
        await is_busy(sandbox, daemon)
        daemon.process.terminate()
        assert (await daemon.ended(STOP_S_MAX))[0] == ExitCode.CLEAN


async def test_a_wrong_key_is_refused_before_anything_is_sent(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    wrong = {"QUOTER_API_KEY": "nobodys-key", "QUOTER_API_SECRET": "nobodys-secret"}
    async with quoter(sandbox, tmp_path, "run", **wrong) as daemon:
        assert (await daemon.ended(ANSWER_S))[0] == ExitCode.KEY_RIGHTS
    assert await creates(sandbox) == []


async def test_what_a_killed_process_left_is_cancelled_before_the_next_one_quotes(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        daemon.process.kill()
        await daemon.process.wait()
    orphans, earlier = own(sandbox), set(await creates(sandbox))
    assert orphans
    left_behind: list[set[str]] = []

    def hear(news: Sequence[News]) -> None:
        if any(isinstance(it, ExecutionReport) and it.kind is ReportType.NEW for it in news):
            left_behind.append(orphans & open_ids(sandbox))

    sandbox.server.venue.listen(hear)
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        assert not any(left_behind)
        sent = await creates(sandbox)
        assert len(set(sent)) == len(sent)
        assert earlier < set(sent)
        await eventually(partial(books_agree, sandbox, daemon))
        daemon.process.terminate()
        assert (await daemon.ended(STOP_S_MAX))[0] == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


async def books_agree(sandbox: RunningSandbox, daemon: Started) -> bool:
    """Does the daemon hold exactly what the exchange's own ledger says?"""
    _, body = await daemon.get("/state")
    ours: dict[str, str] = json.loads(body)["balances"]
    truth = sandbox.server.venue.exchange.truth.balances(sandbox.one.api_key)
    return {asset: Decimal(amount) for asset, amount in ours.items()} == truth
