"""A market crash with a failing venue, over real sockets: limits hold, and quoting comes back."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.trading import Cause, Regime, TradingState
from quoter.sandbox.config import CrashScenario
from quoter.sandbox.scenario import play
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, market, quiet_logs, running_daemon, settings
from tests.integration.sandbox_client import RunningSandbox, running

SPEED = 16.0  # the crash in half a minute
FAST_S, CALM_S = 1.0, 10.0  # the shortest that the settings allow
# The collar compares prices with the mean of the last minute, which a crash at this speed leaves
# far behind. At the default of 100 bps it denies every order for a minute and a half afterwards.
COLLAR_BPS = 500.0


async def fired(sandbox: RunningSandbox) -> list[int]:
    """Return how often each fault of the scenario fired."""
    rows = (await sandbox.admin("GET", "faults")).rows
    return [int(str(row["fired"])) for row in rows]


@pytest.mark.slow
async def test_regime_reduces_in_a_crash_and_both_sides_are_quoted_again_afterwards(
    tmp_path: Path,
) -> None:
    """The inventory stays within its limit, and the balances equal the venue's."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, 3)) as sandbox:
            chosen = settings(
                sandbox,
                tmp_path,
                volatility_half_life_fast_s=FAST_S,
                regime_calm_s=CALM_S,
                price_collar_bps=COLLAR_BPS,
                loss_max=Decimal(100_000),
            )
            async with running_daemon(sandbox, chosen) as harness:
                engine = harness.running.engine
                await harness.until(harness.is_two_sided, "quoting at first")
                scenario = CrashScenario(in_s=0.5, time_scale=SPEED)
                venue, arm = sandbox.server.venue, sandbox.server.admin.arm
                playing = asyncio.create_task(play(scenario, venue, arm))
                await harness.until(
                    lambda: Cause.MARKET_REGIME in engine.causes.switch.causes, "up"
                )
                assert engine.causes.state >= TradingState.REDUCE_ONLY
                await harness.until(playing.done, "all faults armed")
                playing.result()
                await harness.until(
                    lambda: engine.regime.view.level is Regime.NORMAL and harness.is_two_sided(),
                    "back to normal",
                )
                assert engine.counts["regime_wide"]
                assert engine.counts["regime_normal"]
                assert sum(await fired(sandbox)) > 0
                assert harness.watch.exposure_peak <= chosen.inventory_max
                assert await harness.stop() is ExitCode.CLEAN
                assert harness.is_equal(), harness.differences()
