"""The gate's counters against a count by hand, now and then."""

from quoter.domain.trading import Cause
from quoter.engine.causes import Causes
from quoter.engine.lifecycle import MS
from quoter.engine.turn import Turn
from quoter.state.open_orders import OpenOrders

EVERY_NS = 1_000 * MS


class Recount:
    """A difference is a bug of ours, and fatal."""

    def __init__(self, orders: OpenOrders, causes: Causes) -> None:
        self._orders, self._causes = orders, causes
        self._counted_ns = 0

    def tick(self, turn: Turn) -> None:
        """Count once a second."""
        if turn.ts_ns - self._counted_ns < EVERY_NS:
            return
        self._counted_ns = turn.ts_ns
        if (text := self._orders.miscount()) is not None:
            self._causes.trip(turn, Cause.INVARIANT_BROKEN, text)
