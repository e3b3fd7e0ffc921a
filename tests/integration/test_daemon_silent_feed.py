"""A market stream that is connected, answers pings, and brings no usable data.

The daemon once quoted for a minute from a dead book, through a crash of the market. It has to
notice within three seconds, and a market without any update must stay quoted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode
from quoter.sim.messages import DepthBook
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

# A recorded market that nothing is fed into: no trade, no update of the book but by our orders.
STILL = replace(LIVELY, recorded=True)
STILL_BOOK = DepthBook(
    last=1_000,
    bids=tuple((Decimal(59_990 - n), Decimal(1)) for n in range(20)),
    asks=tuple((Decimal(60_010 + n), Decimal(1)) for n in range(20)),
)


@asynccontextmanager
async def still_book(sandbox: RunningSandbox) -> AsyncIterator[None]:
    venue = sandbox.server.venue
    venue.exchange.load_depth(STILL.symbol, STILL_BOOK, venue.now_ns())
    yield


def is_stale(harness: DaemonHarness) -> bool:
    return harness.running.engine.causes.switch.is_active(Cause.BOOK_STALE)


@pytest.mark.parametrize(
    "faults",
    [
        [{"kind": "market_frames_drop"}],
        [{"kind": "market_frames_drop", "event": "depth"}],
        [{"kind": "market_frames_unreadable", "event": "depth", "text": "<html>"}],
        [{"kind": "depth_ids_shifted", "shift": -(10**9)}],
    ],
    ids=["all frames", "depth only", "unreadable depth", "ids that ran back"],
)
async def test_stream_without_usable_data_pauses_within_three_seconds_and_recovers(
    tmp_path: Path, faults: list[Row]
) -> None:
    config = market(LIVELY, 5)
    async with sandbox_and_daemon(config, tmp_path, flap_pauses_max=100) as (sandbox, harness):
        await harness.until(harness.is_two_sided, "two-sided quotes")
        for fault in faults:
            await sandbox.arm(str(fault["kind"]), **{k: v for k, v in fault.items() if k != "kind"})
        crash = {"symbol": "BTCUSDT", "kind": "crash", "time_scale": 6.0}
        await sandbox.admin("POST", "script", crash)
        await harness.until(lambda: is_stale(harness), "the silence is noticed")
        await harness.until(lambda: not harness.open_own(), "no order is left")
        await sandbox.admin("DELETE", "faults")
        await harness.until(lambda: not is_stale(harness), "the book is believed again")
        await harness.until(harness.is_equal, "books equal the truth")
        assert await harness.stop() is ExitCode.CLEAN


async def test_market_without_any_update_stays_quoted(tmp_path: Path) -> None:
    with quiet_logs(tmp_path / "log"):
        async with (
            running(market(STILL, 5)) as sandbox,
            still_book(sandbox),
            running_daemon(sandbox, settings(sandbox, tmp_path)) as harness,
        ):
            await harness.until(harness.is_two_sided, "two-sided quotes")
            seen, requests = len(harness.history), sandbox.server.venue.counts
            before = requests["request_depth"]
            await harness.until(lambda: requests["request_depth"] >= before + 8, "confirmed")
            story = "\n".join(harness.history[seen:])
            assert "book_stale" not in story
            assert "PAUSED" not in story
            assert harness.is_two_sided()
            assert await harness.stop() is ExitCode.CLEAN
