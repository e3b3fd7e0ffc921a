"""A request that must never have been built, as news for the engine: it kills."""

from collections.abc import Callable

from quoter.domain.events import Alarm
from quoter.domain.trading import Cause
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit


def wire_mismatch_alarm(emit: Emit, now_ns: NowNs) -> Callable[[str], None]:
    """What `LastInch.report_breaches` is given: every breach becomes an alarm."""

    def tell(text: str) -> None:
        emit(Alarm(ts_ns=now_ns(), cause=Cause.WIRE_MISMATCH, active=True, text=text))

    return tell
