"""The venue changes its filters while a daemon trades: rejects reveal it, and orders follow."""

from decimal import Decimal
from pathlib import Path

from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.sandbox_client import running

FOLLOWED_S_MAX = 30.0
TICK = Decimal("0.25")


def follows(harness: DaemonHarness) -> bool:
    """Whether both sides are quoted, all orders on the new price grid."""
    return harness.is_two_sided() and all(order.price % TICK == 0 for order in harness.open_own())


async def test_orders_follow_a_coarser_tick_and_an_impossible_size_pauses(
    tmp_path: Path,
) -> None:
    with quiet_logs(tmp_path / "log"):
        async with (
            running(market(LIVELY, 5)) as sandbox,
            running_daemon(sandbox, settings(sandbox, tmp_path)) as harness,
        ):
            await harness.until(harness.is_two_sided, FOLLOWED_S_MAX, "quotes")
            changed = {"symbol": "BTCUSDT", "tick": str(TICK)}
            assert (await sandbox.admin("POST", "filters", changed)).status == 200
            await harness.until(lambda: follows(harness), FOLLOWED_S_MAX, "quotes on the new grid")
            assert harness.running.engine.rules.instrument.tick == TICK
            changed = {"symbol": "BTCUSDT", "size_min": "0.01"}
            assert (await sandbox.admin("POST", "filters", changed)).status == 200
            active = harness.running.engine.causes.switch.is_active
            await harness.until(
                lambda: active(Cause.MARKET_RULES),
                FOLLOWED_S_MAX,
                "the impossible order size is reported",
            )
            await harness.until(lambda: not harness.open_own(), FOLLOWED_S_MAX, "we stand aside")
            assert await harness.stop() is ExitCode.CLEAN


async def test_grid_finer_than_the_markets_own_is_refused() -> None:
    async with running(market(LIVELY, 5)) as sandbox:
        reply = await sandbox.admin("POST", "filters", {"symbol": "BTCUSDT", "tick": "0.003"})
        assert reply.status == 400
        assert "tick must be a multiple of 0.01" in str(reply.body)
        reply = await sandbox.admin("POST", "filters", {"symbol": "NONE", "tick": "0.01"})
        assert reply.status == 400
