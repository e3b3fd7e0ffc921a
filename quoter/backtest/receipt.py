"""Changes the time of receipt of an event."""

from copy import replace
from typing import cast

from quoter.domain.events import Event, TopOfBook, Trade


def received_at(event: Event, ts_ns: int) -> Event:
    """Return the event with `ts_ns` as its time of receipt."""
    if event.ts_ns == ts_ns:
        return event
    # Most rows of a tape are of these two types, for which `replace` takes four times as long.
    if isinstance(event, TopOfBook):
        return TopOfBook(ts_ns, event.update_id, event.bid, event.ask)
    if isinstance(event, Trade):
        return Trade(ts_ns, event.trade_id, event.price, event.size, event.taker)
    return cast(Event, replace(event, ts_ns=ts_ns))  # mypy infers object for a union
