"""Requests that may create something are recognised in ccxt's own tables of requests, per venue."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple, cast

import ccxt.pro
import pytest

from quoter.venues.egress.gate import Purpose
from quoter.venues.egress.request_paths import creates_nothing
from quoter.venues.profiles import profile_of

VENUES = (
    "binance", "binanceus", "bybit", "okx", "gate", "kraken", "bitget", "deribit", "mexc",
    "whitebit", "bitstamp", "bingx", "woo", "poloniex", "htx", "coinbaseexchange",
)  # fmt: skip
# Methods of ccxt that create or change an order, or move money, and those that quoter calls.
ACTS = (
    "create_order", "create_orders", "create_spot_order", "create_market_buy_order_with_cost",
    "create_order_with_take_profit_and_stop_loss", "edit_order", "edit_spot_order",
    "withdraw", "transfer", "close_position", "close_all_positions",
)  # fmt: skip
READS = (
    "fetch_balance", "fetch_open_orders", "fetch_my_trades", "fetch_order", "fetch_closed_orders",
    "fetch_canceled_and_closed_orders", "fetch_markets", "fetch_spot_markets", "fetch_time",
    "fetch_order_book", "fetch_ohlcv", "fetch_trades", "fetch_status", "fetch_spot_balance",
)  # fmt: skip
METHODS = ("get", "post", "put", "patch", "delete")
OTHER_MARKETS = re.compile(
    r"(?i)[fdep]api|contract|linear|inverse|swap|futur|margin|algo|trigger|fund|collat|main-account"
)
NAMED = re.compile(
    r"(?i)(create|place|add|new|amend|edit|replace|submit)\w*[-_/]?order(s|Batch)?$"
    r"|^(private/)?(buy|sell|edit)$|(^|/)orders?$"
)


class Request(NamedTuple):
    """A request in ccxt's table; `kind` names the market, `path` has placeholders."""

    kind: str
    method: str
    path: str

    @property
    def name(self) -> str:
        """Its method in ccxt, such as privatePostOrderCancel."""
        words = re.split(r"[^a-zA-Z0-9]", f"{self.kind}/{self.method.capitalize()}/{self.path}")
        name = "".join(word[:1].upper() + word[1:] for word in words)
        return name[0].lower() + name[1:]

    @property
    def is_spot(self) -> bool:
        return not OTHER_MARKETS.search(f"{self.kind} {self.path}")


@cache
def table(exchange: str) -> tuple[Request, ...]:
    """Return ccxt's table of a venue's requests."""
    return tuple(_requests(getattr(ccxt.pro, exchange)().describe()["api"], ""))


def _requests(api: Mapping[str, object], kind: str) -> Iterator[Request]:
    for key, value in api.items():
        if key in METHODS:
            yield from (Request(kind, key.upper(), path) for path in cast("Iterable[str]", value))
        elif isinstance(value, Mapping):
            yield from _requests(value, f"{kind}/{key}" if kind else key)


def used_by(exchange: str, methods: tuple[str, ...]) -> list[Request]:
    """Return the requests that ccxt's source names in these methods."""
    venue = getattr(ccxt.pro, exchange)
    sources = [inspect.getsource(getattr(venue, name)) for name in methods if hasattr(venue, name)]
    names = set(re.findall(r"self\.(\w+)\(", "\n".join(sources)))
    return [request for request in table(exchange) if request.name in names]


def is_refused(exchange: str, request: Request, purpose: Purpose) -> bool:
    reads = profile_of(exchange).post_reads
    return not creates_nothing(purpose, request.method, f"https://venue/v1/{request.path}", reads)


@pytest.mark.parametrize("exchange", VENUES)
def test_requests_of_creates_are_refused_as_reads_and_cancels(exchange: str) -> None:
    found = used_by(exchange, ACTS)
    assert found
    for request in found:
        if request.method in ("GET", "DELETE") and exchange != "deribit":
            continue  # asked for the account's mode before a create
        for purpose in (Purpose.READ, Purpose.CANCEL):
            assert is_refused(exchange, request, purpose), (
                f"{purpose} {request.method} {request.path}"
            )


@pytest.mark.parametrize("exchange", VENUES)
def test_paths_named_like_a_create_are_refused_as_reads_and_cancels(exchange: str) -> None:
    """Also those of ccxt's table that none of its methods uses."""
    for request in table(exchange):
        if not NAMED.search(request.path):
            continue
        is_get_that_creates = exchange == "deribit" and request.method == "GET"
        if request.method in ("GET", "DELETE") and not is_get_that_creates:
            continue
        is_read = not profile_of(exchange).post_reads.isdisjoint(request.path.split("/"))
        if is_read or "submitCancel" in request.path:
            continue
        for purpose in (Purpose.READ, Purpose.CANCEL):
            assert is_refused(exchange, request, purpose), (
                f"{purpose} {request.method} {request.path}"
            )


@pytest.mark.parametrize("exchange", VENUES)
def test_requests_of_reads_and_cancels_pass(exchange: str) -> None:
    for methods, purpose in ((READS, Purpose.READ), (("cancel_order",), Purpose.CANCEL)):
        found = [request for request in used_by(exchange, methods) if request.is_spot]
        assert found
        for request in found:
            assert not is_refused(exchange, request, purpose), f"{request.method} {request.path}"


@pytest.mark.parametrize(
    ("method", "path", "purpose"),
    [
        ("GET", "api/v2/private/buy", Purpose.READ),
        ("GET", "api/v2/private/sell", Purpose.CANCEL),
        ("GET", "api/v2/private/edit", Purpose.READ),
        ("GET", "api/v2/private/withdraw", Purpose.READ),
        ("POST", "0/private/AddOrder", Purpose.READ),
        ("POST", "0/private/AddOrder", Purpose.CANCEL),
        ("POST", "0/private/CancelAllOrdersAfter", Purpose.CANCEL),
        ("POST", "0/private/OpenOrders", Purpose.CREATE),
        ("POST", "api/v3/order/cancelReplace", Purpose.CANCEL),
        ("PUT", "v5/order", Purpose.READ),
    ],
)
def test_request_that_may_create_is_no_read(method: str, path: str, purpose: Purpose) -> None:
    reads = profile_of("kraken").post_reads
    assert not creates_nothing(purpose, method, f"https://venue/{path}?a=1", reads)
