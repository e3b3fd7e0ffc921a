"""Limits on the number of new orders: per minute, and per fill (rule PT-07).

The message budget (`message_budget.py`) keeps the rate below the limit per minute, so exceeding
that limit is a fault.
"""

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.message_budget import MessageBudget
from quoter.risk.monitors.sliding import SlidingSum

MINUTE_NS = 60 * NS_PER_S
RATIO_WINDOW_NS = 10 * MINUTE_NS
SLOTS = 60
JUDGED_FROM = 1_000  # orders in the window: with fewer, their ratio to fills means nothing
CLEAR_SHARE = 0.8  # of a limit: at or below it the breach is over
SPARE_MAX = 200.0  # orders that may be sent at once without any fill
SPENT_SHARE = 0.75  # of the orders that the fills allow: with SPARE_MAX it stays below the limit
TOLERANCE_FACTOR_MAX = 10.0  # reached when no spare order is left


class MessageRate:
    """Counts new orders against two limits.

    per_min: new orders in 60 s, > 0; per_fill: new orders per execution in 10 min, 0 for off.
    """

    def __init__(self, *, per_min: int, per_fill: int) -> None:
        if not (per_min > 0 and per_fill >= 0):
            raise ValueError(f"out of domain: {per_min=} {per_fill=}")
        self._per_min, self._per_fill = per_min, per_fill
        self._minute = SlidingSum(window_ns=MINUTE_NS, slots=SLOTS)
        self._creates = SlidingSum(window_ns=RATIO_WINDOW_NS, slots=SLOTS)
        self._fills = SlidingSum(window_ns=RATIO_WINDOW_NS, slots=SLOTS)
        self._spare = MessageBudget(
            rate_per_s=self._allowed_per_s(0), burst=SPARE_MAX, lowest=-SPARE_MAX
        )

    def on_create(self, ts_ns: int) -> None:
        self._minute.add(ts_ns, 1.0)
        self._creates.add(ts_ns, 1.0)
        self._spare.take()

    def on_fill(self, ts_ns: int) -> None:
        self._fills.add(ts_ns, 1.0)

    def breach(self, ts_ns: int) -> str | None:
        """The limit that is exceeded, as text with its figures, or None."""
        return self._beyond(ts_ns, share=1.0)

    def is_well_within_limits(self, ts_ns: int) -> bool:
        """Whether both counts are at or below CLEAR_SHARE of their limits."""
        return self._beyond(ts_ns, share=CLEAR_SHARE) is None

    def tolerance_factor(self, ts_ns: int) -> float:
        """Factor on the requote tolerance, >= 1.

        It grows to TOLERANCE_FACTOR_MAX as the orders that the fills allow are used up. Where our
        quotes rarely fill, the orders of 10 min must last for 10 min.
        """
        if not self._per_fill:
            return 1.0
        self._spare.rate_per_s = self._allowed_per_s(self._fills.total(ts_ns))
        short = min(1.0, max(0.0, 1.0 - 2.0 * self._spare.tokens(ts_ns) / SPARE_MAX))
        return 1.0 + short * (TOLERANCE_FACTOR_MAX - 1.0)

    def _allowed_per_s(self, fills: float) -> float:
        """New orders per second that so many fills within RATIO_WINDOW_NS allow."""
        allowed = max(JUDGED_FROM, self._per_fill * fills)
        return SPENT_SHARE * allowed * NS_PER_S / RATIO_WINDOW_NS

    def _beyond(self, ts_ns: int, *, share: float) -> str | None:
        minute = self._minute.total(ts_ns)
        if minute > share * self._per_min:
            limit = f"{self._per_min} (QUOTER_CREATES_PER_MIN)"
            return f"{minute:.0f} new orders within 60 s, limit {limit}"
        creates, fills = self._creates.total(ts_ns), self._fills.total(ts_ns)
        if not self._per_fill or creates < share * JUDGED_FROM:
            return None
        if creates > share * self._per_fill * fills:
            return (
                f"{creates:.0f} new orders for {fills:.0f} fills within 10 min, "
                f"limit {self._per_fill} for each fill (QUOTER_CREATES_PER_FILL)"
            )
        return None
