"""Differences between venues, as data.

URLs, hosts, parameters, and names of the fields that hold exact numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.errors import VenueError
from quoter.venues.config import Environment, VenueConfig
from quoter.venues.json_values import Json, as_map


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUrls:
    """URLs of the native public feed, without a slash at the end."""

    rest: str  # ".../api/v3"
    stream: str  # takes "?streams=a/b/c"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """Differences of one venue family from what ccxt unifies.

    `order_fields`/`trade_fields`: by unified name, the names of the fields under ccxt's `info`
    that hold exact numbers, as decimal strings; ccxt itself gives floats.
    """

    name: str
    family: str  # selects error texts, request verification and balance fields
    feed_urls: Mapping[Environment, FeedUrls]
    hosts: Mapping[Environment, frozenset[str]]
    create_params: Mapping[str, str | bool | int]
    self_trade: str = ""  # prevention mode of our creates; empty: none by the venue
    order_fields: Mapping[str, tuple[str, ...]]
    trade_fields: Mapping[str, tuple[str, ...]]
    client_id_fields: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)  # of a call, if not 1
    authenticates_first: bool = False  # ccxt's `authenticate` opens the private stream
    only_creates_use_post: bool = False  # reads use GET, cancels DELETE: other POSTs are breaches
    trades_page_by_id: bool = False  # the trade list pages by id
    has_single_symbol_rules: bool = False  # exchangeInfo of a single symbol exists

    def parameters(self, order: PlaceOrder, config: VenueConfig) -> dict[str, str | bool | int]:
        """Return a create's extra parameters: client id, time in force, self-trade prevention."""
        params: dict[str, str | bool | int] = {"clientOrderId": order.client_id}
        if order.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        else:
            params["timeInForce"] = "IOC"
        params |= self.create_params
        if self.self_trade:
            params["selfTradePrevention"] = self.self_trade
        if self.only_creates_use_post:
            params["recvWindow"] = config.create_window_ms
        return params


_BINANCE_TESTNET = FeedUrls(
    rest="https://testnet.binance.vision/api/v3",
    stream="wss://stream.testnet.binance.vision/stream",
)


def _binance(name: str, *, rest_host: str, stream_host: str, ws_api_host: str) -> VenueProfile:
    testnet = ("testnet", "stream.testnet", "ws-api.testnet")
    return VenueProfile(
        name=name,
        family="binance",
        feed_urls={
            "testnet": _BINANCE_TESTNET,
            "production": FeedUrls(
                rest=f"https://{rest_host}/api/v3", stream=f"wss://{stream_host}:9443/stream"
            ),
        },
        hosts={
            "testnet": frozenset(f"{host}.binance.vision" for host in testnet),
            "production": frozenset({rest_host, stream_host, ws_api_host}),
        },
        create_params={"newOrderRespType": "ACK"},
        self_trade="EXPIRE_MAKER",
        order_fields={
            "price": ("price", "p"),
            "amount": ("origQty", "q"),
            "filled": ("executedQty", "z"),
        },
        trade_fields={
            "price": ("price", "L"),
            "amount": ("qty", "l"),
            "fee": ("commission", "n"),
            "fee_asset": ("commissionAsset", "N"),
        },
        client_id_fields=("c",),
        weights={
            "query": 4.0,
            "open_orders": 6.0,
            "trades": 20.0,
            "balances": 20.0,
            "coin_price": 5.0,
        },
        authenticates_first=True,
        only_creates_use_post=True,
        trades_page_by_id=True,
        has_single_symbol_rules=True,
    )


BINANCE = _binance(
    "binance",
    rest_host="api.binance.com",
    stream_host="stream.binance.com",
    ws_api_host="ws-api.binance.com",
)
BINANCE_US = _binance(
    "binanceus",
    rest_host="api.binance.us",
    stream_host="stream.binance.us",
    ws_api_host="ws-api.binance.us",
)
GENERIC = VenueProfile(
    name="generic",
    family="generic",
    feed_urls={},
    hosts={},
    create_params={},
    order_fields={},
    trade_fields={},
)
_PROFILES = {profile.name: profile for profile in (BINANCE, BINANCE_US)}


SELF_TRADE_MODES = ("EXPIRE_MAKER", "EXPIRE_BOTH")  # ccxt's names, in order of preference


def with_self_trade(profile: VenueProfile, features: Json) -> VenueProfile:
    """Return the profile with a self-trade prevention mode from ccxt's features, if it has none.

    ccxt translates the modes that its table names; a plain True there means that it does not.
    """
    create = as_map(as_map(features.get("spot")).get("createOrder"))
    modes = as_map(create.get("selfTradePrevention"))
    mode = next((mode for mode in SELF_TRADE_MODES if modes.get(mode) is True), "")
    return profile if profile.self_trade or not mode else replace(profile, self_trade=mode)


def profile_of(exchange: str) -> VenueProfile:
    """Return the profile of a ccxt exchange id; GENERIC for ids without one of their own."""
    return _PROFILES.get(exchange, GENERIC)


def feed_urls(config: VenueConfig) -> FeedUrls:
    """Return the native feed's URLs for `config`. Raises VenueError if there are none."""
    if config.environment == "sandbox":
        host = urlsplit(config.sandbox_url).netloc
        return FeedUrls(rest=f"{_web(config)}://{host}/api/v3", stream=f"{_socket(config)}/stream")
    try:
        return profile_of(config.exchange).feed_urls[config.environment]
    except KeyError as error:
        raise VenueError(f"no native feed for {config.exchange}") from error


def sandbox_urls(config: VenueConfig) -> dict[str, object]:
    """Return the replacement of ccxt's `urls['test']`: Binance's protocol at the sandbox's host.

    The stream path contains "/stream" because ccxt recognises spot streams by it.
    """
    host = urlsplit(config.sandbox_url).netloc
    rest = f"{_web(config)}://{host}/api/v3"
    stream = f"{_socket(config)}/stream/ws"
    return {
        "public": rest,
        "private": rest,
        "v1": rest.replace("/v3", "/v1"),
        "sapi": f"{_web(config)}://{host}/sapi/v1",
        "ws": {
            "spot": stream,
            "margin": stream,
            "ws-api": {"spot": f"{_socket(config)}/ws-api/v3"},
        },
    }


def _web(config: VenueConfig) -> str:
    return urlsplit(config.sandbox_url).scheme or "http"


def _socket(config: VenueConfig) -> str:
    host = urlsplit(config.sandbox_url).netloc
    return f"{'wss' if _web(config) == 'https' else 'ws'}://{host}"
