"""Lost and wrong order-book updates that ccxt 4.5.90 notices, as listed in `deploy/docs/venues.md`.

If a test fails after an upgrade of ccxt, correct that table and the code that relies on it.
"""

from dataclasses import dataclass, field
from typing import Protocol, cast

import ccxt.pro
import pytest
from ccxt.base import errors as venue

from quoter.venues.ccxt.books.sequence import SequencedBook
from quoter.venues.ccxt.client import guarded_class
from quoter.venues.ccxt.types import JsonDict

SYMBOL, VENUE_SYMBOL = "BTC/USDT", "BTC-USDT"


class Exchange(Protocol):
    """The part of ccxt's class that these tests call."""

    orderbooks: dict[str, dict[str, list[list[float]]]]

    def set_markets(self, markets: list[JsonDict]) -> object: ...

    def handle_order_book(self, client: object, message: JsonDict) -> object: ...


@dataclass
class Socket:
    """Recorder in place of ccxt's websocket client."""

    url: str = "wss://venue/v5/public/spot"
    subscriptions: dict[str, object] = field(default_factory=dict)
    books: int = 0
    errors: list[Exception] = field(default_factory=list)

    def resolve(self, _book: object, _name: str) -> None:
        self.books += 1

    def reject(self, error: Exception, _name: str) -> None:
        self.errors.append(error)


def exchange_of(name: str) -> Exchange:
    client = cast("Exchange", getattr(ccxt.pro, name)())
    market = {
        "id": VENUE_SYMBOL,
        "symbol": SYMBOL,
        "base": "BTC",
        "quote": "USDT",
        "type": "spot",
        "spot": True,
        "contract": False,
        "inverse": False,
        "precision": {"price": 0.01, "amount": 0.0001},
        "limits": {},
        "info": {},
    }
    client.set_markets([market])
    return client


def rows(number: float, *, is_short: bool = False) -> JsonDict:
    bids, asks = [[str(100 + number), "1"]], [[str(110 + number), "1"]]
    return {"b": bids, "a": asks} if is_short else {"bids": bids, "asks": asks}


def okx(action: str, **fields: object) -> JsonDict:
    argument = {"channel": "books", "instId": VENUE_SYMBOL}
    data = {**rows(fields["seqId"] if isinstance(fields["seqId"], int) else 0), "ts": "1", **fields}
    return {"arg": argument, "action": action, "data": [data]}


def okx_socket() -> Socket:
    return Socket(subscriptions={f"books:{SYMBOL}": {}})


def test_okx_update_that_does_not_follow_ends_the_watch() -> None:
    exchange, socket = exchange_of("okx"), okx_socket()
    exchange.handle_order_book(socket, okx("snapshot", seqId=1, prevSeqId=-1))
    exchange.handle_order_book(socket, okx("update", seqId=2, prevSeqId=1))
    assert (socket.books, socket.errors) == (2, [])
    exchange.handle_order_book(socket, okx("update", seqId=4, prevSeqId=3))
    assert [type(error) for error in socket.errors] == [venue.InvalidNonce]


def test_okx_wrong_checksum_is_not_detected() -> None:
    exchange, socket = exchange_of("okx"), okx_socket()
    exchange.handle_order_book(socket, okx("snapshot", seqId=1, prevSeqId=-1, checksum=1))
    exchange.handle_order_book(socket, okx("update", seqId=2, prevSeqId=1, checksum=2))
    assert (socket.books, socket.errors) == (2, [])


def bybit(kind: str, number: int) -> JsonDict:
    data = {"s": VENUE_SYMBOL, "u": number, "seq": number, **rows(number, is_short=True)}
    return {"topic": f"orderbook.50.{VENUE_SYMBOL}", "type": kind, "ts": number, "data": data}


def gate(kind: str, number: int) -> JsonDict:
    ids = {"U": number, "u": number, "t": number, "full": kind == "snapshot"}
    result = {"s": f"ob.{VENUE_SYMBOL}.50", **ids, **rows(number, is_short=True)}
    return {"channel": "spot.obu", "result": result}


def whitebit(kind: str, number: int) -> JsonDict:
    return {"params": [kind == "snapshot", {"timestamp": number, **rows(number)}, VENUE_SYMBOL]}


@pytest.mark.parametrize(
    ("name", "message"), [("bybit", bybit), ("gate", gate), ("whitebit", whitebit)]
)
def test_lost_update_is_not_detected_at(name: str, message: object) -> None:
    exchange, socket = exchange_of(name), Socket()
    for kind, number in (("snapshot", 1), ("update", 5)):
        assert callable(message)
        exchange.handle_order_book(socket, message(kind, number))
    assert (socket.books, socket.errors) == (2, [])
    assert 105.0 in {price for price, *_ in exchange.orderbooks[SYMBOL]["bids"]}


def cryptocom(kind: str, number: int) -> JsonDict:
    data: JsonDict = {"t": number, "u": number, "pu": number - 1}
    data |= rows(number) if kind == "snapshot" else {"update": rows(number)}
    channel = "book" if kind == "snapshot" else "book.update"
    return {"channel": channel, "instrument_name": VENUE_SYMBOL, "depth": 50, "data": [data]}


def test_cryptocom_update_that_does_not_follow_raises() -> None:
    exchange, socket = exchange_of("cryptocom"), Socket()
    exchange.handle_order_book(socket, cryptocom("snapshot", 1))
    exchange.handle_order_book(socket, cryptocom("update", 2))
    with pytest.raises(venue.ChecksumError):
        exchange.handle_order_book(socket, cryptocom("update", 5))


@pytest.mark.parametrize("name", ["bybit", "gate", "okx", "myokx", "okxus", "bitget", "deribit"])
def test_book_messages_of_a_venue_with_numbers_pass_quoters_check(name: str) -> None:
    assert issubclass(guarded_class(name), SequencedBook)
