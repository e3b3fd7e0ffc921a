"""The order state table: which update is legal in which state, and the state after it.

Late or impossible updates of an order in a final state are not in the table;
`engine/orders/lifecycle.py` handles them.
"""

from enum import StrEnum

from quoter.domain.errors import IllegalTransition
from quoter.domain.orders import OrderState as S


class OrderUpdate(StrEnum):
    """The kinds of updates of a live order."""

    SENT = "sent"
    ACK = "ack"
    REJECT = "reject"
    NO_ANSWER = "no_answer"
    LISTED_OPEN = "listed_open"  # open in a list or in an answer of the venue
    PART_FILL = "part_fill"
    LAST_FILL = "last_fill"  # nothing is left to fill
    CANCEL_SENT = "cancel_sent"
    ENDED = "ended"  # over at the venue, all fills booked
    ENDED_UNSETTLED = "ended_unsettled"  # over at the venue; fills are missing in our books
    # released by the fence for unknown orders (OL-05): the venue provably does not know it
    PROVEN_ABSENT = "proven_absent"


_LIVE = (S.RESERVED, S.PENDING_NEW, S.OPEN, S.PARTIAL, S.PENDING_CANCEL, S.UNKNOWN)
_ANY = (*_LIVE, S.CLOSED_UNSETTLED)


def _table() -> dict[tuple[S, OrderUpdate], S]:
    table: dict[tuple[S, OrderUpdate], S] = {}
    for state in _ANY:
        table[state, OrderUpdate.LAST_FILL] = S.FILLED
        table[state, OrderUpdate.ENDED] = S.CANCELED
        table[state, OrderUpdate.ENDED_UNSETTLED] = S.CLOSED_UNSETTLED
        table[state, OrderUpdate.PART_FILL] = state  # except as set below
        table[state, OrderUpdate.LISTED_OPEN] = state
    for state in (S.RESERVED, S.PENDING_NEW, S.OPEN, S.UNKNOWN):
        table[state, OrderUpdate.PART_FILL] = S.PARTIAL
    for state in (S.RESERVED, S.PENDING_NEW, S.UNKNOWN):
        table[state, OrderUpdate.LISTED_OPEN] = S.OPEN
        table[state, OrderUpdate.ACK] = S.OPEN
        table[state, OrderUpdate.REJECT] = S.REJECTED
        table[state, OrderUpdate.NO_ANSWER] = S.UNKNOWN
    for state in (S.OPEN, S.PARTIAL, S.PENDING_CANCEL, S.CLOSED_UNSETTLED):
        table[state, OrderUpdate.ACK] = state  # the private stream was faster than the answer
        table[state, OrderUpdate.NO_ANSWER] = state
        table[state, OrderUpdate.SENT] = state
    table[S.PENDING_CANCEL, OrderUpdate.REJECT] = S.REJECTED
    table[S.PENDING_CANCEL, OrderUpdate.NO_ANSWER] = S.UNKNOWN
    table[S.RESERVED, OrderUpdate.SENT] = S.PENDING_NEW
    for state in (S.OPEN, S.PARTIAL, S.PENDING_NEW, S.PENDING_CANCEL):
        table[state, OrderUpdate.CANCEL_SENT] = S.PENDING_CANCEL
    # the outbox may still drop the unsent order
    table[S.RESERVED, OrderUpdate.CANCEL_SENT] = S.RESERVED
    table[S.UNKNOWN, OrderUpdate.CANCEL_SENT] = S.UNKNOWN
    table[S.CLOSED_UNSETTLED, OrderUpdate.CANCEL_SENT] = S.CLOSED_UNSETTLED
    for state in (S.UNKNOWN, S.PENDING_CANCEL, S.OPEN, S.PARTIAL, S.PENDING_NEW):
        table[state, OrderUpdate.PROVEN_ABSENT] = S.CANCELED
    return table


TABLE = _table()


def next_state(state: S, update: OrderUpdate, *, client_id: str) -> S:
    """Return the state after `update`. Raises IllegalTransition if the table has no entry."""
    after = TABLE.get((state, update))
    if after is None:
        raise IllegalTransition(client_id=client_id, state=state, event=update)
    return after
