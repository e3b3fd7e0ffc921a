"""The states of an order of ours, and read-only views of orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from quoter.domain.market import Side


class OrderState(StrEnum):
    """State of an order (table in ARCHITECTURE.md); in all but the last three it is exposure."""

    RESERVED = "RESERVED"  # approved, still in our outbox
    PENDING_NEW = "PENDING_NEW"  # its request may be on its way
    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    PENDING_CANCEL = "PENDING_CANCEL"
    UNKNOWN = "UNKNOWN"  # no answer to its create: it may be live
    CLOSED_UNSETTLED = "CLOSED_UNSETTLED"  # ended at the venue, fills still missing here
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

    `client_id` may come from our own record of the venue's ids; `reported_id` is what the venue's
    row says, without the venue's prefix, or empty.
    """

    client_id: str
    venue_id: str
    side: Side
    price: Decimal
    size: Decimal
    filled: Decimal
    reported_id: str = ""


class KnownOrders(NamedTuple):
    """Orders of ours without an end in the ledger, which the daemon or an earlier run has written.

    `by_venue_id`: client id by the venue's id. `unnamed`: client ids of the orders whose venue id
    is not known.
    """

    by_venue_id: Mapping[str, str]
    unnamed: tuple[str, ...] = ()


NO_KNOWN_ORDERS = KnownOrders({})
