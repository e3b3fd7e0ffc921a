"""Fills whose order is not known yet.

They wait until the venue id of one of our orders matches, or are found to be foreign.
"""

from quoter.domain.events import Fill
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders

UNMATCHED_FILLS_MAX = 1_000  # fills whose order is not known yet
FOREIGN_FILLS_MAX = 10_000  # stored, because overlapping lists of trades report them again


class UnmatchedFills:
    """Fills by trade id, until an order of ours matches them or they expire."""

    def __init__(
        self,
        *,
        orders: OpenOrders,
        inventory: Inventory,
        causes: HaltCauses,
        own_prefix: str,
        run_prefix: str,
    ) -> None:
        self._orders = orders
        self._inventory = inventory
        self._causes = causes
        self._own_prefix = own_prefix
        self._run_prefix = run_prefix
        self._waiting: dict[str, Fill] = {}
        self._foreign: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, fill: Fill, step: StepBuilder) -> None:
        """Keep a fill without a known order, unless it is booked or known to be foreign.

        If UNMATCHED_FILLS_MAX are waiting, the fill is dropped; a later list of trades has it
        again.
        """
        if self._inventory.has(fill.trade_id) or fill.trade_id in self._foreign:
            return
        if fill.client_id.startswith(self._run_prefix):
            text = f"trade {fill.trade_id} is of order {fill.client_id}, which this run never sent"
            self._causes.raise_cause(step, Cause.ORDER_REAPPEARED, text)
        if len(self._waiting) < UNMATCHED_FILLS_MAX:
            self._waiting[fill.trade_id] = fill
        step.add_anomaly("unmatched_fill", fill.trade_id)

    def take(self, venue_id: str) -> list[Fill]:
        """Remove and return the fills of an order whose venue id has become known."""
        mine = [fill for fill in self._waiting.values() if fill.venue_id == venue_id]
        for fill in mine:
            del self._waiting[fill.trade_id]
        return mine

    def take_older_than(self, before_ns: int) -> list[Fill]:
        """Remove and return foreign fills.

        A fill is foreign if its client id is not of our instance, or if it is older than
        `before_ns` and no order has matched it. It is kept while an order older than the fill has
        no venue id, because it may be a fill of that order.
        """
        if not self._waiting:
            return []
        without_venue_id = (order.created_ns for order in self._orders if not order.venue_id)
        before_ns = min(before_ns, *without_venue_id, before_ns)
        expired = [
            fill
            for fill in self._waiting.values()
            if fill.ts_ns < before_ns or self._is_foreign(fill.client_id)
        ]
        for fill in expired:
            del self._waiting[fill.trade_id]
            self._foreign[fill.trade_id] = None
        while len(self._foreign) > FOREIGN_FILLS_MAX:
            del self._foreign[next(iter(self._foreign))]
        return expired

    def _is_foreign(self, client_id: str) -> bool:
        return bool(client_id) and not client_id.startswith(self._own_prefix)
