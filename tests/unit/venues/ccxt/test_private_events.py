"""Events from ccxt's rows carry our client ids, also where the row has the venue's only."""

from quoter.domain.events import Event, Fill, OrderOpen
from quoter.venues.ccxt.private_events import VENUE_IDS_MAX, PrivateEvents
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.profiles import GENERIC

ORDER: JsonDict = {
    "id": "7",
    "clientOrderId": "q1a",
    "status": "open",
    "side": "buy",
    "price": 100.0,
    "amount": 1.0,
    "filled": 0.0,
}
TRADE: JsonDict = {
    "id": "99",
    "order": "7",
    "side": "buy",
    "price": 100.0,
    "amount": 0.5,
    "fee": {"cost": 0.0, "currency": "USDT"},
}


def events() -> PrivateEvents:
    return PrivateEvents(profile=GENERIC, is_own=lambda name: name.startswith("q1"), now_ns=int)


def test_fill_gets_the_client_id_of_an_earlier_order_row() -> None:
    source, emitted = events(), list[Event]()
    source.orders([ORDER], emitted.append)
    source.trades([TRADE], emitted.append)
    order, fill = emitted
    assert isinstance(order, OrderOpen)
    assert isinstance(fill, Fill)
    assert fill.client_id == "q1a"


def test_fill_of_an_unknown_order_has_no_client_id() -> None:
    source, emitted = events(), list[Event]()
    source.trades([TRADE], emitted.append)
    assert [event.client_id for event in emitted if isinstance(event, Fill)] == [""]


def test_foreign_orders_are_emitted_but_their_ids_not_remembered() -> None:
    source, emitted = events(), list[Event]()
    source.orders([ORDER | {"clientOrderId": "theirs"}], emitted.append)
    assert len(emitted) == 1
    assert source.client_id_of("7") == ""


def test_unparsable_rows_are_counted() -> None:
    source, emitted = events(), list[Event]()
    source.orders([ORDER | {"status": None}], emitted.append)
    source.trades([TRADE | {"id": None}], emitted.append)
    assert (source.unreadable, emitted) == (2, [])


def test_remembered_ids_are_bounded() -> None:
    source = events()
    for number in range(VENUE_IDS_MAX + 1):
        source.remember(str(number), f"q1{number}")
    assert source.client_id_of("0") == ""
    assert source.client_id_of(str(VENUE_IDS_MAX)) == f"q1{VENUE_IDS_MAX}"
