"""A breach at the egress gate becomes an alarm for the engine."""

from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause
from quoter.venues.egress.wire_mismatch import wire_mismatch_alarm


def test_breach_becomes_an_active_alarm() -> None:
    events: list[Event] = []
    wire_mismatch_alarm(events.append, lambda: 7)("host 'x' is not one of []")
    assert events == [
        Alarm(ts_ns=7, cause=Cause.WIRE_MISMATCH, active=True, text="host 'x' is not one of []")
    ]
