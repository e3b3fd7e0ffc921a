"""Detects fills that come faster than the market explains (rule PT-08). Its cause is latched.

Fills are counted in order sizes and compared with the expected rate of fills. `reject_streak.py`
counts consecutive rejects, which raise the same cause.
"""

from quoter.domain.number_text import plain
from quoter.domain.poisson import ONE_A_YEAR, burst_limit
from quoter.domain.units import NS_PER_S, S_PER_NS
from quoter.risk.monitors.sliding import SlidingSum

WINDOW_S = 60.0
WINDOW_NS = 60 * NS_PER_S
SLOTS = 60
# Multiple of the expected rate that is still attributed to the market: activity may grow before the
# estimate follows, and the estimate may be wrong. Above it, the limit allows for chance only.
MARKET_TIMES = 10.0
EXPECTED_MIN = 3.0  # least number of expected fills in a minute that is used, order sizes


def lots_limit(busy: float) -> int:
    """Return how many order sizes filled within a minute are too many at a mean of `busy`, > 0."""
    return burst_limit(busy / WINDOW_S, WINDOW_S, ONE_A_YEAR)


class RepeatedExecution:
    """Two limits on the volume traded in 60 s, both sides together.

    order_size and inventory_max: base units. turnover_max: multiple of the larger of inventory_max
    and the expected volume.
    """

    def __init__(self, *, order_size: float, inventory_max: float, turnover_max: float) -> None:
        if not (order_size > 0.0 and inventory_max > 0.0 and turnover_max > 0.0):
            raise ValueError(f"out of domain: {order_size=} {inventory_max=} {turnover_max=}")
        self._order_size = order_size
        self._inventory_lots = inventory_max / order_size
        self._turnover_max = turnover_max
        self._lots = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._expected = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
        self._ts_ns: int | None = None

    def expect(self, ts_ns: int, fills_per_s: float) -> None:
        """Add the fills expected since the last call, at a rate of order sizes per second."""
        if self._ts_ns is not None and fills_per_s > 0.0:
            passed_ns = min(max(0, ts_ns - self._ts_ns), WINDOW_NS)
            self._expected.add(ts_ns, fills_per_s * passed_ns * S_PER_NS)
        self._ts_ns = ts_ns

    def on_fill(self, ts_ns: int, lots: float) -> str | None:
        """Count an execution, in order sizes. Return the limit that is exceeded, or None."""
        filled = self._lots.add(ts_ns, lots)
        expected = self._expected.total(ts_ns)
        turnover_max = self._turnover_max * max(self._inventory_lots, expected)
        if not filled <= turnover_max:
            traded, limit = filled * self._order_size, turnover_max * self._order_size
            return f"traded {plain(traded)} within 60 s, limit {plain(limit)} (QUOTER_TURNOVER_MAX)"
        busy = MARKET_TIMES * max(expected, EXPECTED_MIN)
        if not filled <= busy and not filled < (lots_max := lots_limit(busy)):
            return (
                f"filled {filled:.1f} order sizes within 60 s, expected {expected:.1f}, "
                f"limit {lots_max}"
            )
        return None
