"""Creates are compared with the approved order, for every venue with readable requests."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlencode

import ccxt.pro
import pytest

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.errors import EgressBlocked
from quoter.domain.market import Side
from quoter.venues.ccxt.connect.market_rules import DECIMAL_PLACES
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import Call, EgressGate, Purpose
from quoter.venues.egress.request_verification import (
    LEAVES_MAX,
    BinanceCreate,
    GenericCreate,
    create_check,
)
from quoter.venues.profiles import (
    BINANCE,
    GENERIC,
    ClientIds,
    VenueProfile,
    profile_of,
    with_self_trade,
)

URL = "http://venue:81/api/v3/order"
ORDER = PlaceOrder(
    client_id="q01abcdefgh1",
    side=Side.BUY,
    price=Decimal("59000.10"),
    size=Decimal("0.0123"),
    decided_ns=0,
)
VENUE = VenueConfig(exchange="x", symbol="BTC/USDT", environment="production", order_prefix="q01")
CREATE = Call(Purpose.CREATE, ORDER.client_id, is_create_request=True)
GOOD = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&newClientOrderId=q01abcdefgh1&price=59000.1"
    "&quantity=0.0123&selfTradePreventionMode=EXPIRE_MAKER&newOrderRespType=ACK"
    "&recvWindow=2000&timestamp=1&signature=ab"
)
# Venues whose creates pass verification.
READABLE = (
    "okx", "kraken", "gate", "bitget", "mexc", "whitebit", "deribit", "bitstamp", "bingx", "woo",
    "poloniex", "bybit", "coinbaseexchange",
)  # fmt: skip
# These drop our id: the order could not be found again.
UNREADABLE = ("coinbase", "cryptocom")
TEXT = ClientIds(create_field="text", row_fields=("text",))
MARKET: Mapping[str, object] = {
    "id": "BTCUSDT",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "active": True,
    "type": "spot",
    "spot": True,
    "contract": False,
    "limits": {"amount": {"min": 0.0001}, "price": {}, "cost": {"min": 1}},
    "info": {},
}


@pytest.fixture
def gate() -> EgressGate:
    gate = EgressGate(hosts=frozenset({"venue:81"}), age_ns_max=1, now_ns=lambda: 0)
    gate.is_open = True
    gate.register(ORDER)
    return gate


@pytest.fixture
def binance() -> BinanceCreate:
    return BinanceCreate("BTCUSDT", "EXPIRE_MAKER")


def breaches(gate: EgressGate) -> list[str]:
    reports: list[str] = []
    gate.report_breaches(reports.append)
    return reports


def test_each_profile_family_has_its_own_check() -> None:
    assert isinstance(create_check(BINANCE, "BTCUSDT"), BinanceCreate)
    assert isinstance(create_check(GENERIC, "BTCUSDT"), GenericCreate)


@pytest.mark.parametrize("exchange", ["okx", "myokx"])
async def test_self_trade_prevention_is_requested_where_ccxt_supports_it(
    gate: EgressGate, exchange: str
) -> None:
    """PT-05, with unmodified ccxt: from its features table to the request."""
    profile = with_self_trade(profile_of(exchange), getattr(ccxt.pro, exchange)().features)
    assert profile.self_trade == "EXPIRE_MAKER"
    check = create_check(profile, "BTCUSDT")
    check(gate, CREATE, *await written(exchange, profile=profile))
    with pytest.raises(EgressBlocked, match="lacks self-trade prevention"):
        check(gate, CREATE, *await written(exchange))


def test_request_with_the_approved_values_passes(gate: EgressGate, binance: BinanceCreate) -> None:
    binance(gate, CREATE, URL, GOOD)
    assert gate.is_open


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("BTCUSDT", "ETHUSDT"),
        ("BUY", "SELL"),
        ("LIMIT_MAKER", "LIMIT"),
        ("LIMIT_MAKER", "LIMIT_MAKER&timeInForce=IOC"),
        ("newClientOrderId=q01", "newClientOrderId=q02"),
        ("newClientOrderId=q01abcdefgh1&", ""),
        ("59000.1", "59000.11"),
        ("59000.1", "NaN"),
        ("quantity=0.0123", "quantity=0.0124"),
        ("quantity=0.0123", "quantity=0.0123&quantity=0.5"),
        ("quantity=0.0123", "quantity=0.0123&icebergQty=0.01"),
        ("quantity=0.0123", "quantity=0.0123&quoteOrderQty="),
        ("EXPIRE_MAKER", "NONE"),
        ("&selfTradePreventionMode=EXPIRE_MAKER", ""),
    ],
)
def test_changed_field_is_a_breach(
    gate: EgressGate, binance: BinanceCreate, before: str, after: str
) -> None:
    reports = breaches(gate)
    assert before in GOOD
    with pytest.raises(EgressBlocked):
        binance(gate, CREATE, URL, GOOD.replace(before, after))
    assert len(reports) == 1
    assert not gate.is_open


TAKING = GOOD.replace("LIMIT_MAKER", "LIMIT&timeInForce=IOC")


def test_approved_ioc_order_passes(gate: EgressGate, binance: BinanceCreate) -> None:
    gate.register(replace(ORDER, time_in_force=TimeInForce.IOC))
    binance(gate, CREATE, URL, TAKING)
    assert gate.is_open


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD + "&timeInForce=IOC",
        TAKING.replace("IOC", "GTC"),
        TAKING.replace("&timeInForce=IOC", ""),
    ],
)
def test_ioc_order_sent_as_resting_is_refused(
    gate: EgressGate, binance: BinanceCreate, body: str
) -> None:
    gate.register(replace(ORDER, time_in_force=TimeInForce.IOC))
    with pytest.raises(EgressBlocked):
        binance(gate, CREATE, URL, body)


@pytest.mark.parametrize("body", [TAKING, GOOD + "&timeInForce=IOC", GOOD + "&timeInForce="])
def test_post_only_order_sent_as_ioc_is_refused(
    gate: EgressGate, binance: BinanceCreate, body: str
) -> None:
    with pytest.raises(EgressBlocked):
        binance(gate, CREATE, URL, body)


@pytest.mark.parametrize(
    "url", ["http://venue:81/api/v3/sor/order/x", f"{URL}?side=SELL", "http://venue:81/order/test"]
)
def test_create_at_another_endpoint_is_refused(
    gate: EgressGate, binance: BinanceCreate, url: str
) -> None:
    with pytest.raises(EgressBlocked, match="must be sent to …/order"):
        binance(gate, CREATE, url, GOOD)


@pytest.mark.parametrize(
    "check", [BinanceCreate("BTCUSDT", "EXPIRE_MAKER"), GenericCreate("x", TEXT)]
)
def test_create_without_registered_order_is_refused(
    gate: EgressGate, check: BinanceCreate | GenericCreate
) -> None:
    reports = breaches(gate)
    gate.forget(ORDER.client_id)
    with pytest.raises(EgressBlocked, match="no intent"):
        check(gate, CREATE, URL, GOOD)
    assert len(reports) == 1


@pytest.mark.parametrize("exchange", ["deribit", "bybit", "okx", "kraken", "gate"])
async def test_create_with_our_id_under_a_name_that_the_venue_ignores_is_refused(
    gate: EgressGate, exchange: str
) -> None:
    """V2: Deribit ignores `clientOrderId`, which ccxt passes on; the order would have no id."""
    ids = profile_of(exchange).ids
    assert ids is not None
    url, body = await written(exchange)
    assert ids.create_field in url + body
    renamed = tuple(part.replace(ids.create_field, "clientOrderId") for part in (url, body))
    with pytest.raises(EgressBlocked, match="our client id in the venue's id field"):
        GenericCreate("BTCUSDT", ids)(gate, CREATE, *renamed)


def test_create_at_a_venue_without_a_known_id_field_is_refused(gate: EgressGate) -> None:
    with pytest.raises(EgressBlocked, match="our client id in the venue's id field"):
        GenericCreate("BTCUSDT", None)(gate, CREATE, URL, json.dumps(JSON))


@pytest.mark.parametrize("exchange", ["deribit"])
async def test_unified_id_of_ccxt_is_refused_where_it_is_passed_on_unread(
    gate: EgressGate, exchange: str
) -> None:
    """The request that ccxt 4.5.90 writes for `clientOrderId`, as every venue got it before."""
    profile = replace(GENERIC, create_params={"reject_post_only": True})
    url, body = await written(exchange, profile=profile)
    assert f"clientOrderId={ORDER.client_id}" in url
    with pytest.raises(EgressBlocked, match="lacks our client id"):
        GenericCreate("BTCUSDT", profile_of(exchange).ids)(gate, CREATE, url, body)


async def written(
    exchange: str, order: PlaceOrder = ORDER, profile: VenueProfile | None = None
) -> tuple[str, str]:
    """Return URL and body of our order as unmodified ccxt signs it; nothing is sent."""
    profile = profile or profile_of(exchange)
    client = getattr(ccxt.pro, exchange)(
        {"apiKey": "a" * 32, "secret": "c2VjcmV0c2VjcmV0c2VjcmV0", "password": "p", "uid": "1"}
    )
    # asked for before an order, and kept
    client.options |= {"enableUnifiedAccount": True, "enableUnifiedMargin": False}
    precision = {"price": 0.01, "amount": 0.0001}
    if client.precisionMode == DECIMAL_PLACES:
        precision = {"price": 2, "amount": 4}
    client.set_markets([{**MARKET, "precision": precision}])
    seen: list[tuple[str, str]] = []

    async def fetch(
        url: str, method: str = "GET", headers: object = None, body: str | None = None
    ) -> None:
        seen.append((url, body or ""))
        raise ConnectionError

    client.fetch = fetch
    with pytest.raises(ConnectionError):
        await client.create_order(
            "BTC/USDT",
            "limit",
            "buy",
            f"{ORDER.size:f}",
            f"{ORDER.price:f}",
            profile.parameters(order, VENUE),
        )
    await client.close()
    return seen[-1]


@pytest.mark.parametrize("exchange", READABLE)
async def test_readable_venue_passes_its_order_and_no_other(
    gate: EgressGate, exchange: str
) -> None:
    url, body = await written(exchange)
    check = GenericCreate("BTCUSDT", profile_of(exchange).ids)
    check(gate, CREATE, url, body)
    others = {
        "side": replace(ORDER, side=Side.SELL),
        "price": replace(ORDER, price=Decimal("59000.11")),
        "size": replace(ORDER, size=Decimal("0.0124")),
    }
    for what, other in others.items():
        gate.register(other)
        with pytest.raises(EgressBlocked, match=what):
            check(gate, CREATE, url, body)
    gate.register(ORDER)
    with pytest.raises(EgressBlocked, match="market"):
        GenericCreate("ETHUSDT", profile_of(exchange).ids)(gate, CREATE, url, body)
    with pytest.raises(EgressBlocked, match="client id"):
        check(gate, CREATE, *(part.replace("abcdefgh1", "abcdefgh2") for part in (url, body)))
    with pytest.raises(EgressBlocked, match="post-only"):
        check(gate, CREATE, *(_taking(part) for part in (url, body)))


async def test_kraken_is_asked_to_take_fees_in_the_quote_coin(gate: EgressGate) -> None:
    """Kraken's lists of trades give each fee in the quote coin, without a name of the coin."""
    url, body = await written("kraken")
    assert "oflags=fciq%2Cpost" in body
    GenericCreate("BTCUSDT", profile_of("kraken").ids)(gate, CREATE, url, body)
    taking = replace(ORDER, time_in_force=TimeInForce.IOC)
    assert "oflags=fciq" in (await written("kraken", taking))[1]


