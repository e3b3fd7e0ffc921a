"""Exchanges with other APIs, offline: a stub on loopback serves their HTTP answers."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from quoter.domain.commands import CancelOrder, PlaceOrder, QueryOrder
from quoter.domain.events import OrderAck, OrderDone, OrderNotFound
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason
from quoter.domain.trading import CancelReason
from quoter.venues.ccxt.feed import CcxtFeed
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import PLAIN_SCHEMES
from quoter.venues.factory import make_feed, make_gateway
from tests.instruments import BTC_USDT
from tests.unit.venues.paper_account import market

CLIENT_ID = "q00abc1"
VENUE_ID = "1234"

type Answers = dict[str, object]


@dataclass(slots=True)
class Stub:
    """A server with fixed answers for a few paths."""

    url: str
    seen: list[tuple[str, str]] = field(default_factory=list)


@asynccontextmanager
async def stub(answers: Answers, not_found: object = None) -> AsyncIterator[Stub]:
    """Serve `answers` by path; `$now` in a text is the time, ms.

    Any other path is HTTP 404, with `not_found` if given.
    """
    venue = Stub("")

    async def answer(request: web.Request) -> web.Response:
        venue.seen.append((request.method, await request.text()))
        if request.path not in answers:
            return web.json_response(not_found or {"error": request.path}, status=404)
        return web.json_response(fresh(answers[request.path]))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    venue.url = f"http://{host}:{port}"
    try:
        yield venue
    finally:
        await runner.cleanup()


def fresh(value: object) -> object:
    """Insert the current time."""
    now_ms = time.time_ns() // 1_000_000
    match value:
        case dict():
            return {key: fresh(inner) for key, inner in value.items()}
        case list():
            return [fresh(inner) for inner in value]
        case "$now":
            return str(now_ms)
        case "$now_s":
            return now_ms // 1_000
        case _:
            return value


@asynccontextmanager
async def gateway_at(config: VenueConfig, venue: Stub) -> AsyncIterator[CcxtGateway]:
    """Return the gateway of an exchange, with its URLs pointed at the stub."""
    gateway = make_gateway(replace(config, hosts=frozenset({urlsplit(venue.url).netloc})))
    accept_unproven(gateway)
    gateway._client.gate._schemes = PLAIN_SCHEMES  # the stub has no certificate
    gateway._client.urls["api"] = redirected(gateway._client.urls["api"], venue.url)
    try:
        yield gateway
    finally:
        await gateway.close()


def accept_unproven(gateway: CcxtGateway) -> None:
    """Let the gateway connect to a venue that is refused by name."""
    gateway._startup._profile = replace(gateway._startup._profile, refusal="")


def redirected(urls: object, to: str) -> object:
    """Return ccxt's nested table of URLs with the host replaced."""
    if isinstance(urls, dict):
        return {name: redirected(each, to) for name, each in urls.items()}
    return to + urlsplit(str(urls).replace("{hostname}", "host")).path


def config(exchange: str, symbol: str, *, key: str = "") -> VenueConfig:
    return VenueConfig(
        exchange=exchange,
        symbol=symbol,
        environment="production",
        order_prefix="q00",
        api_key=key,
        secret=key,
        password=key,
    )


BYBIT: Answers = {
    "/v5/market/time": {"retCode": 0, "result": {"timeSecond": "0"}, "time": "$now"},
    "/v5/market/instruments-info": {
        "retCode": 0,
        "result": {
            "category": "spot",
            "list": [
                {
                    "symbol": "BTCUSDT",
                    "baseCoin": "BTC",
                    "quoteCoin": "USDT",
                    "status": "Trading",
                    "lotSizeFilter": {
                        "basePrecision": "0.000001",
                        "quotePrecision": "0.0000001",
                        "minOrderQty": "0.000011",
                        "maxOrderQty": "83",
                        "minOrderAmt": "5",
                        "maxOrderAmt": "8000000",
                    },
                    "priceFilter": {"tickSize": "0.1"},
                }
            ],
        },
    },
}
OKX: Answers = {
    "/api/v5/public/time": {"code": "0", "data": [{"ts": "$now"}]},
    "/api/v5/public/instruments": {
        "code": "0",
        "data": [
            {
                "instType": "SPOT",
                "instId": "BTC-USDT",
                "baseCcy": "BTC",
                "quoteCcy": "USDT",
                "tickSz": "0.1",
                "lotSz": "0.00000001",
                "minSz": "0.00001",
                "maxLmtSz": "9999999999",
                "state": "live",
            }
        ],
    },
}
KRAKEN: Answers = {
    "/0/public/Time": {"error": [], "result": {"unixtime": "$now_s"}},
    "/0/public/Assets": {
        "error": [],
        "result": {
            "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10},
            "ZUSD": {"aclass": "currency", "altname": "USD", "decimals": 4},
        },
    },
    "/0/public/AssetPairs": {
        "error": [],
        "result": {
            "XXBTZUSD": {
                "altname": "XBTUSD",
                "wsname": "XBT/USD",
                "base": "XXBT",
                "quote": "ZUSD",
                "pair_decimals": 1,
                "lot_decimals": 8,
                "fees": [[0, 0.4]],
                "fees_maker": [[0, 0.25]],
                "ordermin": "0.00005",
                "costmin": "0.5",
                "tick_size": "0.1",
                "status": "online",
            }
        },
    },
}
BITCOIN = replace(
    BTC_USDT,
    tick=Decimal("0.1"),
    lot=Decimal("0.000001"),
    size_min=Decimal("0.000011"),
    size_max=Decimal(83),
    fee_maker=Decimal("0.001"),
)


