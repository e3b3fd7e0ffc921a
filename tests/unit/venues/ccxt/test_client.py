"""Construction of ccxt clients: environment, safe options, no import where not needed."""

import time
from urllib.parse import urlsplit

import pytest

from quoter.domain.errors import EgressBlocked, VenueError, VenueUnfit
from quoter.venues.ccxt.client import check_defaults, make_client
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.config import Environment, VenueConfig
from quoter.venues.profiles.binance import BINANCE

KEY = "c2VzYW1l"
SANDBOX = "http://127.0.0.1:8080"


def config(exchange: str, environment: Environment, **more: object) -> VenueConfig:
    return VenueConfig(
        exchange=exchange,
        symbol="BTC/USDT",
        environment=environment,
        order_prefix="q1",
        sandbox_url=SANDBOX,
        **more,  # type: ignore[arg-type]
    )


def client(exchange: str, environment: Environment, **more: object) -> GuardedExchange:
    return make_client(config(exchange, environment, **more), time.time_ns)


@pytest.mark.parametrize("exchange", ["binance", "binanceus"])
@pytest.mark.parametrize(
    ("environment", "host"),
    [("sandbox", "127.0.0.1:8080"), ("testnet", "testnet.binance.vision"), ("production", "api.")],
)
def test_every_url_is_an_allowed_host(exchange: str, environment: Environment, host: str) -> None:
    venue = client(exchange, environment)
    api = venue.urls["api"]
    assert isinstance(api, dict)
    assert host in api["public"]
    for url in (api["public"], api["private"], api["ws"]["spot"], api["ws"]["ws-api"]["spot"]):
        if exchange == "binanceus" and url.startswith("wss://ws-api.binance.com"):
            continue  # ccxt keeps Binance's own URL here; the gate refuses it
        venue.gate.check_host(url)


@pytest.mark.parametrize("environment", ["testnet", "production"])
def test_binance_is_reached_at_port_443_only(environment: Environment) -> None:
    urls = BINANCE.feed_urls[environment]
    venue = client("binance", environment)
    api = venue.urls["api"]
    assert isinstance(api, dict)
    for url in (urls.rest, urls.stream, api["ws"]["ws-api"]["spot"]):
        assert urlsplit(url).port in {None, 443}
        venue.gate.check_host(url)


SPOT_URLS = {  # under ccxt's `urls["api"]`: what spot trading uses
    "binance": ("public", "private", "ws/spot", "ws/ws-api/spot"),
    "bybit": ("public", "private", "v2", "ws/public/spot", "ws/private/spot/unified"),
    "okx": ("rest", "ws"),
    "myokx": ("rest", "ws"),
    "okxus": ("rest", "ws"),
    "bitget": ("spot", "common", "demo/public", "demo/private"),
    "gate": ("public/spot", "private/spot", "private/wallet", "spot"),
}


def url_at(urls: object, path: str) -> str:
    """Return the URL under a path of ccxt's nested table."""
    for name in path.split("/"):
        assert isinstance(urls, dict)
        urls = urls[name]
    return str(urls)


@pytest.mark.parametrize(
    ("exchange", "environment"),
    [
        *((name, "demo") for name in SPOT_URLS if name != "gate"),
        *((name, "testnet") for name in ("binance", "bybit", "gate")),
    ],
)
def test_every_url_of_a_test_system_is_an_allowed_host(
    exchange: str, environment: Environment
) -> None:
    """Compared with ccxt's own tables; elsewhere nothing can be sent."""
    venue = client(exchange, environment)
    for path in SPOT_URLS[exchange]:
        url = url_at(venue.urls["api"], path)
        venue.gate.check_host(url.replace("{hostname}", str(getattr(venue, "hostname", ""))))
    refused = {"okx": "https://eea.okx.com", "bybit": "https://api.bybit.com"}
    with pytest.raises(EgressBlocked):
        venue.gate.check_host(refused.get(exchange, "https://api.binance.com") + "/order")


@pytest.mark.parametrize("environment", ["sandbox", "testnet", "demo"])
def test_production_url_is_refused_in_other_environments(environment: Environment) -> None:
    gate = client("binance", environment).gate
    for url in ("https://api.binance.com/api/v3/order", "wss://stream.binance.com:9443/ws"):
        with pytest.raises(EgressBlocked):
            gate.check_host(url)


@pytest.mark.parametrize("exchange", ["binance", "bybit", "okx", "kraken", "gate"])
async def test_coins_are_not_requested_when_markets_are_loaded(exchange: str) -> None:
    """V13: at Bybit the first request of a start was signed, and its failure ended the start."""
    venue = client(exchange, "production", api_key=KEY, secret=KEY)
    asked: list[str] = []

    async def fetch_markets(_params: object = None) -> list[object]:
        return []

    async def fetch_currencies(_params: object = None) -> dict[str, object]:
        asked.append("currencies")
        return {}

    venue.fetch_markets = fetch_markets  # type: ignore[method-assign, assignment]
    venue.fetch_currencies = fetch_currencies  # type: ignore[attr-defined]
    await venue.load_markets()
    await venue.close()
    assert asked == []


def test_ccxt_neither_queues_repeats_nor_prints_requests() -> None:
    venue = client("binance", "sandbox")
    assert (venue.enableRateLimit, venue.verbose) == (False, False)
    assert venue.options["maxRetriesOnFailure"] == 0
    assert venue.streaming == {"keepAlive": 3000, "maxPingPongMisses": 2}
    assert venue.options["tradesLimit"] == venue.options["ordersLimit"] == 10_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enableRateLimit", True),
        ("verbose", True),
        ("options", {"maxRetriesOnFailure": 1}),
        ("options", {"maxRetriesOnFailure": 0, "order": {"maxRetriesOnFailure": 1}}),
        ("httpsProxy", "http://somebody:3128"),
        ("http_proxy", "http://somebody:3128"),
        ("aiohttp_proxy", "http://somebody:3128"),
    ],
)
def test_unsafe_option_is_refused(name: str, value: object) -> None:
    venue = client("binance", "sandbox")
    setattr(venue, name, value)
    with pytest.raises(VenueError, match="unsafe"):
        check_defaults(venue)


def test_spot_error_codes_apply_at_any_url() -> None:
    exact = client("binance", "sandbox").exceptions["exact"]
    assert getattr(exact["-1008"], "__name__", "") == "OperationFailed"
    assert getattr(exact["-1004"], "__name__", "") == "OperationFailed"


@pytest.mark.parametrize("exchange", ["bybit", "okx", "kraken", "gate", "kucoin", "hyperliquid"])
def test_other_exchanges_can_be_built(exchange: str) -> None:
    assert client(exchange, "production").gate.is_open is False


@pytest.mark.parametrize(
    ("exchange", "environment", "text"),
    [
        ("bybit", "sandbox", "has Binance's protocol"),
        ("kraken", "testnet", "its demo has futures only"),
        ("gate", "demo", "quoter knows no demo of gate .known: testnet."),
        ("okx", "testnet", "quoter knows no testnet of okx .known: demo."),
        ("binanceus", "demo", "quoter knows no demo of binanceus .known: testnet."),
        ("htx", "demo", "known: none"),
        ("nosuch", "production", "no exchange"),
    ],
)
def test_unsupported_environment_or_exchange_raises(
    exchange: str, environment: Environment, text: str
) -> None:
    with pytest.raises(VenueUnfit, match=text):
        client(exchange, environment)
