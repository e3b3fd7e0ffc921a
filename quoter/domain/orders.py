"""The states of our orders, and read-only views of orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from quoter.domain.market import Side


class OrderState(StrEnum):
    """State of an order (transition table in ARCHITECTURE.md).

    An order adds to our exposure in every state except FILLED, CANCELED and REJECTED.
    """

    RESERVED = "RESERVED"  # approved, still in our outbox
    PENDING_NEW = "PENDING_NEW"  # its create request may be on its way
    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    PENDING_CANCEL = "PENDING_CANCEL"
    UNKNOWN = "UNKNOWN"  # no answer to its create: it may be live
    CLOSED_UNSETTLED = "CLOSED_UNSETTLED"  # ended at the venue; fills are missing here
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """A read-only view of one order."""

    client_id: str
    venue_id: str
    side: Side
    price: Decimal
    size: Decimal
    filled: Decimal  # booked from unique trades
    state: OrderState
    created_ns: int


class VenueOrder(NamedTuple):
    """An order as the venue lists it.

    client_id: as reported, or looked up by venue id in our own record. reported_id: client id in
    the venue's answer without the venue's prefix; empty if the answer has none.
    """

    client_id: str
    venue_id: str
    side: Side
    price: Decimal
    size: Decimal
    filled: Decimal
    reported_id: str = ""


class KnownOrders(NamedTuple):
    """Own orders that have no end in the ledger, from this run and earlier ones.

    by_venue_id: client id by venue id. unnamed: client ids of the orders whose venue id is not
    known.
    """

    by_venue_id: Mapping[str, str]
    unnamed: tuple[str, ...] = ()


NO_KNOWN_ORDERS = KnownOrders({})
