"""The order state table: which news is legal in which state, and where it leads.

Late or impossible news in a terminal state is not a transition: `engine/lifecycle.py` judges it.
"""

from enum import StrEnum

from quoter.domain.errors import IllegalTransition
from quoter.domain.orders import OrderState as S


class News(StrEnum):
    """What we can hear about a live order, boiled down."""

    SENT = "sent"
    ACK = "ack"
    REJECT = "reject"
    NO_ANSWER = "no_answer"
    LIVES = "lives"  # the venue lists it as open
    PART_FILL = "part_fill"
    LAST_FILL = "last_fill"  # nothing is left to fill
    CANCEL_SENT = "cancel_sent"
    ENDED = "ended"  # over at the venue, all fills booked
    ENDED_UNSETTLED = "ended_unsettled"  # over at the venue, fills missing here
    FENCED = "fenced"  # the unknown-order fence has passed: it never existed or never will


_LIVE = (S.RESERVED, S.PENDING_NEW, S.OPEN, S.PARTIAL, S.PENDING_CANCEL, S.UNKNOWN)
_ANY = (*_LIVE, S.CLOSED_UNSETTLED)


def _table() -> dict[tuple[S, News], S]:
    table: dict[tuple[S, News], S] = {}
    for state in _ANY:
        table[state, News.LAST_FILL] = S.FILLED
        table[state, News.ENDED] = S.CANCELED
        table[state, News.ENDED_UNSETTLED] = S.CLOSED_UNSETTLED
        table[state, News.PART_FILL] = state  # unless refined below
        table[state, News.LIVES] = state
    for state in (S.RESERVED, S.PENDING_NEW, S.OPEN, S.UNKNOWN):
        table[state, News.PART_FILL] = S.PARTIAL
    for state in (S.RESERVED, S.PENDING_NEW, S.UNKNOWN):
        table[state, News.LIVES] = S.OPEN
        table[state, News.ACK] = S.OPEN
        table[state, News.REJECT] = S.REJECTED
        table[state, News.NO_ANSWER] = S.UNKNOWN
    for state in (S.OPEN, S.PARTIAL, S.PENDING_CANCEL, S.CLOSED_UNSETTLED):
        table[state, News.ACK] = state  # the private stream was faster than the answer
        table[state, News.NO_ANSWER] = state
        table[state, News.SENT] = state
    table[S.PENDING_CANCEL, News.REJECT] = S.REJECTED
    table[S.PENDING_CANCEL, News.NO_ANSWER] = S.UNKNOWN
    table[S.RESERVED, News.SENT] = S.PENDING_NEW
    for state in (S.OPEN, S.PARTIAL, S.PENDING_NEW, S.PENDING_CANCEL):
        table[state, News.CANCEL_SENT] = S.PENDING_CANCEL
    table[S.RESERVED, News.CANCEL_SENT] = S.RESERVED  # the outbox may still annihilate it
    table[S.UNKNOWN, News.CANCEL_SENT] = S.UNKNOWN
    table[S.CLOSED_UNSETTLED, News.CANCEL_SENT] = S.CLOSED_UNSETTLED
    for state in (S.UNKNOWN, S.PENDING_CANCEL, S.OPEN, S.PARTIAL, S.PENDING_NEW):
        table[state, News.FENCED] = S.CANCELED
    return table


TABLE = _table()


def next_state(state: S, news: News, *, client_id: str) -> S:
    """The state after `news`; raises IllegalTransition where the table has no row."""
    after = TABLE.get((state, news))
    if after is None:
        raise IllegalTransition(client_id=client_id, state=state, event=news)
    return after
