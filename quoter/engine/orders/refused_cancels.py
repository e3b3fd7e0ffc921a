"""Cancels that the venue refuses because of our key. Our orders rest and can't be cancelled."""

from quoter.domain.events import CancelReject
from quoter.domain.reasons import CancelRejectReason
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import OpenOrders


class RefusedCancels:
    """Raises CANCEL_REFUSED until the venue accepts our key again.

    Two things are needed as proof. No order rests whose last cancel was refused, and a report of
    the account was requested after the last refusal. A report alone is not enough, because the key
    may be allowed to read and not to trade.
    """

    def __init__(self, orders: OpenOrders, causes: HaltCauses) -> None:
        self._orders, self._causes = orders, causes
        # client ids, oldest first; a dict, because a recording needs a fixed order
        self._names = dict[str, None]()
        self._refused_ns = 0

    def on_cancel_reject(self, event: CancelReject, step: StepBuilder) -> None:
        """Process the answer to a cancel; raise the cause if the venue refused the key."""
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
        """Whether only a report of the account is missing for the proof."""
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
