"""Types of the part of ccxt that quoter uses, as ccxt has none. Nothing here runs.

Methods have bodies that raise, so that a type checker lets mixins call them through `super()`.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Protocol

type JsonDict = dict[str, object]


class WsConnection(Protocol):
    """aiohttp's client websocket."""

    async def close(self) -> None: ...


class WsMessage(Protocol):
    """One frame of aiohttp's client websocket."""

    type: int
    data: object


class WsClient(Protocol):
    """ccxt.pro's wrapper around one websocket."""

    url: str
    error: BaseException | None
    connection: WsConnection | None
    connecting: bool
    subscriptions: dict[str, object]
    futures: dict[str, object]
    handle_message: Callable[[WsMessage], None]
    send: Callable[[object], Coroutine[object, object, None]]
    resolve: Callable[[object, str], object]
    guarded: bool
    is_answered: bool  # a frame arrived after the last message was sent

    def on_error(self, error: BaseException) -> None: ...


class RowCache(Protocol):
    """ccxt.pro's cache of rows that a watch awaits."""

    def __iter__(self) -> Iterator[JsonDict]: ...

    def clear(self) -> None: ...


class Exchange:
    """A ccxt.pro exchange."""

    id: str
    apiKey: str  # noqa: N815 - ccxt's name
    options: JsonDict
    urls: JsonDict
    has: dict[str, object]
    features: JsonDict
    exceptions: dict[str, dict[str, object]]
    streaming: dict[str, int]
    clients: dict[str, WsClient]
    orderbooks: dict[str, object]
    trades: dict[str, RowCache]  # public, by symbol
    myTrades: RowCache | None  # noqa: N815 - ccxt's name
    orders: RowCache | None
    markets: JsonDict
    commonCurrencies: Mapping[str, str]  # noqa: N815 - ccxt's name, for its renamed coins
    session: object
    tcp_connector: object
    closed_by_user: bool
    timeout: int
    verbose: bool
    enableRateLimit: bool  # noqa: N815 - ccxt's name
    rateLimit: float  # noqa: N815 - ccxt's name
    precisionMode: int  # noqa: N815 - ccxt's name

    def client(self, url: str) -> WsClient:
        raise NotImplementedError

    def open(self, lazy: bool = False) -> None:
        raise NotImplementedError

    def on_close(self, client: WsClient, error: object) -> None:
        raise NotImplementedError

    def on_error(self, client: WsClient, error: BaseException) -> None:
        raise NotImplementedError

    def handle_order_book(self, client: WsClient, message: object, *rest: object) -> None:
        raise NotImplementedError

    def handle_message(self, client: WsClient, message: object) -> None:
        raise NotImplementedError

    def on_rest_response(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: Mapping[str, str],
        request_body: str | None,
    ) -> str:
        raise NotImplementedError

    async def fetch2(
        self,
        path: str,
        api: object,
        method: str,
        params: Mapping[str, object] | list[object],
        config: Mapping[str, object],
    ) -> object:
        raise NotImplementedError

    async def fetch(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> object:
        raise NotImplementedError

    def is_json_encoded_object(self, input: object) -> bool:  # noqa: A002 - ccxt's name
        raise NotImplementedError

    def set_sandbox_mode(self, enable: bool) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    async def load_markets(self, reload: bool = False) -> JsonDict:
        raise NotImplementedError

    async def fetch_markets(self, params: Mapping[str, object] = ...) -> object:
        raise NotImplementedError

    def safe_market_structure(self, market: Mapping[str, object]) -> JsonDict:
        """Return a market with every field that ccxt may read; those not given are None."""
        raise NotImplementedError

    def set_markets(self, markets: Sequence[Mapping[str, object]]) -> object:
        raise NotImplementedError

    def set_markets_from_exchange(self, source: "Exchange") -> object:
        raise NotImplementedError

    def market(self, symbol: str) -> JsonDict:
        raise NotImplementedError

    async def authenticate(self, params: JsonDict) -> object:
        raise NotImplementedError

    async def fetch_time(self) -> int:
        raise NotImplementedError

    async def fetch_status(self) -> JsonDict:
        raise NotImplementedError

    async def fetch_order_book(self, symbol: str) -> JsonDict:
        raise NotImplementedError

    async def public_get_exchangeinfo(self, params: Mapping[str, str]) -> JsonDict:
        raise NotImplementedError

    def safe_currency_code(self, currency_id: str) -> str:
        raise NotImplementedError

    def parse_market(self, market: object) -> JsonDict:
        raise NotImplementedError

    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int
    ) -> list[list[object]]:
        raise NotImplementedError

    async def fetch_trades(self, symbol: str, since: int | None, limit: int) -> list[JsonDict]:
        raise NotImplementedError

    async def fetch_balance(self) -> JsonDict:
        raise NotImplementedError

    async def create_order(
        self,
        symbol: str,
        order_type: str,
        side: str,
        amount: str,
        price: str,
        params: Mapping[str, str | bool | int],
    ) -> JsonDict:
        raise NotImplementedError

    async def cancel_order(
        self, venue_id: str | None, symbol: str, params: Mapping[str, str | bool | int]
    ) -> JsonDict:
        raise NotImplementedError

    async def cancel_all_orders_after(self, timeout: int) -> object:
        raise NotImplementedError

    async def fetch_order(
        self, venue_id: str | None, symbol: str, params: Mapping[str, str | bool | int]
    ) -> JsonDict:
        raise NotImplementedError

    async def fetch_open_orders(
        self,
        symbol: str | None = None,
        since: int | None = None,
        limit: int | None = None,
        params: Mapping[str, str | bool | int] = ...,
    ) -> list[JsonDict]:
        raise NotImplementedError

    async def fetch_my_trades(
        self,
        symbol: str | None,
        since: int | None,
        limit: int | None,
        params: Mapping[str, str | bool | int],
    ) -> list[JsonDict]:
        raise NotImplementedError

    async def watch_order_book(self, symbol: str) -> JsonDict:
        raise NotImplementedError

    async def watch_trades(self, symbol: str) -> list[JsonDict]:
        raise NotImplementedError

    async def watch_my_trades(self, symbol: str) -> list[JsonDict]:
        raise NotImplementedError

    async def watch_orders(self, symbol: str) -> list[JsonDict]:
        raise NotImplementedError
