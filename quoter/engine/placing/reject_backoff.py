"""Per-side back-off for new orders after rejects and unrequested ends (rule OL-10)."""

from collections import deque

from quoter.domain.events import (
    BalanceReport,
    OrderAck,
    OrderDone,
    OrderEvent,
    OrderReject,
    OrderUnknown,
)
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason, RejectReason
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder
from quoter.risk.monitors.reject_streak import REJECTS_MAX as STREAK_MAX
from quoter.risk.monitors.reject_streak import RejectStreak
from quoter.state.open_orders import OpenOrder

REJECT_PAUSE_NS = {
    RejectReason.POST_ONLY: 50 * NS_PER_MS,
    RejectReason.BALANCE: 5_000 * NS_PER_MS,
    RejectReason.FILTER: 5_000 * NS_PER_MS,
    RejectReason.RATE_LIMIT: 1_000 * NS_PER_MS,
    RejectReason.AUTH: 0,  # raises a kill instead: see `engine/orders/lifecycle.py`
    RejectReason.NOT_SENT: 0,
    RejectReason.OTHER: 2_000 * NS_PER_MS,
}
UNKNOWN_PAUSE_NS = 1_000 * NS_PER_MS  # after a create without an answer
REJECTS_MAX = 3  # rejects of a side within REJECT_WINDOW_NS; then it waits for REJECT_REST_NS
REJECT_WINDOW_NS = 10_000 * NS_PER_MS
REJECT_REST_NS = 2_000 * NS_PER_MS


class RejectBackoff:
    """Decides which sides may create orders.

    After a reject a side waits for a time. After a post-only reject it also waits for a newer book,
    after a reject for lack of funds for a balance report.

    An order that ends without our cancel before it is filled is treated like a post-only reject.
    Some venues accept such an order and then cancel it; another process, such as a second daemon of
    this instance, may also have cancelled it.
    """

    def __init__(self, *, market: MarketView, causes: HaltCauses) -> None:
        self._market = market
        self._causes = causes
        self._until_ns = dict.fromkeys(Side, 0)
        self._rejects: dict[Side, deque[int]] = {s: deque(maxlen=REJECTS_MAX) for s in Side}
        self._streaks = {side: RejectStreak() for side in Side}
        # Ends that we did not request. An accepted order does not end this streak.
        self._ends = {side: RejectStreak() for side in Side}
        self._priced_ns = dict.fromkeys(Side, -1)  # a book newer than this is required
        self._unfunded_ns: dict[Side, int] = {}  # time of the reject for lack of funds

    def may_create(self, side: Side, ts_ns: int) -> bool:
        """Whether this side may create an order now."""
        is_newer = self._market.book.ts_ns > self._priced_ns[side]
        return ts_ns >= self._until_ns[side] and is_newer and side not in self._unfunded_ns

    @property
    def needs_balances(self) -> bool:
        """Whether a side waits for a balance report."""
        return bool(self._unfunded_ns)

    def on_balances(self, report: BalanceReport) -> None:
        """Allow orders again on sides that were rejected for lack of funds before the report."""
        for side, since_ns in list(self._unfunded_ns.items()):
            if report.asked_ns >= since_ns:
                del self._unfunded_ns[side]

    def block_until(self, side: Side, until_ns: int) -> None:
        self._until_ns[side] = max(self._until_ns[side], until_ns)

    def on_order_event(self, event: OrderEvent, order: OpenOrder, step: StepBuilder) -> None:
        """Start a back-off after a reject, a missing answer or an end that we did not request.

        An accepted order resets its side's streak of rejects.
        """
        match event:
            case OrderReject():
                self._on_reject(event, order, step)
            case OrderUnknown():
                self.block_until(order.side, event.ts_ns + UNKNOWN_PAUSE_NS)
            case OrderAck():
                self._streaks[order.side].accepted()
            case OrderDone():
                self._on_end(event, order, step)
            case _:
                pass

    def _on_end(self, event: OrderDone, order: OpenOrder, step: StepBuilder) -> None:
        """Process the end of an order that was neither filled completely nor cancelled by us."""
        is_ours = order.cancel_reason is not None or order.is_taking
        if is_ours or event.reason is DoneReason.FILLED:
            return
        side = order.side
        self._rejects[side].append(event.ts_ns)
        self._wait(side, event.ts_ns, REJECT_PAUSE_NS[RejectReason.POST_ONLY])
        if self._ends[side].refused(event.reason, step.ts_ns):
            text = (
                f"{STREAK_MAX} {side} orders ended at the venue ({event.reason}) without our cancel"
            )
            self._causes.raise_cause(step, Cause.REPEATED_EXECUTION, text)

    def _on_reject(self, event: OrderReject, order: OpenOrder, step: StepBuilder) -> None:
        ts_ns, side, reason = event.ts_ns, order.side, event.reason
        if reason is RejectReason.POST_ONLY:
            self._priced_ns[side] = max(self._priced_ns[side], order.created_ns)
        elif reason is RejectReason.BALANCE:
            self._unfunded_ns[side] = ts_ns
        if reason is not RejectReason.NOT_SENT:
            self._rejects[side].append(ts_ns)
            self._count(reason, side, step)
        self._wait(side, ts_ns, REJECT_PAUSE_NS[reason])

    def _wait(self, side: Side, ts_ns: int, pause_ns: int) -> None:
        """Block the side for `pause_ns`, or longer after REJECTS_MAX rejects within the window."""
        rejects = self._rejects[side]
        if len(rejects) == REJECTS_MAX and ts_ns - rejects[0] < REJECT_WINDOW_NS:
            pause_ns = max(pause_ns, REJECT_REST_NS)
        self.block_until(side, ts_ns + pause_ns)

    def _count(self, reason: RejectReason, side: Side, step: StepBuilder) -> None:
        if self._streaks[side].refused(reason, step.ts_ns):
            text = f"the venue rejected {STREAK_MAX} {side} orders in a row: {reason}"
            self._causes.raise_cause(step, Cause.REPEATED_EXECUTION, text)