@pytest.mark.parametrize("exchange", READABLE)
async def test_readable_venue_passes_ioc_only_if_approved(gate: EgressGate, exchange: str) -> None:
    taking = replace(ORDER, time_in_force=TimeInForce.IOC)
    url, body = await written(exchange, taking)
    check = GenericCreate("BTCUSDT", profile_of(exchange).ids)
    with pytest.raises(EgressBlocked, match="post-only"):
        check(gate, CREATE, url, body)
    gate.register(taking)
    check(gate, CREATE, url, body)
    url, body = await written(exchange)
    with pytest.raises(EgressBlocked, match="IOC, only this kind"):
        check(gate, CREATE, url, body)


@pytest.mark.parametrize("exchange", READABLE)
async def test_price_and_size_are_compared_by_field_name(gate: EgressGate, exchange: str) -> None:
    url, body = await written(exchange)
    gate.register(replace(ORDER, price=ORDER.size, size=ORDER.price))
    with pytest.raises(EgressBlocked, match="lacks price, size"):
        GenericCreate("BTCUSDT", profile_of(exchange).ids)(gate, CREATE, url, body)


JSON: dict[str, object] = {
    "symbol": "BTCUSDT",
    "side": "buy",
    "type": "limit",
    "text": ORDER.client_id,
    "postOnly": True,
    "price": "59000.1",
    "amount": "0.0123",
}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(JSON),
        json.dumps([JSON]),
        json.dumps({"orders": [JSON], "flags": ["a", "b"]}),
        urlencode({"orders": json.dumps([JSON])}),
    ],
)
def test_single_order_in_a_list_passes(gate: EgressGate, body: str) -> None:
    GenericCreate("BTCUSDT", TEXT)(gate, CREATE, URL, body)
    assert gate.is_open


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([JSON, {"side": "buy", "type": "market", "amount": "0.0123"}]),
        json.dumps([JSON, {}]),
        json.dumps([JSON, "another"]),
        json.dumps([[JSON, {}]]),
        json.dumps({"orders": [JSON, {}]}),
        json.dumps(JSON | {"orders": [{}, {}]}),
        json.dumps({"request": json.dumps({"orders": [JSON, {}]})}),
        urlencode({"orders": json.dumps([JSON, {}])}),
        urlencode(JSON | {"postOnly": "true", "orders": json.dumps([{}, {}])}),
    ],
)
def test_list_of_several_orders_is_refused(gate: EgressGate, body: str) -> None:
    with pytest.raises(EgressBlocked, match="a single order"):
        GenericCreate("BTCUSDT", TEXT)(gate, CREATE, URL, body)
    assert not gate.is_open


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"type": "market"}, "a kind of order"),
        ({"order_type": "stop-limit"}, "a kind of order"),
        ({"ordertype": "sell"}, "only this side, a kind of order"),
        ({"side": "long", "also": "buy"}, "side"),
        ({"price": "0.0123", "amount": "59000.1"}, "price, size"),
        ({"price": "59000.11", "note": "59000.1"}, "price"),
        ({"amount": "0.1", "note": "0.0123"}, "size"),
        ({"Limit_Price": "59000.1"}, "price"),  # a second value: two orders, or an ambiguous one
        ({"more": {"amount": "0.0123"}}, "size"),
        ({"more": {"vol": "0.5"}}, "size"),
    ],
)
def test_named_field_must_have_the_approved_value(
    gate: EgressGate, change: dict[str, object], what: str
) -> None:
    with pytest.raises(EgressBlocked, match=f"lacks {what}$"):
        GenericCreate("BTCUSDT", TEXT)(gate, CREATE, URL, json.dumps(JSON | change))


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        ("EXPIRE_MAKER", "cancel_maker"),
        ("EXPIRE_MAKER", "RejectMaker"),
        ("EXPIRE_BOTH", "cancelBoth"),
    ],
)
def test_requested_self_trade_prevention_must_be_in_the_request(
    gate: EgressGate, mode: str, word: str
) -> None:
    check = GenericCreate("BTCUSDT", TEXT, mode)
    check(gate, CREATE, URL, json.dumps(JSON | {"stp": word}))
    for other in ("", "none", "cancel_taker"):
        with pytest.raises(EgressBlocked, match="lacks self-trade prevention"):
            check(gate, CREATE, URL, json.dumps(JSON | {"stp": other}))


