"""Conversion of ccxt's order and trade rows into events with our client ids."""

from collections.abc import Callable
from dataclasses import replace

from quoter.domain.events import OrderDone, OrderOpen
from quoter.domain.orders import KnownOrders
from quoter.venues.ccxt.payloads import fill, order_event
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit
from quoter.venues.profiles import VenueProfile

VENUE_IDS_MAX = 10_000  # as many orders as the engine remembers


class PrivateEvents:
    """Converter of rows into events, with our client ids.

    The client id comes from the venue's id if that is known, else from the row: at some venues
    trades have only the venue's id, and streams have another client id.
    """

    def __init__(
        self, *, profile: VenueProfile, is_own: Callable[[str], bool], now_ns: NowNs
    ) -> None:
        self._profile, self._is_own, self._now_ns = profile, is_own, now_ns
        self._client_ids: dict[str, str] = {}  # by venue id
        self._open: dict[str, str] = {}  # own orders whose end was not reported, by venue id
        self._adopted: dict[str, str] = {}  # open orders of another process, by venue id
        self._unnamed: set[str] = set()  # client ids of adopted orders whose venue id is not known
        self.unreadable = 0  # rows that could not be parsed

    def client_id_of(self, venue_id: str) -> str:
        """Return our client id of the order with this venue id; empty if unknown."""
        return self._client_ids.get(venue_id, "") or self._adopted.get(venue_id, "")

    def adopt(self, orders: KnownOrders) -> None:
        """Treat the orders of another process as ours; they replace those adopted before."""
        self._adopted, self._unnamed = dict(orders.by_venue_id), set(orders.unnamed)

    def unnamed(self) -> list[str]:
        """Return the client ids of adopted orders whose id at the venue is not known."""
        return sorted(self._unnamed)

    def is_adopted(self, venue_id: str) -> bool:
        """Whether an order was adopted from another process."""
        return venue_id in self._adopted

    def remember(self, venue_id: str, client_id: str) -> None:
        """Store both ids of an order, if it is ours."""
        if venue_id and self._is_own(client_id):
            self._client_ids[venue_id] = client_id
            if len(self._client_ids) > VENUE_IDS_MAX:
                del self._client_ids[next(iter(self._client_ids))]

    def opened(self, venue_id: str, client_id: str) -> None:
        """Store an own order as open until `ended`."""
        self.remember(venue_id, client_id)
        if venue_id and self._is_own(client_id):
            self._open[venue_id] = client_id
            if len(self._open) > VENUE_IDS_MAX:
                del self._open[next(iter(self._open))]

    def ended(self, venue_id: str) -> None:
        """Remove an order from the open ones: the venue reported its end, or does not know it."""
        self._open.pop(venue_id, None)
        self._adopted.pop(venue_id, None)

    def known_open(self) -> dict[str, str]:
        """Return client ids by venue id of own orders whose end was not reported."""
        return self._adopted | self._open

    def _named(self, event: OrderOpen | OrderDone) -> OrderOpen | OrderDone:
        """Return the event with our client id; record that its order is open or has ended."""
        if isinstance(event, OrderOpen):
            order = event.order
            name = self._name(order.venue_id, order.client_id)
            self.opened(order.venue_id, name)
            return replace(event, order=order._replace(client_id=name), is_streamed=True)
        self.ended(event.venue_id)
        return replace(event, client_id=self._name(event.venue_id, event.client_id))

    def _name(self, venue_id: str, client_id: str) -> str:
        known = self.client_id_of(venue_id)
        if not known:
            self.remember(venue_id, client_id)
        return known or client_id

    def trades(self, rows: list[JsonDict], emit: Emit) -> None:
        """Emit a Fill for each row; count those that can't be parsed."""
        for row in rows:
            event = fill(row, self._profile, self._now_ns())
            if event is None:
                self.unreadable += 1
                continue
            emit(replace(event, client_id=self.client_id_of(event.venue_id) or event.client_id))

    def orders(self, rows: list[JsonDict], emit: Emit) -> None:
        """Emit OrderOpen or OrderDone for each row, of foreign orders too.

        Count rows that can't be parsed.
        """
        for row in rows:
            event = order_event(row, self._profile, self._now_ns())
            if event is None:
                self.unreadable += 1
                continue
            emit(self._named(event))
