"""Orders of takers, recognised in the public trades.

An order that takes prints a trade for each resting order that it fills, often at several prices.
These trades come one after another, within milliseconds.
"""

from math import inf

from quoter.domain.market import Side
from quoter.pricing.validation import finite

ORDER_S = 0.005  # trades of one side within this time of the first count as one order


class TakerOrders:
    """Distinguishes the first trade of an order from its further ones. O(1)."""

    def __init__(self) -> None:
        self._taker: Side | None = None
        self._start_s = -inf

    def is_new(self, t_s: float, taker: Side) -> bool:
        """Record a public trade at `t_s` seconds; return whether it begins another taker's order.

        Raises InvalidInput for a time that is not finite.
        """
        if taker is self._taker and abs(finite("t_s", t_s) - self._start_s) <= ORDER_S:
            return False
        self._taker, self._start_s = taker, finite("t_s", t_s)
        return True
