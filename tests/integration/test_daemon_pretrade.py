"""Controls before an order is sent, in a daemon over real sockets."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from quoter.cli.check import Check
from quoter.domain.commands import PlaceOrder
from quoter.domain.trading import Cause, TradingState
from quoter.service.exit_codes import ExitCode
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.ccxt.types import JsonDict
from tests.integration.daemon_harness import LIVELY, market, running_daemon, settings
from tests.integration.sandbox_client import running


async def test_check_refuses_a_limit_below_one_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(market(LIVELY, seed=3)) as sandbox:
        chosen = settings(sandbox, tmp_path, notional_max=Decimal(50))
        code = await Check(chosen, Console(width=200)).run()
    assert code is ExitCode.USAGE
    assert "QUOTER_NOTIONAL_MAX: one order of QUOTER_ORDER_SIZE" in capsys.readouterr().out


async def test_order_size_below_the_venues_minimum_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise it would run and never send an order. This venue gives no price at the start."""
    async with running(market(LIVELY, seed=3)) as sandbox:
        chosen = settings(sandbox, tmp_path, order_size=Decimal("0.00001"))
        code = await Check(chosen, Console(width=300)).run()
        assert code is ExitCode.USAGE
        assert "QUOTER_ORDER_SIZE: the venue accepts no order below" in capsys.readouterr().out
        async with running_daemon(sandbox, chosen) as harness:
            switch = harness.running.engine.causes.switch
            await harness.until(lambda: switch.is_active(Cause.MARKET_RULES), "reported")
            assert "QUOTER_ORDER_SIZE" in switch.causes[Cause.MARKET_RULES]
            assert await harness.stop() is ExitCode.CLEAN


async def test_request_that_differs_from_its_order_kills_and_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patched ccxt doubles a size: the request is not sent, and the daemon is killed."""
    create = CcxtGateway._create

    async def doubled(self: CcxtGateway, order: PlaceOrder) -> JsonDict:
        return await create(self, replace(order, size=2 * order.size))

    async with (
        running(market(LIVELY, seed=4)) as sandbox,
        running_daemon(sandbox, settings(sandbox, tmp_path)) as harness,
    ):
        await harness.until(harness.is_two_sided, "two-sided")
        monkeypatch.setattr(CcxtGateway, "_create", doubled)
        causes = harness.running.engine.causes
        await harness.until(lambda: causes.state is TradingState.KILLED, "killed")
        assert "quantity is" in causes.switch.causes[Cause.WIRE_MISMATCH]
        await harness.until(lambda: not harness.open_own(), "no own order left")
        sizes = {Decimal(str(row["size"])) for row in await harness.wire("order.place")}
        assert max(sizes) <= harness.settings.order_size
        assert await harness.stop() is ExitCode.KILLED


async def test_notional_limit_binds_before_the_unit_limit(tmp_path: Path) -> None:
    """The limit in units allows four orders, the notional limit two."""
    async with (
        running(market(LIVELY, seed=5)) as sandbox,
        running_daemon(
            sandbox,
            settings(
                sandbox, tmp_path, notional_max=Decimal(400), position_notional_max=Decimal(700)
            ),
        ) as harness,
    ):
        books = harness.running.engine.inventory
        await harness.until(harness.is_two_sided, "two-sided")
        await harness.until(lambda: books.fills_buy + books.fills_sell >= 4, "some fills")
        assert Decimal(0) < harness.watch.exposure_peak <= Decimal("0.0125")
        assert await harness.stop() is ExitCode.CLEAN
