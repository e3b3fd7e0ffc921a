"""Taker orders, recognised in the public trades.

A taker order prints one trade for each resting order that it fills, often at several prices. These
trades come within milliseconds.
"""

from math import inf

from quoter.domain.market import Side
from quoter.pricing.validation import finite

ORDER_S = 0.005  # trades of one side within this time of the first are one order


class TakerOrders:
    """Finds the first trade of each taker order. O(1)."""

    def __init__(self) -> None:
        self._taker: Side | None = None
        self._start_s = -inf

    def is_new(self, t_s: float, taker: Side) -> bool:
        """Record a public trade at `t_s` seconds; return whether it begins a new taker order.

        Raises InvalidInput for a time that is not finite.
        """
        if taker is self._taker and abs(finite("t_s", t_s) - self._start_s) <= ORDER_S:
            return False
        self._taker, self._start_s = taker, finite("t_s", t_s)
        return True
