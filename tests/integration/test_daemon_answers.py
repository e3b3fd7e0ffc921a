"""A daemon whose venue answers with pages, delists the market, or refuses by a firewall."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quoter.app import startup
from quoter.app.settings_to_config import own_prefix
from quoter.app.startup import StartFailed
from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    quiet_logs,
    running_daemon,
    sandbox_and_daemon,
    settings,
)
from tests.integration.daemon_process import quoter
from tests.integration.sandbox_client import RunningSandbox, eventually, running

PAGE = "<html><head><title>System maintenance</title></head></html>"
HTML = {"text": PAGE, "content_type": "text/html"}
SETTLED_S = 2.0  # requests under way at the fault are answered
COUNTED_S = 8.0  # requests are counted for so long
UNKNOWN = {"status": 400, "code": -1121, "text": "Invalid symbol.", "symbol": "BTCUSDT"}


@asynccontextmanager
async def quoting(folder: Path) -> AsyncIterator[tuple[RunningSandbox, DaemonHarness]]:
    async with sandbox_and_daemon(market(LIVELY, 5), folder) as (sandbox, harness):
        await two_sided(harness)
        yield sandbox, harness


async def two_sided(harness: DaemonHarness) -> None:
    await harness.until(harness.is_two_sided, "two-sided quotes")


@pytest.mark.parametrize("endpoint", ["account", "open_orders", "trades", "create", "cancel"])
async def test_pages_in_place_of_answers_kill_nothing_and_lose_no_fill(
    tmp_path: Path, endpoint: str
) -> None:
    async with quoting(tmp_path) as (sandbox, harness):
        fault = await sandbox.arm("garbled", endpoint=endpoint, count=3, **HTML)

        async def has_fired() -> bool:
            return await sandbox.fired(fault) == 3

        await eventually(has_fired)
        await two_sided(harness)
        await harness.until(harness.is_equal, "books equal the truth")
        assert "KILLED" not in "\n".join(harness.history)
        assert await harness.stop() is ExitCode.CLEAN


async def test_check_says_at_once_that_a_listed_market_is_closed(tmp_path: Path) -> None:
    """The list of all markets has it, and every request for it alone is refused."""
    async with running(market(LIVELY, 5)) as sandbox:
        await sandbox.arm("error_before", **UNKNOWN)
        async with quoter(sandbox, tmp_path, "check") as check:
            assert await check.process.wait() == ExitCode.VENUE_UNAVAILABLE, check.text
    assert any("the market is closed: BTCUSDT is NOT_LISTED" in line for line in check.text)


@pytest.mark.parametrize("is_silent", [False, True])
async def test_market_delisted_while_running_is_a_closed_market(
    tmp_path: Path, is_silent: bool
) -> None:
    async with quoting(tmp_path) as (sandbox, harness):
        active = harness.running.engine.causes.switch.is_active
        await sandbox.arm("error_before", **UNKNOWN)
        if is_silent:
            await sandbox.arm("market_frames_drop")
        await harness.until(lambda: active(Cause.VENUE_STATUS), "the market is gone")
        assert any("NOT_LISTED" in line for line in harness.history)
        before = sandbox.server.venue.counts["request_depth"]
        await asyncio.sleep(COUNTED_S)
        assert sandbox.server.venue.counts["request_depth"] - before <= 10
        assert "KILLED" not in "\n".join(harness.history)
        await sandbox.admin("DELETE", "faults")


async def test_firewall_is_named_and_gets_few_requests(tmp_path: Path) -> None:
    async with quoting(tmp_path) as (sandbox, harness):
        active = harness.running.engine.causes.switch.is_active
        await sandbox.arm("page_before", status=403, text=PAGE)
        await harness.until(lambda: active(Cause.RATE_LIMITED), "the pause is reported")
        assert any("firewall" in line for line in harness.history)
        counts = sandbox.server.venue.counts
        await asyncio.sleep(SETTLED_S)
        before = total(counts)
        await asyncio.sleep(COUNTED_S)
        assert total(counts) - before <= 25
        await sandbox.admin("DELETE", "faults")
        await two_sided(harness)
        assert await harness.stop() is ExitCode.CLEAN


def total(counts: dict[str, int]) -> int:
    return sum(count for name, count in counts.items() if name.startswith("request_"))


@pytest.mark.parametrize("endpoint", ["market", "account", "open_orders", "trades"])
async def test_start_in_maintenance_waits_and_then_quotes(tmp_path: Path, endpoint: str) -> None:
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            fault = await sandbox.arm("page_before", endpoint=endpoint, count=3, text=PAGE)
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                assert await sandbox.fired(fault) == 3
                await two_sided(harness)
                assert harness.running.ledger is not None
                assert harness.running.ledger.opened.opening["USDT"] > 0
                await harness.until(harness.is_equal, "books equal the truth")
                assert await harness.stop() is ExitCode.CLEAN


async def test_start_asks_again_for_a_list_of_markets_that_lacks_ours(tmp_path: Path) -> None:
    """The answer is well formed, and not whole."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            rules = json.dumps((await sandbox.get("exchangeInfo")).row)
            text = rules.replace("BTC", "XYZ")
            await sandbox.arm("garbled", endpoint="market", count=1, text=text)
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await two_sided(harness)
                assert await harness.stop() is ExitCode.CLEAN


async def test_start_at_a_closed_market_cancels_what_an_earlier_run_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The market may open again while no daemon runs."""
    monkeypatch.setattr(startup, "START_WAIT_S", 2.0)
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            chosen = settings(sandbox, tmp_path)
            name = f"{own_prefix(chosen)}left"
            await sandbox.rest_order("BUY", "50000", "0.01", newClientOrderId=name)
            await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": True})
            with pytest.raises(StartFailed) as failed:
                async with running_daemon(sandbox, chosen):
                    pass
            assert failed.value.code is ExitCode.VENUE_UNAVAILABLE
            assert "is not trading" in str(failed.value)
            assert (await sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).rows == []


@pytest.mark.parametrize("endpoint", ["market", "account", "open_orders", "trades"])
async def test_start_in_lasting_maintenance_ends_with_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setattr(startup, "START_WAIT_S", 2.0)
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            await sandbox.arm("garbled", endpoint=endpoint, **HTML)
            with pytest.raises(StartFailed) as failed:
                async with running_daemon(sandbox, settings(sandbox, tmp_path)):
                    pass
    assert failed.value.code is ExitCode.VENUE_UNAVAILABLE
