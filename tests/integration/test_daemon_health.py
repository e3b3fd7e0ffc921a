"""A daemon that hangs, grows, or loses its clock or its disk thread stops trading by itself."""

import asyncio
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.trading import Cause
from quoter.ledger.reader import Reader
from quoter.ledger.rows import FillKind
from quoter.service.exit_codes import ExitCode
from quoter.service.health import clock_skew, loop_monitor, resources
from quoter.service.health import process_health as module
from quoter.service.health.hang_detector import NAME
from quoter.service.runner import Runner
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    open_ids,
    sandbox_and_daemon,
)
from tests.integration.daemon_process import quoter, until
from tests.integration.ledger_truth import open_epoch
from tests.integration.sandbox_client import running

PRODUCTION_LAG_S_MAX = loop_monitor.LAG_S_MAX  # as imported, before a fixture changes it
HANG_S = 3.0
SERIES_MAX = 2_000
ZERO = Decimal(0)


def hang(seconds: float) -> None:
    """Block the event loop, as a defect would."""
    time.sleep(seconds)


def is_active(harness: DaemonHarness, cause: Cause) -> bool:
    return harness.running.engine.causes.switch.is_active(cause)


def value(harness: DaemonHarness, metric: str, **more: str) -> float:
    labels = {"symbol": "BTC/USDT", "venue": "binance", **more}
    found = harness.running.metrics.registry.get_sample_value(metric, labels)
    assert found is not None, metric
    return found


async def test_hung_loop_cancels_its_orders_and_writes_its_stacks(tmp_path: Path) -> None:
    async with sandbox_and_daemon(market(LIVELY, seed=1), tmp_path) as (_, harness):
        await harness.until(harness.is_two_sided, "quoting")
        before = {order.client_id for order in harness.open_own()}
        asyncio.get_running_loop().call_soon(hang, HANG_S)
        await asyncio.sleep(0)
        await harness.until(
            lambda: not before & {order.client_id for order in harness.open_own()},
            "what rested during the hang is gone",
        )
        assert value(harness, "quoter_loop_hangs_total") >= 1
        # by the unread connection, or by the engine without market data
        assert any(word in harness.story() for word in ("nothing was read", "book_stale"))
        await harness.until(harness.is_two_sided, "quoting again")
        assert await harness.stop() is ExitCode.CLEAN
        stacks = (tmp_path / NAME).read_text()
        assert f"in {hang.__name__}" in stacks
        assert "loop_hung" in (tmp_path / "log").read_text()


async def test_three_late_wakeups_of_the_loop_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_monitor, "LAG_S_MAX", PRODUCTION_LAG_S_MAX)
    async with sandbox_and_daemon(market(LIVELY, seed=1), tmp_path) as (_, harness):
        await harness.until(harness.is_two_sided, "quoting")
        loop = asyncio.get_running_loop()
        for number in range(3):
            loop.call_later(0.5 * number, hang, 0.4)
        await harness.until(lambda: is_active(harness, Cause.LOOP_LAG), "late three times")
        await harness.until(lambda: not harness.open_own(), "orders gone")


