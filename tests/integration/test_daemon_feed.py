"""A daemon whose streams are closed with an announcement, corrupted, or halted."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from quoter.app.settings_to_config import venue_config
from quoter.domain.trading import Cause
from quoter.sandbox.exchange.faults import SocketKind
from quoter.service.exit_codes import ExitCode
from quoter.venues.config import StreamTimings
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    quiet_logs,
    running_daemon,
    sandbox_and_daemon,
    settings,
)
from tests.integration.sandbox_client import running

ROLLS = 4
NOTICE_S = 30.0  # longer than a handover takes on a busy machine


async def two_sided(harness: DaemonHarness) -> None:
    await harness.until(harness.is_two_sided, "two-sided quotes")


async def test_announced_close_of_the_market_stream_costs_no_quote(tmp_path: Path) -> None:
    async with sandbox_and_daemon(market(LIVELY, 5), tmp_path) as (sandbox, harness):
        await two_sided(harness)
        seen = len(harness.history)
        counts = sandbox.server.venue.counts
        for number in range(1, ROLLS + 1):
            body = {"in_s": NOTICE_S, "socket": "market"}
            reply = await sandbox.admin("POST", "streams/shutdown", body)
            assert reply.row["notified"] == 1
            opened = partial(lambda n: counts["market_sockets_opened"] > n, number)
            await harness.until(opened, "a new connection")
            await harness.until(lambda: len(open_sockets(harness)) == 1, "the old one ends")
        story = "\n".join(harness.history[seen:])
        assert Cause.MARKET_FEED_DOWN not in story
        assert Cause.BOOK_DESYNC not in story
        assert "PAUSED" not in story
        await two_sided(harness)
        assert await harness.stop() is ExitCode.CLEAN


async def test_announced_close_of_the_private_stream_costs_no_quote_or_fill(
    tmp_path: Path,
) -> None:
    """For three seconds both connections report the same orders and fills."""
    async with sandbox_and_daemon(market(LIVELY, 5), tmp_path) as (sandbox, harness):
        await two_sided(harness)
        seen, counts = len(harness.history), sandbox.server.venue.counts
        opened = counts["user_sockets_opened"]  # a late machine may have needed two
        body = {"in_s": NOTICE_S, "socket": "user"}
        await sandbox.admin("POST", "streams/shutdown", body)
        await harness.until(lambda: counts["user_sockets_opened"] > opened, "a second one")
        await harness.until(lambda: len(user_sockets(harness)) == 1, "the old one ends")
        await harness.until(harness.is_equal, "books equal the truth")
        story = "\n".join(harness.history[seen:])
        assert Cause.PRIVATE_STREAM_DOWN not in story
        assert "KILLED" not in story
        assert await harness.stop() is ExitCode.CLEAN


async def test_a_refusal_that_the_feed_meets_stops_the_gateways_requests_too(
    tmp_path: Path,
) -> None:
    """The venue counts by address: feed and gateway of the daemon have one rate limit."""
    async with sandbox_and_daemon(market(LIVELY, 5), tmp_path) as (sandbox, harness):
        await two_sided(harness)
        gateway = harness.running.runner._gateway
        assert gateway is not None
        await sandbox.arm("rate_limit_429", endpoint="depth", count=1, retry_after_s=2)
        await sandbox.arm("depth_gap", count=1)  # so that a snapshot is requested
        await harness.until(
            lambda: gateway.rate_limit_pause() is not None, "the pause of the gateway"
        )
        await two_sided(harness)
        assert await harness.stop() is ExitCode.CLEAN


async def test_halted_symbol_pauses_and_reports_precede_the_next_quote(
    tmp_path: Path,
) -> None:
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            chosen = settings(sandbox, tmp_path)
            quick = replace(StreamTimings(), status_s=0.1, reopen_s=0.3)
            venue = replace(venue_config(chosen), stream=quick)
            async with running_daemon(sandbox, chosen, venue=venue) as harness:
                await two_sided(harness)
                await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": True})
                active = harness.running.engine.causes.switch.is_active
                await harness.until(
                    lambda: active(Cause.VENUE_STATUS), "the closed status is reported"
                )
                await harness.until(lambda: not harness.open_own(), "no order is left")
                await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": False})
                await two_sided(harness)
                assert not active(Cause.VENUE_STATUS)
                assert await harness.stop() is ExitCode.CLEAN


async def test_corrupted_book_pauses_until_it_is_fetched_again(tmp_path: Path) -> None:
    """A wrong row near the best price is found by the ticker or by the next comparison."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 5)) as sandbox:
            chosen = settings(sandbox, tmp_path)
            often = replace(StreamTimings(), book_check_s=0.2, book_check_settle_s=0.2)
            venue = replace(venue_config(chosen), stream=often)
            async with running_daemon(sandbox, chosen, venue=venue) as harness:
                await two_sided(harness)
                await sandbox.arm("depth_corrupt", symbol="BTCUSDT")
                await harness.until(
                    lambda: any(Cause.BOOK_DESYNC in line for line in harness.history),
                    "the corruption is found",
                )
                await sandbox.admin("DELETE", "faults")
                await two_sided(harness)
                assert await harness.stop() is ExitCode.CLEAN


def open_sockets(harness: DaemonHarness) -> list[object]:
    sockets = harness.sandbox.server.sockets
    return [socket for socket in sockets.of(None) if socket.kind.value == "market"]


def user_sockets(harness: DaemonHarness) -> list[object]:
    return list(harness.sandbox.server.sockets.of(SocketKind.USER))
