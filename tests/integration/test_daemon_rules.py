"""The venue changes its filters while a daemon trades: rejects reveal it, and orders follow."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS
from quoter.engine.market import market_rules
from quoter.sandbox.protocol import filters as sandbox_filters
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
from tests.integration.sandbox_client import Row, RunningSandbox, running

TICK = Decimal("0.25")
CHANGES, CHANGE_S = 8, 0.5  # number of changes, and the pause after each


def follows(harness: DaemonHarness) -> bool:
    """Whether both sides are quoted, all orders on the new price grid."""
    return harness.is_two_sided() and all(order.price % TICK == 0 for order in harness.open_own())


async def test_orders_follow_a_coarser_tick_and_an_impossible_size_pauses(
    tmp_path: Path,
) -> None:
    async with sandbox_and_daemon(market(LIVELY, 5), tmp_path) as (sandbox, harness):
        await harness.until(harness.is_two_sided, "quotes")
        await sandbox.set_filters(tick=str(TICK))
        await harness.until(lambda: follows(harness), "quotes on the new grid")
        assert harness.running.engine.instrument.now.tick == TICK
        await sandbox.set_filters(size_min="0.01")
        active = harness.running.engine.causes.switch.is_active
        await harness.until(
            lambda: active(Cause.MARKET_RULES),
            "the impossible order size is reported",
        )
        await harness.until(lambda: not harness.open_own(), "we stand aside")
        assert await harness.stop() is ExitCode.CLEAN


@pytest.mark.parametrize(
    ("before", "after"), [("0.01", "0.25"), ("0.25", "0.01")], ids=["coarser", "finer"]
)
async def test_orders_follow_rules_that_changed_while_the_stream_was_down(
    tmp_path: Path, before: str, after: str
) -> None:
    """A finer tick makes the venue reject nothing, so nothing else would reveal it."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            await sandbox.set_filters(tick=before)
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await harness.until(harness.is_two_sided, "quotes")
                await disconnected(sandbox, harness)
                await sandbox.set_filters(tick=after)
                sent = len(await harness.wire("order.place"))
                await sandbox.admin("DELETE", "faults")
                engine = harness.running.engine
                await harness.until(lambda: engine.instrument.now.tick == Decimal(after), "rules")
                await harness.until(harness.is_two_sided, "quotes by the new rules")
                assert all(o.price % Decimal(after) == 0 for o in harness.open_own())
                await harness.until(harness.is_equal, "books equal the truth")
                rows = (await harness.wire("order.place"))[sent:]
                prices = [Decimal(str(row["price"])) for row in rows if is_accepted(row)]
                assert prices
                assert all(price % Decimal(after) == 0 for price in prices)
                assert "KILLED" not in "\n".join(harness.history)
                assert await harness.stop() is ExitCode.CLEAN


async def disconnected(sandbox: RunningSandbox, harness: DaemonHarness) -> None:
    """Close the streams, refuse new ones, and wait until no order is left."""
    await sandbox.arm("refuse_socket", status=503, text="away")
    await sandbox.admin("POST", "streams/close", {})
    active = harness.running.engine.causes.switch.is_active
    await harness.until(lambda: active(Cause.MARKET_FEED_DOWN), "the stream is down")
    await harness.until(lambda: not harness.open_own(), "cancelled")


def is_accepted(row: Row) -> bool:
    return row["outcome"] == "accepted"


@pytest.mark.parametrize("what", ["grid", "minimums", "market", "open orders", "price band"])
async def test_rules_that_change_again_and_again_kill_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Creates, cancels and reports meet the change at any moment; afterwards all is as before."""
    monkeypatch.setattr(market_rules, "APART_NS", 100 * NS_PER_MS)
    monkeypatch.setattr(market_rules, "PAUSED_AGAIN_NS", 500 * NS_PER_MS)
    async with sandbox_and_daemon(market(LIVELY, 5), tmp_path) as (sandbox, harness):
        await harness.until(harness.is_two_sided, "quotes")
        for number in range(CHANGES):
            await change(sandbox, monkeypatch, what, is_usual=number % 2 == 1)
            await asyncio.sleep(CHANGE_S)
        await harness.until(harness.is_two_sided, "quotes as before")
        await harness.until(harness.is_equal, "books equal the truth")
        assert "KILLED" not in "\n".join(harness.history)
        assert await harness.stop() is ExitCode.CLEAN


async def change(
    sandbox: RunningSandbox, patch: pytest.MonkeyPatch, what: str, *, is_usual: bool
) -> None:
    """Change one kind of rule at the sandbox, or restore it."""
    filters: dict[str, str] = {}
    match what:
        case "grid":
            filters = {"tick": "0.01" if is_usual else "0.25", "lot": "0.00001"}
        case "minimums":
            filters = {"notional_min": "5" if is_usual else "100000", "size_min": "0.00001"}
        case "market":
            await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": not is_usual})
        case "open orders":
            patch.setattr(sandbox_filters, "ORDERS_OPEN_MAX", 200 if is_usual else 1)
        case _:
            patch.setattr(sandbox_filters, "PRICE_RATIO_MIN", Decimal("0.2" if is_usual else "1"))
    if filters:
        await sandbox.set_filters(**filters)


async def test_grid_finer_than_the_markets_own_is_refused() -> None:
    async with running(market(LIVELY, 5)) as sandbox:
        reply = await sandbox.admin("POST", "filters", {"symbol": "BTCUSDT", "tick": "0.003"})
        assert reply.status == 400
        assert "tick must be a multiple of 0.01" in str(reply.body)
        reply = await sandbox.admin("POST", "filters", {"symbol": "NONE", "tick": "0.01"})
        assert reply.status == 400
