"""Cancels that the venue refuses because of our key: our orders rest, and we can't end them."""

from quoter.domain.events import CancelReject
from quoter.domain.reasons import CancelRejectReason
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import OpenOrders


class RefusedCancels:
    """Raises CANCEL_REFUSED until the venue accepts our key again.

    It does once no order rests whose newest cancel was refused, and a report of the account was
    requested after the last refusal. A report alone is no proof: the key may read, and not trade.
    """

    def __init__(self, orders: OpenOrders, causes: HaltCauses) -> None:
        self._orders, self._causes = orders, causes
        self._names = dict[str, None]()  # client ids, oldest first, as a recording needs an order
        self._refused_ns = 0

    def on_cancel_reject(self, event: CancelReject, step: StepBuilder) -> None:
        """Record the answer to a cancel. Raise the cause if the key was refused."""
        if event.reason is CancelRejectReason.NOT_FOUND:
            self._names.pop(event.client_id, None)  # the venue accepted the key
        if event.reason is not CancelRejectReason.AUTH:
            return
        self._refused_ns = step.ts_ns
        if self._orders.live(event.client_id) is not None:
            self._names[event.client_id] = None
        self._raise(event.text, step)

    def on_report(self, asked_ns: int, step: StepBuilder) -> None:
        """Clear the cause if this report of the account completes the proof."""
        self._forget_ended()
        if not self._names and asked_ns > self._refused_ns:
            self._causes.clear(step, Cause.CANCEL_REFUSED)

    @property
    def needs_report(self) -> bool:
        """Whether only a report of the account is missing."""
        if not self._causes.switch.is_active(Cause.CANCEL_REFUSED):
            return False
        self._forget_ended()
        return not self._names

    def _forget_ended(self) -> None:
        for name in [name for name in self._names if self._orders.live(name) is None]:
            del self._names[name]

    def _raise(self, text: str, step: StepBuilder) -> None:
        rest = ", ".join(self._names)
        orders = f"orders that may rest: {rest}; " if rest else ""
        what = f"the venue refuses our key for a cancel: {orders}{text}"
        self._causes.raise_cause(step, Cause.CANCEL_REFUSED, what)
