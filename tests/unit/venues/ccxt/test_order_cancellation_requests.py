"""Requests that ccxt 4.5.90 writes for a cancel and a query by our client order id, per venue.

First for ccxt's unified name, which the tables of `deploy/docs/venues.md` show too; then for what
our profile of the venue says. Nothing is sent: ccxt's `fetch` is replaced.
"""

from collections.abc import Awaitable, Callable

import ccxt.pro
import pytest
from ccxt.base.decimal_to_precision import DECIMAL_PLACES

from quoter.venues.ccxt.order_cancellation import order_request
from quoter.venues.ccxt.types import Exchange
from quoter.venues.egress.request_verification import leaves_of
from quoter.venues.profiles import PROVEN, ById, profile_of
from tests.unit.venues.egress.test_request_verification import MARKET

CLIENT_ID = "q01abcdefgh1"
KEYS = {"apiKey": "a" * 32, "secret": "c2VjcmV0c2VjcmV0c2VjcmV0", "password": "p", "uid": "1"}

# What the request must contain; "" where it is known not to identify the order.
CANCELS = {
    "binance": f"origClientOrderId={CLIENT_ID}",
    "okx": f'"clOrdId":"{CLIENT_ID}"',
    "kraken": f"cl_ord_id={CLIENT_ID}",
    "gate": "",
    "bitget": f'"clientOid":"{CLIENT_ID}"',
    "mexc": f"origClientOrderId={CLIENT_ID}",
    "deribit": "",
    "bitstamp": "",
    "bingx": f"clientOrderID={CLIENT_ID}",
    "woo": f"clientOrderId={CLIENT_ID}",
    "poloniex": f"/orders/{CLIENT_ID}",
    "bybit": "",
    "htx": f'"client-order-id":"{CLIENT_ID}"',
    "coinbase": "",
    "coinbaseexchange": f"/orders/client:{CLIENT_ID}",
    "cryptocom": "",
}
QUERIES = {
    "binance": f"origClientOrderId={CLIENT_ID}",
    "okx": f"clOrdId={CLIENT_ID}",
    "kraken": "",
    "gate": f"/orders/t-{CLIENT_ID}",
    "bitget": f"clientOid={CLIENT_ID}",
    "mexc": f"origClientOrderId={CLIENT_ID}",
    "deribit": "",
    "bitstamp": f"client_order_id={CLIENT_ID}",
    "bingx": "",
    "woo": f"clientOrderId={CLIENT_ID}",
    "poloniex": "",
    "htx": f"clientOrderId={CLIENT_ID}",
    "coinbase": "",
    "coinbaseexchange": f"/orders/client:{CLIENT_ID}",
    "cryptocom": "",
}
PROFILED = sorted(PROVEN | {"bybit", "okx", "gate", "kraken", "bitget"})
# Words that show that the venue's own id, which is not known, was asked for.
MISSING_ID = ("=None", "/None", "[null]", "null", '"clientOrderId"')


async def written(exchange: str, call: Callable[[Exchange], Awaitable[object]]) -> str:
    """Return method, URL and body of the last request of `call`."""
    client = getattr(ccxt.pro, exchange)(KEYS)
    places = client.precisionMode == DECIMAL_PLACES
    precision = {"price": 2, "amount": 4} if places else {"price": 0.01, "amount": 0.0001}
    client.options |= {"enableUnifiedAccount": True, "enableUnifiedMargin": False}
    client.set_markets([{**MARKET, "precision": precision}])
    seen: list[str] = []

    async def fetch(
        url: str, method: str = "GET", headers: object = None, body: str | None = None
    ) -> None:
        seen.append(f"{method} {url} {body or ''}")
        raise ConnectionError

    client.fetch = fetch
    with pytest.raises(ConnectionError):
        await call(client)
    await client.close()
    return seen[-1]  # at some venues ccxt requests account settings before


def check(request: str, expected: str) -> None:
    if expected:
        assert expected in request
    else:
        assert any(word in request for word in MISSING_ID), request


@pytest.mark.parametrize("exchange", CANCELS)
async def test_cancel_by_client_id(exchange: str) -> None:
    request = await written(
        exchange, lambda it: it.cancel_order(None, "BTC/USDT", {"clientOrderId": CLIENT_ID})
    )
    check(request, CANCELS[exchange])


@pytest.mark.parametrize("exchange", QUERIES)
async def test_query_by_client_id(exchange: str) -> None:
    request = await written(
        exchange, lambda it: it.fetch_order(None, "BTC/USDT", {"clientOrderId": CLIENT_ID})
    )
    check(request, QUERIES[exchange])


def has_our_id(request: str, exchange: str, by: ById) -> bool:
    """Whether a request carries our id under the venue's name, and asks for no other order."""
    ids = profile_of(exchange).ids
    assert ids is not None
    _method, url, body = request.split(" ", 2)
    leaves = list(leaves_of(url, body))
    ours = [name for name, value in leaves if value == ids.written(CLIENT_ID)]
    names_another = any(
        value == "None" or (not value and "id" in name.lower()) for name, value in leaves
    )
    return ours == [by.field] and not names_another


@pytest.mark.parametrize("exchange", PROFILED)
async def test_cancel_by_our_id_has_the_name_that_the_venue_reads(exchange: str) -> None:
    """V3: Bybit reads `orderLinkId`; ccxt passes its unified name on."""
    ids = profile_of(exchange).ids
    assert ids is not None
    assert ids.cancel is not None
    asked = order_request(ids, ids.cancel, client_id=CLIENT_ID, venue_id="")
    assert asked is not None
    request = await written(exchange, lambda it: it.cancel_order(asked[0], "BTC/USDT", asked[1]))
    assert has_our_id(request, exchange, ids.cancel), request


@pytest.mark.parametrize("exchange", PROFILED)
async def test_query_by_our_id_has_the_name_that_the_venue_reads(exchange: str) -> None:
    """V3, V8: without a query for one order, the lists that the venue filters by our id."""
    ids = profile_of(exchange).ids
    assert ids is not None
    by = ids.query
    assert by is not None
    if by.lists:
        for name in by.lists:
            request = await written(
                exchange,
                lambda it, name=name: getattr(it, name)(  # type: ignore[misc]
                    "BTC/USDT", None, None, {by.param: CLIENT_ID}
                ),
            )
            assert has_our_id(request, exchange, by), request
        return
    asked = order_request(ids, by, client_id=CLIENT_ID, venue_id="")
    assert asked is not None
    request = await written(exchange, lambda it: it.fetch_order(asked[0], "BTC/USDT", asked[1]))
    assert has_our_id(request, exchange, by), request
