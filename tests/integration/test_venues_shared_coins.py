"""Open orders in other markets of the account that share a coin are named at the start."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.sandbox.config import SandboxConfig, default_config
from quoter.sim.messages import MarketSpec, NewOrder, OrderKind
from quoter.sim.model_markets import BITCOIN, LARGE_TICK
from quoter.venues.factory import make_gateway
from tests.integration.sandbox_client import RunningSandbox, running
from tests.integration.test_venues_gateway import config

ELSEWHERE = replace(LARGE_TICK, symbol="XRPEUR", quote="EUR")


def two_markets(other: MarketSpec) -> SandboxConfig:
    usual = default_config(5)
    first, *others = usual.accounts
    balances = (*first.balances, ("XRP", Decimal(10_000)), ("EUR", Decimal(10_000)))
    held = dict(balances)
    account = replace(first, balances=tuple(held.items()))
    return replace(usual, markets=(BITCOIN, other), accounts=(account, *others))


async def warnings_with_an_order_in(other: MarketSpec) -> AsyncIterator[str]:
    async with running(two_markets(other)) as sandbox:
        yield await warning(sandbox)
        place(sandbox, other)
        yield await warning(sandbox)


async def warning(sandbox: RunningSandbox) -> str:
    gateway = make_gateway(config(sandbox), now_ns=sandbox.server.venue.now_ns)
    try:
        await gateway.connect()
        return dict(gateway.warnings).get("shared_coins", "")
    finally:
        await gateway.close()


def place(sandbox: RunningSandbox, spec: MarketSpec) -> None:
    venue = sandbox.server.venue
    order = NewOrder(
        symbol=spec.symbol,
        client_id="q0bmexq5k2001",
        side=Side.BUY,
        kind=OrderKind.LIMIT_MAKER,
        price=(spec.mid / 2).quantize(spec.tick),
        size=spec.lot * 100,
    )
    venue.exchange.place(sandbox.one.api_key, order, venue.now_ns())


@pytest.mark.parametrize(
    ("other", "named"), [(LARGE_TICK, "XRP/USDT"), (ELSEWHERE, "")], ids=["USDT", "no coin"]
)
async def test_market_with_orders_and_a_common_coin_is_named(other: MarketSpec, named: str) -> None:
    before, after = [text async for text in warnings_with_an_order_in(other)]
    assert before == ""
    assert named in after
    assert ("by quoter, QUOTER_INSTANCE 0b" in after) is bool(named)
    assert bool(after) is bool(named)
    assert "\n" not in after
