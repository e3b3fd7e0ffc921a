"""The alarm for a breach at the egress gate; the engine kills on it."""

from collections.abc import Callable

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit


def wire_mismatch_alarm(emit: Emit, now_ns: NowNs) -> Callable[[str], None]:
    """Return a listener for `EgressGate.report_breaches` that emits an alarm for every breach."""

    def report(text: str) -> None:
        emit(Alarm(ts_ns=now_ns(), cause=Cause.WIRE_MISMATCH, active=True, text=text))

    return report