async def test_engine_without_ticks_sends_no_order_and_is_unhealthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Market data alone still makes it decide."""

    async def stopped(runner: Runner) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Runner, "_tick", stopped)
    monkeypatch.setattr(module, "TICK_AGE_NS_MAX", 2_000_000_000)
    async with sandbox_and_daemon(market(LIVELY, seed=1), tmp_path) as (_, harness):
        runner = harness.running.runner
        await harness.until(lambda: not runner.process_health.is_alive(), "not healthy")
        sent, decided = len(await harness.wire("order.place")), len(harness.placed)
        await harness.until(lambda: len(harness.placed) >= decided + 5, "it goes on deciding")
        assert len(await harness.wire("order.place")) == sent


async def test_daemon_above_its_memory_limit_ends_and_requests_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "CHECK_S", 0.05)
    monkeypatch.setattr(resources, "ABOVE_NS", 500_000_000)
    config = market(LIVELY, seed=1)
    async with sandbox_and_daemon(config, tmp_path, rss_max_mb=100_000) as (sandbox, harness):
        await harness.until(harness.is_two_sided, "quoting")
        harness.running.runner.process_health.resources._rss_max = resources.MIB
        await harness.until(lambda: is_active(harness, Cause.MEMORY), "it rests")
        await harness.until(lambda: not harness.open_own(), "orders gone")
        monkeypatch.setattr(resources, "MIN_RUN_NS", 0)
        assert await harness.ended() is ExitCode.RESTART_WANTED
        assert open_ids(sandbox) == set()


async def test_wrong_venue_clock_pauses_until_three_good_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_skew, "ROUND_S", 0.2)
    monkeypatch.setattr(clock_skew, "ROUND_BAD_S", 0.2)
    async with sandbox_and_daemon(market(LIVELY, seed=1), tmp_path) as (sandbox, harness):
        await harness.until(harness.is_two_sided, "quoting")
        await sandbox.arm("clock_skew", skew_s=1.5)
        await harness.until(lambda: is_active(harness, Cause.CLOCK), "paused")
        await harness.until(lambda: not harness.open_own(), "orders gone")
        assert value(harness, "quoter_clock_offset_seconds") > 1.0
        await sandbox.admin("DELETE", "faults")
        await harness.until(harness.is_two_sided, "quoting again")
        assert not is_active(harness, Cause.CLOCK)
        assert await harness.stop() is ExitCode.CLEAN
        assert harness.is_equal(), harness.differences()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_ended_ledger_thread_kills(tmp_path: Path) -> None:
    """Nothing waits for the disk at that moment; a periodic check finds it."""

    def die(_connection: object) -> None:
        raise SystemExit

    async with sandbox_and_daemon(market(LIVELY, seed=1), tmp_path) as (_, harness):
        await harness.until(harness.is_two_sided, "quoting")
        write_ahead = harness.running.runner.write_ahead
        assert write_ahead is not None
        write_ahead._ledger._writer.enqueue(die)
        await harness.until(lambda: is_active(harness, Cause.LEDGER_FAILED), "killed")
        await harness.until(lambda: not harness.open_own(), "orders gone")


def booked_position(folder: Path) -> Decimal:
    """Return the base holdings computed from the ledger's rows."""
    with Reader(folder) as reader:
        epoch = open_epoch(folder)
        fills = [each.fill for each in reader.fills(epoch.number) if each.kind is FillKind.BOOKED]
    held = epoch.opening["BTC"] + sum((fill.side.sign * fill.size for fill in fills), ZERO)
    return held - sum((fill.fee for fill in fills if fill.fee_asset == "BTC"), ZERO)


async def test_scrape_equals_the_ledger_and_is_small(tmp_path: Path) -> None:
    """What is shown as booked is already on the disk."""
    async with sandbox_and_daemon(market(LIVELY, seed=1), tmp_path) as (_, harness):
        daemon = harness.running
        count = daemon.engine.inventory
        shown: set[int] = set()

        def is_news() -> bool:
            return count.fills_buy + count.fills_sell not in {0, *shown} and harness.is_equal()

        while len(shown) < 5:
            await harness.until(is_news, "another fill, booked")
            shown.add(count.fills_buy + count.fills_sell)
            text = daemon.metrics.render(daemon.engine.snapshot()).decode()
            exported = value(harness, "quoter_position_base")
            assert exported == float(booked_position(tmp_path))
            series = [line for line in text.splitlines() if not line.startswith("#")]
            assert 100 < len(series) <= SERIES_MAX
        assert value(harness, "quoter_report_age_seconds", report="balances") >= 0
        assert value(harness, "quoter_ledger_commit_seconds_count") > 0
        assert 0 <= value(harness, "quoter_message_budget_used_ratio") < 1


@pytest.mark.slow
async def test_young_process_above_its_memory_limit_pauses_with_a_reason(
    tmp_path: Path,
) -> None:
    """A young process is not restarted, because the restart would have the same memory."""
    async with (
        running(market(LIVELY, seed=1)) as sandbox,
        quoter(sandbox, tmp_path, "run", QUOTER_RSS_MAX_MB="1") as daemon,
    ):
        began = datetime.now(UTC)
        await until(lambda: daemon.logged("started"), "started", daemon)
        await until(
            lambda: any("memory" in str(line.get("raised")) for line in daemon.lines),
            "it rests",
            daemon,
        )
        status, text = await daemon.get("/readyz")
        about = json.loads(text)["details"]["memory"]
        assert (status, about["state"], about["latched"]) == (503, "PAUSED", False)
        assert began < datetime.fromisoformat(about["since"]) <= datetime.now(UTC)
        assert about["runbook"].startswith("deploy/docs/runbook.md#causes-that-pause")
        await daemon.answers("/healthz", 200)
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    assert open_ids(sandbox) == set()
