"""Executions: fills of one order within a moment, merged.

A taker order often prints several trades, and may fill an order of ours in pieces. Monitors that
count fills or compare them with a rate use executions, measured in order sizes. Many small pieces
then weigh no more than their order.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from quoter.domain.events import Fill
from quoter.domain.units import NS_PER_MS

MOMENT_NS = 100 * NS_PER_MS  # a later fill of the same order is another execution
OPEN_MAX = 256  # executions that may still grow; beyond it the oldest one is closed


class Execution(NamedTuple):
    """The part of an execution that one step adds: its first fill, and the size of all fills.

    order: the venue's id of the order, or our client id if that is not known. lots: order sizes,
    above zero. is_new: whether the execution begins with this step.
    """

    order: str
    fill: Fill
    lots: float
    is_new: bool


class Executions:
    """Merges fills by the time at which the engine handles them, not by the venue's time."""

    def __init__(self, order_size: Decimal) -> None:
        """Measure sizes in units of `order_size`, base, > 0."""
        self._order_size = order_size
        self._began_ns: dict[str, int] = {}  # start by order, oldest first

    def merge(self, ts_ns: int, fills: Iterable[Fill]) -> list[Execution]:
        """Merge the fills of one step; return one execution per order."""
        first: dict[str, Fill] = {}
        sizes: dict[str, Decimal] = {}
        for fill in fills:
            order = fill.venue_id or fill.client_id
            first.setdefault(order, fill)
            sizes[order] = sizes.get(order, Decimal(0)) + fill.size
        lots = {order: float(size / self._order_size) for order, size in sizes.items()}
        return [
            Execution(order, fill, lots[order], self._is_new(ts_ns, order))
            for order, fill in first.items()
        ]

    def _is_new(self, ts_ns: int, order: str) -> bool:
        began_ns = self._began_ns.get(order)
        if began_ns is not None and ts_ns - began_ns < MOMENT_NS:
            return False
        self._began_ns.pop(order, None)
        self._began_ns[order] = ts_ns
        if len(self._began_ns) > OPEN_MAX:
            del self._began_ns[next(iter(self._began_ns))]
        return True
