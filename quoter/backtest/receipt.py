"""Events with another time of receipt."""

from copy import replace
from typing import cast

from quoter.domain.events import Event


def received_at(event: Event, ts_ns: int) -> Event:
    """Return the event with `ts_ns` as its time of receipt."""
    if event.ts_ns == ts_ns:
        return event
    return cast(Event, replace(event, ts_ns=ts_ns))  # mypy infers object for a union