@pytest.mark.parametrize(
    ("exchange", "answers", "expected"),
    [
        ("bybit", BYBIT, BITCOIN),
        (
            "okx",
            OKX,
            replace(
                BITCOIN,
                venue_symbol="BTC-USDT",
                lot=Decimal("0.00000001"),
                size_min=Decimal("0.00001"),
                size_max=Decimal(9_999_999_999),
                notional_min=Decimal(0),
            ),
        ),
        (
            "kraken",
            KRAKEN,
            replace(
                BITCOIN,
                symbol="BTC/USD",
                venue_symbol="XXBTZUSD",
                quote="USD",
                lot=Decimal("0.00000001"),
                size_min=Decimal("0.00005"),
                size_max=Decimal(10**12),
                notional_min=Decimal("0.5"),
                fee_maker=Decimal("0.0025"),
            ),
        ),
    ],
)
async def test_market_rules_of_other_exchanges_are_exact(
    exchange: str, answers: Answers, expected: Instrument
) -> None:
    """Without a key, as in a dry run."""
    chosen = config(exchange, expected.symbol)
    async with stub(answers) as venue, gateway_at(chosen, venue) as gateway:
        assert await gateway.connect() == expected
    assert isinstance(make_feed(chosen, expected), CcxtFeed)


async def test_order_is_placed_and_cancelled_at_other_exchanges() -> None:
    """Post-only, with our id and exact numbers; a cancel answered "accepted" is queried."""
    done = {
        "clOrdId": CLIENT_ID,
        "ordId": VENUE_ID,
        "sCode": "0",
        "instId": "BTC-USDT",
        "px": "59000.1",
        "sz": "0.001",
        "side": "buy",
        "state": "canceled",
        "ordType": "post_only",
        "accFillSz": "0",
    }
    answers = OKX | {
        "/api/v5/asset/currencies": {"code": "0", "data": []},
        "/api/v5/account/balance": {"code": "0", "data": [{"details": []}]},
        "/api/v5/account/trade-fee": {"code": "0", "data": [{"maker": "-0.0007"}]},
        "/api/v5/trade/batch-orders": {"code": "0", "data": [done]},
        "/api/v5/trade/cancel-order": {"code": "0", "data": [done]},
        "/api/v5/trade/order": {"code": "0", "data": [done]},
    }
    chosen = config("okx", "BTC/USDT", key="sesame")
    async with stub(answers) as venue, gateway_at(chosen, venue) as gateway:
        assert (await gateway.connect()).fee_maker == Decimal("0.0007")  # the account's
        gateway.open_gate()
        order = PlaceOrder(
            client_id=CLIENT_ID,
            side=Side.BUY,
            price=Decimal("59000.1"),
            size=Decimal("0.001"),
            decided_ns=time.time_ns(),
        )
        placed = await gateway.place(order)
        assert isinstance(placed, OrderAck), placed
        assert (placed.client_id, placed.venue_id) == (CLIENT_ID, VENUE_ID)
        sent = venue.seen[-1][1]
        for part in ('"post_only"', f'"clOrdId":"{CLIENT_ID}"', '"px":"59000.1"', '"sz":"0.001"'):
            assert part in sent, sent
        assert '"stpMode":"cancel_maker"' in sent, "no trade with ourselves"
        cancel = CancelOrder(client_id=CLIENT_ID, venue_id="", reason=CancelReason.REQUOTE)
        ended = await gateway.cancel(cancel)
        assert isinstance(ended, OrderDone), ended
        assert (ended.client_id, ended.reason) == (CLIENT_ID, DoneReason.CANCELED)


@pytest.mark.parametrize(("exchange", "is_warned"), [("binance", False), ("kraken", True)])
def test_missing_self_trade_prevention_is_a_warning_at_the_start(
    exchange: str, is_warned: bool
) -> None:
    found = dict(make_gateway(config(exchange, "BTC/USDT")).warnings)
    assert ("self_trade" in found) is is_warned


@pytest.mark.parametrize(
    ("exchange", "answers", "not_found", "expected"),
    [
        ("gate", {}, {"label": "ORDER_NOT_FOUND", "message": "Order not found"}, OrderNotFound),
        ("gate", {}, {"label": "SERVER_ERROR", "message": "Try again"}, type(None)),
        ("gate", {}, {"error": "no route"}, type(None)),
        (
            "okx",
            {"/api/v5/trade/order": {"code": "51603", "msg": "Order does not exist", "data": []}},
            None,
            OrderNotFound,
        ),
        ("okx", {"/api/v5/trade/order": {"code": "0", "msg": "", "data": []}}, None, type(None)),
    ],
)
async def test_order_is_absent_only_if_the_venue_says_so(
    exchange: str, answers: Answers, not_found: object, expected: type
) -> None:
    """Queried by our id (Gate: as `t-…` in the path): what proves that a create did not arrive."""
    chosen = config(exchange, "BTC/USDT", key="sesame")
    async with stub(answers, not_found) as venue, gateway_at(chosen, venue) as gateway:
        gateway._client.set_markets([market(exchange)])
        answer = await gateway.query(QueryOrder(client_id=CLIENT_ID, venue_id=""))
    assert type(answer) is expected
