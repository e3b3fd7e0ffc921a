"""Kraken's documented example, and messages with a wrong checksum."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from ccxt.base import errors as venue

from quoter.venues.ccxt.books.kraken_checksum import KrakenBookChecksum, checksum
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.types import WsClient
from quoter.venues.config import VenueConfig

URL = "wss://ws.kraken.com/v2"
NAME = "orderbook@BTC/USD"
# https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
ASKS = [
    (45285.2, 0.00100000), (45286.4, 1.54571953), (45286.6, 1.54571109), (45289.6, 1.54560911),
    (45290.2, 0.15890660), (45291.8, 1.54553491), (45294.7, 0.04454749), (45296.1, 0.35380000),
    (45297.5, 0.09945542), (45299.5, 0.18772827),
]  # fmt: skip
BIDS = [
    (45283.5, 0.10000000), (45283.4, 1.54582015), (45282.1, 0.10000000), (45281.0, 0.10000000),
    (45280.3, 1.54592586), (45279.0, 0.07990000), (45277.6, 0.03310103), (45277.5, 0.30000000),
    (45277.3, 1.54602737), (45276.6, 0.15445238),
]  # fmt: skip
EXAMPLE = 3310070434


def test_checksum_matches_krakens_documented_example() -> None:
    assert checksum(ASKS, BIDS, price_decimals=1, size_decimals=8) == EXAMPLE
    assert checksum(ASKS[:9], BIDS, price_decimals=1, size_decimals=8) != EXAMPLE
    more = [*ASKS, (45300.0, 1.0)]
    assert checksum(more, BIDS, price_decimals=1, size_decimals=8) == EXAMPLE


@pytest.fixture
async def kraken() -> AsyncIterator[GuardedExchange]:
    config = VenueConfig(
        exchange="kraken", symbol="BTC/USD", environment="production", order_prefix="q1"
    )
    client = make_client(config, time.time_ns)
    client.markets = {
        "BTC/USD": {"symbol": "BTC/USD", "info": {"pair_decimals": 1, "lot_decimals": 8}}
    }
    yield client
    await client.close()


def waiting(client: WsClient) -> asyncio.Future[object]:
    future = client.future(NAME)  # type: ignore[attr-defined]
    assert isinstance(future, asyncio.Future)
    return future


def message(kind: str, bids: list[tuple[float, float]], **more: object) -> dict[str, object]:
    sides = {
        "bids": [{"price": price, "qty": qty} for price, qty in bids],
        "asks": [{"price": price, "qty": qty} for price, qty in ASKS if kind == "snapshot"],
    }
    return {"channel": "book", "type": kind, "data": [{"symbol": "BTC/USD"} | sides | more]}


async def test_book_with_right_checksum_is_passed_on(kraken: GuardedExchange) -> None:
    client = kraken.client(URL)
    future = waiting(client)
    kraken.handle_order_book(client, message("snapshot", BIDS, checksum=EXAMPLE))
    book = await future
    assert isinstance(book, dict)
    assert (book["asks"][0][0], book["bids"][0][0]) == (45285.2, 45283.5)


async def test_book_with_wrong_checksum_is_never_passed_on_and_ends_the_socket(
    kraken: GuardedExchange,
) -> None:
    client = kraken.client(URL)
    earlier = waiting(client)
    kraken.handle_order_book(client, message("snapshot", BIDS, checksum=EXAMPLE))
    later = waiting(client)
    update = message("update", [(45283.5, 0.2)], checksum=EXAMPLE)  # one update lost
    kraken.handle_order_book(client, update)
    with pytest.raises(venue.ChecksumError, match="BTC/USD"):
        await later
    assert URL not in kraken.clients, "the next watch subscribes anew, which brings a snapshot"
    assert "BTC/USD" not in kraken.orderbooks
    book = await earlier  # resolved before the wrong message, read after it
    assert isinstance(book, dict)
    assert (book["asks"], book["bids"]) == ([], [])


@pytest.mark.parametrize("nothing", [{}, {"checksum": 0}, {"checksum": None}])
async def test_book_without_checksum_is_passed_on_and_counted(
    kraken: GuardedExchange, nothing: dict[str, object]
) -> None:
    client = kraken.client(URL)
    future = waiting(client)
    kraken.handle_order_book(client, message("snapshot", BIDS, **nothing))
    assert isinstance(await future, dict)
    assert isinstance(kraken, KrakenBookChecksum)
    assert kraken.unverifiable == 1


@pytest.mark.parametrize("exchange", ["bitget", "bitfinex", "gate", "htx", "cryptocom", "binance"])
def test_ccxts_option_for_book_verification_is_on(exchange: str) -> None:
    config = VenueConfig(
        exchange=exchange, symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    client = make_client(config, time.time_ns)
    option = client.handle_option("watchOrderBook", "checksum", True)  # type: ignore[attr-defined]
    assert option is True


async def test_a_wrong_checksum_of_bitget_ends_the_watch() -> None:
    """The feed reacts to this error with a new connection and a fresh snapshot."""
    config = VenueConfig(
        exchange="bitget", symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    bitget = make_client(config, time.time_ns)
    bitget.markets = {}

    async def unsubscribed(symbol: str) -> None:
        assert symbol == "BTCUSDT"

    bitget.un_watch_order_book = unsubscribed  # type: ignore[attr-defined]
    client = bitget.client("wss://ws.bitget.com/v2/ws/public")
    for action, more in (("snapshot", {}), ("update", {"checksum": 1})):
        future = client.future("orderbook:BTCUSDT")  # type: ignore[attr-defined]
        rows = {"asks": [["101.0", "1"]], "bids": [["100.0", "2"]], "ts": "1755937421270"}
        argument = {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"}
        bitget.handle_order_book(client, {"action": action, "arg": argument, "data": [rows | more]})
        if action == "snapshot":
            await future
        else:
            with pytest.raises(venue.ChecksumError):
                await future
    await bitget.close()
