"""Self-trade prevention is taken from ccxt's table where ccxt implements it."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from quoter.venues.config import Environment, VenueConfig
from quoter.venues.profiles import BINANCE, GENERIC, feed_urls, profile_of, with_self_trade


def features(modes: object) -> dict[str, object]:
    return {"spot": {"createOrder": {"selfTradePrevention": modes}}}


@pytest.mark.parametrize(
    ("modes", "asked"),
    [
        ({"EXPIRE_MAKER": True, "EXPIRE_BOTH": True}, "EXPIRE_MAKER"),
        ({"EXPIRE_MAKER": False, "EXPIRE_BOTH": True}, "EXPIRE_BOTH"),
        ({"EXPIRE_TAKER": True}, ""),
        (True, ""),  # ccxt passes its own word on, which no venue knows
        (None, ""),
    ],
)
def test_only_modes_that_ccxt_translates_are_requested(modes: object, asked: str) -> None:
    assert with_self_trade(GENERIC, features(modes)).self_trade == asked


def test_profile_with_a_mode_keeps_it() -> None:
    assert with_self_trade(BINANCE, features({"EXPIRE_BOTH": True})) is BINANCE
    assert with_self_trade(GENERIC, {}) is GENERIC


def test_binance_us_differs_from_binance_in_its_hosts_only() -> None:
    """What the tests at the sandbox prove of Binance holds for both."""
    us = profile_of("binanceus")
    places = {name: getattr(us, name) for name in ("name", "hosts", "feed_urls", "systems")}
    assert replace(BINANCE, **places) == us


@pytest.mark.parametrize("environment", ["testnet", "demo", "production"])
def test_native_feed_reads_from_the_hosts_of_its_environment(environment: Environment) -> None:
    config = VenueConfig(
        exchange="binance", symbol="BTC/USDT", environment=environment, order_prefix="q1"
    )
    hosts = BINANCE.systems[environment].hosts if environment in BINANCE.systems else BINANCE.hosts
    urls = feed_urls(config)
    assert {urlsplit(urls.rest).hostname, urlsplit(urls.stream).hostname} <= hosts
    assert (urlsplit(urls.rest).scheme, urlsplit(urls.stream).scheme) == ("https", "wss")
