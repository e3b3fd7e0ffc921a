"""What differs between venues, as data: URLs, hosts, parameters, names of exact fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.errors import VenueError
from quoter.venues.config import Environment, VenueConfig
from quoter.venues.json_values import Json, as_map


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUrls:
    """Where the native public feed connects; no slash at the end."""

    rest: str  # ".../api/v3"
    stream: str  # takes "?streams=a/b/c"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """How one family of venues differs from what ccxt unifies.

    `order_fields`/`trade_fields`: names under ccxt's `info` where exact decimal strings stand, by
    unified name; ccxt itself gives floats.
    """

    name: str
    family: str  # of error texts
    feed_urls: Mapping[Environment, FeedUrls]
    hosts: Mapping[Environment, frozenset[str]]
    create_params: Mapping[str, str | bool | int]
    self_trade: str = ""  # the prevention mode that our creates ask for; empty: none by the venue
    order_fields: Mapping[str, tuple[str, ...]]
    trade_fields: Mapping[str, tuple[str, ...]]
    client_id_fields: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)  # of a call, where it isn't 1
    signs_in_first: bool = False  # ccxt's `authenticate` subscribes to the private stream
    only_creates_post: bool = False  # reads are GET, cancels DELETE: any other POST is refused
    trades_from_id: bool = False  # the trade list pages by id
    tells_rules_of_one: bool = False  # exchangeInfo of one symbol, which costs no time

    def parameters(self, order: PlaceOrder, config: VenueConfig) -> dict[str, str | bool | int]:
        """Extra parameters of a create: our id, may it take, no trade with ourselves."""
        params: dict[str, str | bool | int] = {"clientOrderId": order.client_id}
        if order.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        else:
            params["timeInForce"] = "IOC"
        params |= self.create_params
        if self.self_trade:
            params["selfTradePrevention"] = self.self_trade
        if self.only_creates_post:
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
        signs_in_first=True,
        only_creates_post=True,
        trades_from_id=True,
        tells_rules_of_one=True,
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
_DIALECTS = {dialect.name: dialect for dialect in (BINANCE, BINANCE_US)}


SELF_TRADE_MODES = ("EXPIRE_MAKER", "EXPIRE_BOTH")  # of ccxt's, the one that we like best first


def with_self_trade(dialect: VenueProfile, features: Json) -> VenueProfile:
    """With the self-trade prevention that ccxt can ask for there, if the dialect names none.

    Where ccxt's table names modes it translates them; a bare True means that it does not.
    """
    create = as_map(as_map(features.get("spot")).get("createOrder"))
    modes = as_map(create.get("selfTradePrevention"))
    mode = next((mode for mode in SELF_TRADE_MODES if modes.get(mode) is True), "")
    return dialect if dialect.self_trade or not mode else replace(dialect, self_trade=mode)


def profile_of(exchange: str) -> VenueProfile:
    """The dialect of a ccxt exchange id; most have none of their own."""
    return _DIALECTS.get(exchange, GENERIC)


def feed_urls(config: VenueConfig) -> FeedUrls:
    """Where the native feed of `config` connects. Raises VenueError if there is none."""
    if config.environment == "sandbox":
        host = urlsplit(config.sandbox_url).netloc
        return FeedUrls(rest=f"{_web(config)}://{host}/api/v3", stream=f"{_socket(config)}/stream")
    try:
        return profile_of(config.exchange).feed_urls[config.environment]
    except KeyError as error:
        raise VenueError(f"no native feed for {config.exchange}") from error


def sandbox_urls(config: VenueConfig) -> dict[str, object]:
    """What takes the place of ccxt's `urls['test']`: Binance's protocol at our own host.

    The stream path contains "/stream" because ccxt tells spot streams by it.
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
