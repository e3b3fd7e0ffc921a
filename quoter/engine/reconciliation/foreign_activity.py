"""Detects orders and fills on our account that are not ours (rule RC-05).

Our limits do not include them.
"""

from quoter.domain.events import Fill, OpenOrdersReport
from quoter.domain.orders import VenueOrder
from quoter.domain.trading import Cause
from quoter.engine.config import ForeignPolicy
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder

NAMES_MAX = 3  # number of orders named in a text


class ForeignActivity:
    """Raises a cause for foreign orders and fills. Foreign orders are never cancelled."""

    def __init__(self, *, policy: ForeignPolicy, own_prefix: str, causes: HaltCauses) -> None:
        self._policy, self._own_prefix, self._causes = policy, own_prefix, causes
        self._orders = ""  # the foreign orders that were last reported open, as text
        self._orders_ns = 0  # time of that information
        self._fill = ""  # a foreign fill that may have changed the balances, as text
        self._fill_ns = 0

    def on_open_order(self, order: VenueOrder, step: StepBuilder) -> bool:
        """Check an order that is reported open, other than in a list.

        Return whether it is foreign.
        """
        if self._is_own(order.client_id):
            return False
        self._orders, self._orders_ns = _open([order]), step.ts_ns
        self._check(step)
        return True

    def on_open_orders(self, report: OpenOrdersReport, step: StepBuilder) -> None:
        """Check the list of all open orders, unless it was requested before the newest report."""
        if report.asked_ns < self._orders_ns:
            return
        foreign = [order for order in report.orders if not self._is_own(order.client_id)]
        self._orders, self._orders_ns = _open(foreign), report.asked_ns
        self._check(step)

    def on_fill(self, fill: Fill, step: StepBuilder) -> None:
        """Record a foreign fill, and raise the cause."""
        step.add_anomaly("foreign_fill", f"trade {fill.trade_id} of order {fill.venue_id}")
        self._fill = f"trade {fill.trade_id} of {fill.client_id or fill.venue_id}"
        self._fill_ns = step.ts_ns
        self._check(step)

    def on_balances_equal(self, asked_ns: int, step: StepBuilder) -> None:
        """Clear a foreign fill that is older than `asked_ns`, when balances equal our books."""
        if self._fill and asked_ns > self._fill_ns:
            self._fill = ""
            self._check(step)

    def _is_own(self, client_id: str) -> bool:
        return client_id.startswith(self._own_prefix)

    @property
    def rearm_obstacle(self) -> str:
        """Foreign activity that would kill again right after a re-arm, as text; empty if none."""
        return self._found if self._policy is ForeignPolicy.KILL else ""

    @property
    def _found(self) -> str:
        found = "; ".join(text for text in (self._orders, self._fill) if text)
        return f"on the account, but not ours: {found}" if found else ""

    def _check(self, step: StepBuilder) -> None:
        text = self._found
        match self._policy:
            case ForeignPolicy.PAUSE:
                self._causes.set(step, Cause.FOREIGN_ACTIVITY, active=bool(text), text=text)
            case ForeignPolicy.KILL if text:
                self._causes.raise_cause(step, Cause.FOREIGN_KILL, text)


def _open(orders: list[VenueOrder]) -> str:
    if not orders:
        return ""
    names = ", ".join(order.client_id or order.venue_id for order in orders[:NAMES_MAX])
    more = " ..." if len(orders) > NAMES_MAX else ""
    return f"open orders: {len(orders)} ({names}{more})"
