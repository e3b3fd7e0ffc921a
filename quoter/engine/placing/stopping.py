"""Cancels all orders when the engine pauses, drains or is killed."""

from quoter.domain.commands import CancelAll
from quoter.domain.orders import OrderState
from quoter.domain.trading import CancelReason, Cause, Phase, TradingState
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.placing.placing import Placing
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import OpenOrder, OpenOrders

CANCEL_ALL_AGAIN_NS = 5_000 * NS_PER_MS  # time between two requests of a cancel-all
# Orders still open after a stop are reported once in this time.
REMAINING_REPORT_NS = 1_000 * NS_PER_MS
# A requested end that is unconfirmed for longer raises a cause.
UNVERIFIED_NS = 10_000 * NS_PER_MS


class Stopping:
    """Requests the end of every order; at a kill or a drain it also requests a cancel-all."""

    def __init__(
        self, *, orders: OpenOrders, placing: Placing, causes: HaltCauses, is_dry: bool
    ) -> None:
        self._orders = orders
        self._causes = causes
        self._placing = placing
        self._is_dry = is_dry
        self._reason: CancelReason | None = None  # None while quoting is allowed
        self._cancel_all_ns = 0
        self._reported_ns = 0

    def on_quoting_allowed(self) -> None:
        """Reset the state of the last stop. Call in every step that allows quoting."""
        self._reason = None

    def stop(self, state: TradingState, phase: Phase, step: StepBuilder) -> None:
        """Request the end of every order. Call in every step that does not allow quoting."""
        reason = CancelReason.STATE
        if state is TradingState.KILLED:
            reason = CancelReason.KILL
        elif phase is Phase.DRAINING:
            reason = CancelReason.DRAIN
        self._placing.cancel_all(reason, step)
        is_final = reason is not CancelReason.STATE and not self._is_dry
        if self._reason is None:
            self._reported_ns = step.ts_ns
        is_news, self._reason = reason is not self._reason, reason
        if is_final and (is_news or step.ts_ns >= self._cancel_all_ns):
            self._cancel_all_ns = step.ts_ns + CANCEL_ALL_AGAIN_NS
            step.commands.append(CancelAll(reason=reason))
        self._report_remaining_orders(step)

    def check_cancels(self, step: StepBuilder) -> None:
        """Raise CANCEL_UNVERIFIED while an order whose end was requested may still be live.

        Orders in the state UNKNOWN are excluded, because they have a cause of their own
        (UNKNOWN_ORDERS). After a kill they are included.
        """
        late = [
            order.client_id
            for order in self._orders
            if order.cancel_reason is not None
            and order.state is not OrderState.CLOSED_UNSETTLED
            and step.ts_ns - order.end_ns > UNVERIFIED_NS
            and self._is_counted(order)
        ]
        if not late:
            self._causes.clear(step, Cause.CANCEL_UNVERIFIED)
            return
        names = ", ".join(late)
        seconds = UNVERIFIED_NS / NS_PER_S
        text = f"orders may still be live {seconds:g} s after their end was requested: {names}"
        self._causes.raise_cause(step, Cause.CANCEL_UNVERIFIED, text)

    def _is_counted(self, order: OpenOrder) -> bool:
        return self._reason is CancelReason.KILL or order.state is not OrderState.UNKNOWN

    def _report_remaining_orders(self, step: StepBuilder) -> None:
        if step.ts_ns - self._reported_ns <= REMAINING_REPORT_NS:
            return
        self._reported_ns = step.ts_ns
        live = [order.client_id for order in self._orders if order.leaves]
        if live:
            step.add_anomaly("orders_outlive_stop", ", ".join(live))
