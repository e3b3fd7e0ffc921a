"""`quoter run` as a process under load: its end and its restart."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from quoter.sim.messages import ExecutionReport, News, ReportType
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    market,
    open_ids,
    place_foreign,
)
from tests.integration.daemon_process import Started, creates, is_busy, own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, eventually, running

# Frequent moves of the mid: every one causes a requote.
STORMY = replace(LIVELY, sigma=12.0, intensity=8.0)
WOULD_TRADE_S = 1.0  # long enough for many orders of a daemon that is not killed

type Property = Callable[[str, object], None]  # of record_property


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A volatile market with a foreign order on our account."""
    async with running(market(STORMY, seed=4)) as venue:
        await place_foreign(venue)
        yield venue


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
async def test_signal_under_load_leaves_only_the_foreign_order(
    sandbox: RunningSandbox, tmp_path: Path, number: signal.Signals
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        daemon.process.send_signal(number)
        code = await daemon.ended()
    assert code == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}
    sent = await creates(sandbox)
    assert len(sent) == len(set(sent))


async def test_second_signal_does_not_interrupt_the_shutdown(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        await sandbox.arm("delay", endpoint="cancel", delay_s=0.3, count=20)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            daemon.process.send_signal(number)
            await asyncio.sleep(0.05)
        code = await daemon.ended()
    assert code == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


async def test_kill_survives_a_restart_until_rearmed(
    sandbox: RunningSandbox, tmp_path: Path, record_property: Property
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        start_s = time.monotonic()
        async with quoter(sandbox, tmp_path, "kill", "enough") as kill:
            assert await kill.ended() == 0
        await until(lambda: not own(sandbox), "no own order", daemon)
        record_property("quoter kill, seconds", round(time.monotonic() - start_s, 2))
        sent = len(await creates(sandbox))
        assert (await daemon.get("/readyz"))[0] == 503
        await daemon.answers("/healthz", 200)
        daemon.process.terminate()
        code = await daemon.ended()
        assert code == ExitCode.KILLED
    record = Latch(tmp_path).read()
    assert record is not None
    assert "enough" in record.text
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: daemon.logged("started"), "started again", daemon)
        await asyncio.sleep(WOULD_TRADE_S)
        assert (await daemon.get("/readyz"))[0] == 503
        assert len(await creates(sandbox)) == sent
        async with quoter(sandbox, tmp_path, "rearm", "--kill-id", "wrong") as rearm:
            assert await rearm.ended() == ExitCode.USAGE
        async with quoter(sandbox, tmp_path, "rearm", "--kill-id", record.kill_id) as rearm:
            assert await rearm.ended() == 0
        await until(lambda: len(own(sandbox)) >= 2, "quotes again", daemon)
        assert Latch(tmp_path).read() is None
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
async def test_signal_while_connecting_ends_at_once_with_a_reason(
    sandbox: RunningSandbox, tmp_path: Path, number: signal.Signals
) -> None:
    await sandbox.arm("delay", endpoint="account", delay_s=9.0)
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: sandbox.server.venue.counts["request_account"], "connecting")
        daemon.process.send_signal(number)
        code = await daemon.ended()
    failed = daemon.logged("start_failed")
    assert code == ExitCode.START_FAILED, daemon.lines
    assert failed is not None
    assert "stopped" in str(failed["reason"])


async def test_kill_while_connecting_latches_and_sends_nothing(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    await sandbox.arm("delay", endpoint="account", delay_s=2.0, count=1)
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: sandbox.server.venue.counts["request_account"], "connecting")
        async with quoter(sandbox, tmp_path, "kill", "early") as kill:
            assert await kill.ended() == 0
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.KILLED
    assert await creates(sandbox) == []


