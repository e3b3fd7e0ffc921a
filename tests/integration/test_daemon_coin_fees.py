"""Fees in BNB, as most accounts at Binance pay them: priced at the venue and part of the profit."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import CoinPrice, ReportFailed
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.sandbox.config import BALANCES, SandboxConfig, default_config
from quoter.service.exit_codes import ExitCode
from quoter.sim.messages import FeeCoin, MarketSpec
from quoter.sim.model_markets import BITCOIN, LARGE_TICK
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    sandbox_and_daemon,
)
from tests.integration.sandbox_client import running
from tests.integration.test_venues_gateway import config, connected

PRICE = Decimal(600)
COINS = (*BALANCES, ("BNB", Decimal(10)))
# A market without moves: its book has the same few levels throughout.
STILL = replace(LARGE_TICK, sigma=0.0, intensity=0.001, tick=Decimal("0.01"), lot=Decimal("0.01"))


def still(base: str, quote: str, mid: str, *, spread_ticks: int = 2) -> MarketSpec:
    return replace(
        STILL,
        symbol=f"{base}{quote}",
        base=base,
        quote=quote,
        mid=Decimal(mid),
        spread_ticks=spread_ticks,
    )


def paying_in_bnb(*others: MarketSpec) -> SandboxConfig:
    """A market with a maker fee of one basis point that both accounts pay in BNB."""
    usual = default_config(seed=1)
    coin = FeeCoin(asset="BNB", price=PRICE)
    accounts = tuple(replace(one, balances=COINS, fee_coin=coin) for one in usual.accounts)
    lively = replace(LIVELY, fee_maker=Decimal("0.0001"))
    return replace(usual, markets=(lively, *others), accounts=accounts)


def enough_fills(harness: DaemonHarness) -> Callable[[], bool]:
    return lambda: harness.running.engine.inventory.fills_buy >= 2


async def test_fees_in_bnb_reduce_the_profit_at_the_price_of_their_market(
    tmp_path: Path,
) -> None:
    config = paying_in_bnb(still("BNB", "USDT", str(PRICE)))
    async with sandbox_and_daemon(config, tmp_path) as (sandbox, harness):
        await harness.until(enough_fills(harness), "fills")
        engine = harness.running.engine
        ask = sandbox.server.venue.exchange.depth("BNBUSDT", 1).asks[0][0]
        assert PRICE < ask < PRICE + 1

        def are_debited() -> bool:
            paid = engine.inventory.fees_paid
            return paid.keys() == {"BNB"} and (
                engine.attribution.pnl(None).fees == paid["BNB"] * ask > 0
            )

        await harness.until(are_debited, "every fee is in the profit")
        assert Cause.FEE_UNPRICED not in engine.causes.switch.causes
        assert await harness.stop() is ExitCode.CLEAN


@pytest.mark.slow
async def test_fees_without_a_price_pause_with_a_reason(tmp_path: Path) -> None:
    async with sandbox_and_daemon(paying_in_bnb(), tmp_path) as (_, harness):
        causes = harness.running.engine.causes.switch

        def is_unpriced() -> bool:
            return causes.is_active(Cause.FEE_UNPRICED)

        await harness.until(is_unpriced, "nobody prices them")
        text = causes.causes[Cause.FEE_UNPRICED]
        assert text.endswith("binance has no market for BNB and USDT")
        await harness.until(lambda: not harness.open_own(), "orders gone")


@pytest.mark.parametrize(
    ("coin", "price"),
    [("BNB", "600.01"), ("TRY", "0.025"), ("WIDE", ""), ("NONE", ""), ("", "")],
)
async def test_coin_price_is_the_best_ask_of_a_direct_or_inverted_market(
    coin: str, price: str
) -> None:
    markets = (
        BITCOIN,
        still("BNB", "USDT", "600"),
        still("USDT", "TRY", "40.01"),  # its best bid is 40
        still("WIDE", "USDT", "1", spread_ticks=10),
    )
    async with (
        running(replace(default_config(seed=1), markets=markets)) as sandbox,
        connected(config(sandbox)) as gateway,
    ):
        answer = await gateway.report(RequestReport(kind=ReportKind.COIN_PRICE, coin=coin))
        if not price:
            assert isinstance(answer, ReportFailed)
            assert answer.kind is ReportKind.COIN_PRICE
            return
        assert isinstance(answer, CoinPrice)
        assert (answer.coin, answer.price) == (coin, Decimal(price))
        assert answer.asked_ns <= answer.ts_ns
