"""The states an order of ours can be in, as everybody names them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from quoter.domain.market import Side


class OrderState(StrEnum):
    """Life of an order (reliability.md section 4); all but the last three count as exposure."""

    RESERVED = "RESERVED"  # approved, still in our outbox
    PENDING_NEW = "PENDING_NEW"  # its bytes may be on the wire
    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    PENDING_CANCEL = "PENDING_CANCEL"
    UNKNOWN = "UNKNOWN"  # we asked and got no answer: it may live
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
    """A read-only picture of one order."""

    client_id: str
    venue_id: str
    side: Side
    price: Decimal
    size: Decimal
    filled: Decimal  # booked from unique trades
    state: OrderState
    created_ns: int


class VenueOrder(NamedTuple):
    """An order as the venue lists it."""

    client_id: str
    venue_id: str
    side: Side
    price: Decimal
    size: Decimal
    filled: Decimal
