"""The same fact, heard later."""

from copy import replace
from typing import cast

from quoter.domain.events import Event


def heard_at(event: Event, ts_ns: int) -> Event:
    """The event as it is received at `ts_ns`."""
    if event.ts_ns == ts_ns:
        return event
    return cast(Event, replace(event, ts_ns=ts_ns))  # of a union of types, mypy sees an object
