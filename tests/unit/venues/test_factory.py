"""The feed that a configuration gets: native for Binance, through ccxt elsewhere."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.instrument import Instrument
from quoter.venues.binance.feed import BinanceFeed
from quoter.venues.ccxt.feed import CcxtFeed
from quoter.venues.config import VenueConfig
from quoter.venues.factory import make_cancel_gateway, make_feed

INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.0001"),
    size_min=Decimal("0.0001"),
    size_max=Decimal(10),
    notional_min=Decimal(5),
    fee_maker=Decimal(0),
)
CONFIG = VenueConfig(
    exchange="binance", symbol="BTC/USDT", environment="production", order_prefix="q1"
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CONFIG, BinanceFeed),
        (replace(CONFIG, exchange="binanceus"), BinanceFeed),
        (replace(CONFIG, native_feed=False), CcxtFeed),
        (replace(CONFIG, exchange="kraken"), CcxtFeed),
    ],
)
async def test_feed_is_native_where_available(config: VenueConfig, expected: type) -> None:
    assert isinstance(make_feed(config, INSTRUMENT), expected)


async def test_cancel_gateway_never_opens_for_creates() -> None:
    gateway = make_cancel_gateway(CONFIG)
    client = gateway._client  # type: ignore[attr-defined]
    assert type(client.gate).__name__ == "SealedGate"
    await gateway.close()
