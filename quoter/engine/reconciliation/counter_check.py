"""Checks the counters that the order rules use against a recount of the open orders."""

from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import OpenOrders

EVERY_NS = 1_000 * NS_PER_MS


class CounterCheck:
    """Raises INVARIANT_BROKEN, a kill, if a counter is wrong. That is a bug of ours."""

    def __init__(self, orders: OpenOrders, causes: HaltCauses) -> None:
        self._orders, self._causes = orders, causes
        self._counted_ns = 0

    def tick(self, step: StepBuilder) -> None:
        """Recount once a second; raise the cause on a difference."""
        if step.ts_ns - self._counted_ns < EVERY_NS:
            return
        self._counted_ns = step.ts_ns
        if (text := self._orders.counter_mismatch()) is not None:
            self._causes.raise_cause(step, Cause.INVARIANT_BROKEN, text)
