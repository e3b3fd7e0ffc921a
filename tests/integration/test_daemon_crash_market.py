"""The whole bad day over sockets: the market crashes and the venue fails, and the daemon lives."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.trading import Cause, Regime, TradingState
from quoter.sandbox.config import CrashScenario
from quoter.sandbox.scenario import play
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, flying, market, quiet_logs, settings
from tests.integration.sandbox_client import RunningSandbox, running

pytestmark = pytest.mark.timeout(300)
SPEED = 16.0  # the crash in half a minute
FAST_S, CALM_S = 1.0, 10.0  # and a memory and a calm to go with it
START_S_MAX, CLIMB_S_MAX, BACK_S_MAX = 30.0, 30.0, 180.0


async def fired(sandbox: RunningSandbox) -> list[int]:
    """How often each fault of the scenario struck."""
    rows = (await sandbox.admin("GET", "faults")).rows
    return [int(str(row["fired"])) for row in rows]


async def test_it_climbs_the_ladder_in_the_crash_and_quotes_both_sides_again_after_it(
    tmp_path: Path,
) -> None:
    """Inventory stays within its limit, no order takes, and the books are the venue's."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 3)) as sandbox:
            chosen = settings(
                sandbox,
                tmp_path,
                volatility_half_life_fast_s=FAST_S,
                regime_calm_s=CALM_S,
                loss_max=Decimal(100_000),
            )
            async with flying(sandbox, chosen) as pilot:
                engine = pilot.running.engine
                await pilot.until(pilot.is_two_sided, START_S_MAX, "quoting at first")
                scenario = CrashScenario(in_s=0.5, time_scale=SPEED)
                venue, arm = sandbox.server.venue, sandbox.server.admin.arm
                playing = asyncio.create_task(play(scenario, venue, arm))
                await pilot.until(
                    lambda: Cause.MARKET_REGIME in engine.causes.switch.causes, CLIMB_S_MAX, "up"
                )
                assert engine.causes.state >= TradingState.REDUCE_ONLY
                await pilot.until(playing.done, CLIMB_S_MAX, "all faults armed")
                playing.result()
                await pilot.until(
                    lambda: engine.regime.view.level is Regime.NORMAL and pilot.is_two_sided(),
                    BACK_S_MAX,
                    "back to normal",
                )
                assert engine.counts["regime_wide"]
                assert engine.counts["regime_normal"]
                assert sum(await fired(sandbox)) > 0
                assert pilot.watch.exposure_peak <= chosen.inventory_max
                assert await pilot.stop() is ExitCode.CLEAN
                assert pilot.is_equal(), pilot.differences()
