"""The venue changes its filters while a daemon trades: rejects reveal it, and orders follow."""

from decimal import Decimal
from pathlib import Path

from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, Pilot, flying, market, quiet_logs, settings
from tests.integration.sandbox_client import running

FOLLOWED_S_MAX = 30.0
TICK = Decimal("0.25")


def follows(pilot: Pilot) -> bool:
    """Whether both sides are quoted, all orders on the new price grid."""
    return pilot.is_two_sided() and all(order.price % TICK == 0 for order in pilot.open_own())


async def test_orders_follow_a_coarser_tick_and_an_impossible_size_pauses(
    tmp_path: Path,
) -> None:
    with quiet_logs(tmp_path / "log"):
        async with (
            running(market(LIVELY, 5)) as sandbox,
            flying(sandbox, settings(sandbox, tmp_path)) as pilot,
        ):
            await pilot.until(pilot.is_two_sided, FOLLOWED_S_MAX, "quotes")
            changed = {"symbol": "BTCUSDT", "tick": str(TICK)}
            assert (await sandbox.admin("POST", "filters", changed)).status == 200
            await pilot.until(lambda: follows(pilot), FOLLOWED_S_MAX, "quotes on the new grid")
            assert pilot.running.engine.rules.instrument.tick == TICK
            changed = {"symbol": "BTCUSDT", "size_min": "0.01"}
            assert (await sandbox.admin("POST", "filters", changed)).status == 200
            active = pilot.running.engine.causes.switch.is_active
            await pilot.until(
                lambda: active(Cause.MARKET_RULES), FOLLOWED_S_MAX, "told that it is impossible"
            )
            await pilot.until(lambda: not pilot.open_own(), FOLLOWED_S_MAX, "we stand aside")
            assert await pilot.stop() is ExitCode.CLEAN


async def test_grid_finer_than_the_markets_own_is_refused() -> None:
    async with running(market(LIVELY, 5)) as sandbox:
        reply = await sandbox.admin("POST", "filters", {"symbol": "BTCUSDT", "tick": "0.003"})
        assert reply.status == 400
        assert "tick must be a multiple of 0.01" in str(reply.body)
        reply = await sandbox.admin("POST", "filters", {"symbol": "NONE", "tick": "0.01"})
        assert reply.status == 400