async def test_second_daemon_on_the_same_folder_is_refused(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        async with quoter(sandbox, tmp_path, "run") as second:
            code = await second.ended()
        assert code == ExitCode.LOCK_HELD
        await is_busy(sandbox, daemon)
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN


async def test_wrong_key_ends_the_start_before_any_order(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    wrong = {"QUOTER_API_KEY": "nobodys-key", "QUOTER_API_SECRET": "nobodys-secret"}
    async with quoter(sandbox, tmp_path, "run", **wrong) as daemon:
        assert await daemon.ended() == ExitCode.KEY_RIGHTS
    assert await creates(sandbox) == []


@pytest.mark.parametrize("command", ["run", "check", "sentinel"])
async def test_unknown_symbol_is_a_settings_error(
    sandbox: RunningSandbox, tmp_path: Path, command: str
) -> None:
    """The error is final: there is no retry."""
    async with quoter(
        sandbox, tmp_path, command, QUOTER_SYMBOL="NO/SUCH", QUOTER_SENTINEL_PORT="0"
    ) as daemon:
        code = await daemon.ended()
    assert code == ExitCode.USAGE, daemon.lines
    output = " ".join(daemon.raw.decode().split())
    assert "QUOTER_SYMBOL: binance has no market NO/SUCH" in output
    assert "connect_failed" not in output


@pytest.mark.parametrize("command", ["run", "check"])
async def test_unreachable_sandbox_is_reported_with_its_setting(
    sandbox: RunningSandbox, tmp_path: Path, command: str
) -> None:
    url = "http://127.0.0.1:9"
    async with quoter(sandbox, tmp_path, command, QUOTER_SANDBOX_URL=url) as daemon:
        code = await daemon.ended()
    assert code == ExitCode.VENUE_UNAVAILABLE, daemon.lines
    output = " ".join(daemon.raw.decode().split())
    assert f"QUOTER_SANDBOX_URL: no exchange answers at {url}" in output


async def test_unknown_exchange_is_reported_with_its_setting(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "check", QUOTER_EXCHANGE="binanse") as check:
        code = await check.ended()
    assert code == ExitCode.USAGE
    assert "QUOTER_EXCHANGE: " in check.raw.decode()


@pytest.mark.slow
async def test_orders_of_a_killed_process_are_cancelled_before_the_next_quotes(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        daemon.process.kill()
        await daemon.process.wait()
    left_orders, earlier = own(sandbox), set(await creates(sandbox))
    assert left_orders
    left_behind: list[set[str]] = []

    def receive(news: Sequence[News]) -> None:
        if any(isinstance(it, ExecutionReport) and it.kind is ReportType.NEW for it in news):
            left_behind.append(left_orders & open_ids(sandbox))

    sandbox.server.venue.listen(receive)
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        assert not any(left_behind)
        sent = await creates(sandbox)
        assert len(set(sent)) == len(sent)
        assert earlier < set(sent)
        await eventually(partial(books_agree, sandbox, daemon))
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


@pytest.mark.slow
async def test_create_in_flight_at_sigkill_is_cancelled_after_the_restart(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """It reaches the venue after the next process has cancelled for the first time."""
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: daemon.logged("started"), "started", daemon)
        await sandbox.arm("delay", endpoint="create", delay_s=1.8)
        count = len(await creates(sandbox))
        log = sandbox.server.venue.wire_log
        await until(lambda: log.since(0)[-1]["outcome"] == "pending", "under way", daemon)
        daemon.process.kill()
        await daemon.process.wait()
    await sandbox.admin("DELETE", "faults")
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        assert len(await creates(sandbox)) > count
        await daemon.answers("/readyz", 200)
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    assert open_ids(sandbox) == {FOREIGN_ID}


async def test_start_refuses_holdings_above_the_limit(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run", QUOTER_TARGET="1.9") as daemon:
        assert await daemon.ended() == ExitCode.USAGE
    failed = daemon.logged("start_failed")
    assert failed is not None
    assert str(failed["reason"]).startswith("QUOTER_TARGET: the holdings are +0.10")
    assert await creates(sandbox) == []


async def books_agree(sandbox: RunningSandbox, daemon: Started) -> bool:
    """Whether the daemon's balances equal those of the sandbox."""
    _, body = await daemon.get("/state")
    ours: dict[str, str] = json.loads(body)["balances"]
    truth = sandbox.server.venue.exchange.truth.balances(sandbox.one.api_key)
    return {asset: Decimal(amount) for asset, amount in ours.items()} == truth
