"""The feed that a configuration gets: native for Binance, through ccxt elsewhere."""

from dataclasses import replace

import pytest

from quoter.venues.binance.feed import BinanceFeed
from quoter.venues.ccxt.feed import CcxtFeed
from quoter.venues.config import VenueConfig
from quoter.venues.factory import make_cancel_gateway, make_feed
from tests.instruments import BTC_USDT

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
    assert isinstance(make_feed(config, BTC_USDT), expected)


async def test_cancel_gateway_never_opens_for_creates() -> None:
    gateway = make_cancel_gateway(CONFIG)
    client = gateway._client  # type: ignore[attr-defined]
    assert type(client.gate).__name__ == "SealedGate"
    await gateway.close()
