"""The daemon with the ccxt feed, and with a second exchange id of the same API."""

from dataclasses import replace
from pathlib import Path

import pytest

from quoter.app.settings_to_config import venue_config
from quoter.service.exit_codes import ExitCode
from quoter.venues.binance.feed import BinanceFeed
from quoter.venues.ccxt.feed import CcxtFeed
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    market,
    open_ids,
    place_foreign,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.sandbox_client import running

FILLS_MIN = 3


@pytest.mark.parametrize(
    ("exchange", "native"), [("binanceus", False), ("binanceus", True), ("binance", False)]
)
async def test_daemon_trades_at_a_second_exchange_id_with_either_feed(
    exchange: str, native: bool, tmp_path: Path
) -> None:
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, seed=2)) as sandbox:
            await place_foreign(sandbox)
            chosen = settings(sandbox, tmp_path, exchange=exchange)
            config = replace(venue_config(chosen), native_feed=native)
            async with running_daemon(sandbox, chosen, venue=config) as harness:
                books = harness.running.engine.inventory
                expected = BinanceFeed if native else CcxtFeed
                assert isinstance(harness.running.runner._feed, expected)
                await harness.until(harness.is_two_sided, "two-sided")
                await harness.until(
                    lambda: books.fills_buy + books.fills_sell >= FILLS_MIN, "fills"
                )
                assert await harness.stop() is ExitCode.CLEAN
                assert harness.is_equal(), harness.differences()
                assert harness.watch.exposure_peak <= chosen.inventory_max
            assert open_ids(sandbox) == {FOREIGN_ID}
