"""Detects fills that come faster than expected (rule PT-08). The cause it raises is latched.

Fills are counted in order sizes: an order that is filled in forty pieces is one. Both limits follow
the market: a small inventory limit or a busy market is no fault. Rejects, the other half of
repeated execution, are in `reject_streak`.
"""

from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S, S_PER_NS
from quoter.risk.monitors.sliding import SlidingSum

WINDOW_NS = 60 * NS_PER_S
SLOTS = 60
ORDERS_ALWAYS = 60.0  # order sizes a minute: never too many
EXPECTED_TIMES = 20.0  # this multiple of the expected fills is too much


class RepeatedExecution:
    """Two limits on what is traded in 60 s, both sides together.

    order_size and inventory_max: base units. turnover_max: multiple of the larger of inventory_max
    and the expected volume.
    """

    def __init__(self, *, order_size: float, inventory_max: float, turnover_max: float) -> None:
        if not (order_size > 0.0 and inventory_max > 0.0 and turnover_max > 0.0):
            raise ValueError(f"out of domain: {order_size=} {inventory_max=} {turnover_max=}")
        self._order_size = order_size
        self._inventory_orders = inventory_max / order_size
        self._turnover_max = turnover_max
        self._orders = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._expected = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._ts_ns: int | None = None

    def expect(self, ts_ns: int, fills_per_s: float) -> None:
        """Add the expected fills since the last call, at this rate in order sizes."""
        if self._ts_ns is not None and fills_per_s > 0.0:
            passed_ns = min(max(0, ts_ns - self._ts_ns), WINDOW_NS)
            self._expected.add(ts_ns, fills_per_s * passed_ns * S_PER_NS)
        self._ts_ns = ts_ns

    def on_fill(self, ts_ns: int, size: float) -> str | None:
        """Count one fill, size in base units. Return the limit that is exceeded, or None."""
        orders = self._orders.add(ts_ns, size / self._order_size)
        expected = self._expected.total(ts_ns)
        orders_max = max(ORDERS_ALWAYS, EXPECTED_TIMES * expected)
        if not orders <= orders_max:
            return f"filled {orders:.1f} order sizes within 60 s, limit {orders_max:.1f}"
        turnover_max = self._turnover_max * max(self._inventory_orders, expected)
        if not orders <= turnover_max:
            traded, limit = orders * self._order_size, turnover_max * self._order_size
            return f"traded {plain(traded)} within 60 s, limit {plain(limit)}"
        return None