def test_price_and_size_under_unknown_names_are_found_by_value(gate: EgressGate) -> None:
    others = {name: value for name, value in JSON.items() if name not in ("price", "amount")}
    check = GenericCreate("BTCUSDT", TEXT)
    check(gate, CREATE, URL, json.dumps(others | {"p": "59000.1", "q": "0.0123"}))
    check(gate, CREATE, URL, json.dumps(others | {"price": "59000.1", "q": "0.0123"}))
    with pytest.raises(EgressBlocked, match=r"lacks price, size$"):
        check(gate, CREATE, URL, json.dumps(others | {"qty": "59000.1", "p": "0.0123"}))


def _taking(part: str) -> str:
    """Return the same order without its post-only mark."""
    return re.sub(r"(?i)post_?only|limit_maker|poc|=post|post", "gtc", part)


@pytest.mark.parametrize("exchange", UNREADABLE)
async def test_unreadable_venue_is_refused(gate: EgressGate, exchange: str) -> None:
    url, body = await written(exchange)
    with pytest.raises(EgressBlocked, match="lacks"):
        GenericCreate("BTCUSDT", TEXT)(gate, CREATE, url, body)


def test_equal_price_and_size_must_both_be_present(gate: EgressGate) -> None:
    gate.register(replace(ORDER, price=Decimal(2), size=Decimal(2)))
    check = GenericCreate("BTCUSDT", TEXT)
    form = "symbol=BTCUSDT&side=buy&text=q01abcdefgh1&postOnly=true&price=2"
    check(gate, CREATE, URL, f"{form}&amount=2.0")
    with pytest.raises(EgressBlocked, match="lacks size"):
        check(gate, CREATE, URL, form)
    unnamed = form.replace("price=2", "p=2")
    gate.is_open = True
    check(gate, CREATE, URL, f"{unnamed}&q=2.0")
    with pytest.raises(EgressBlocked, match="lacks size"):
        check(gate, CREATE, URL, unnamed)


def test_request_with_both_sides_or_too_many_values_is_refused(gate: EgressGate) -> None:
    check = GenericCreate("BTCUSDT", TEXT)
    form = "symbol=BTCUSDT&side=buy&text=q01abcdefgh1&postOnly=1&price=59000.1&amount=0.0123"
    check(gate, CREATE, URL, form)
    with pytest.raises(EgressBlocked, match="only this side"):
        check(gate, CREATE, URL, f"{form}&also=sell")
    with pytest.raises(EgressBlocked, match="a single order"):
        check(gate, CREATE, URL, form + "&a=b" * LEAVES_MAX)
