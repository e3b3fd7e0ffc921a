"""Decides which orders to query and when: no answer, no confirmed end, or missing fills."""

from collections.abc import Callable

from quoter.domain.commands import QueryOrder
from quoter.domain.events import OrderUnknown
from quoter.domain.orders import OrderState
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.orders.lifecycle import Lifecycle
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import RESTING, OpenOrder

QUERY_BACKOFF_NS = (500 * NS_PER_MS, NS_PER_S, 2 * NS_PER_S, 4 * NS_PER_S, 8 * NS_PER_S)
NEGATIVES_APART_NS = 2 * NS_PER_S
MISSING_FILLS_GRACE_NS = 300 * NS_PER_MS  # the private stream usually brings the fill within it
# longer than every time-out of the gateway; later no answer will come
ANSWER_TIMEOUT_NS = 15 * NS_PER_S


class OrderQueries:
    """Queries orders with growing pauses; one list of trades serves all missing fills."""

    def __init__(self, *, lifecycle: Lifecycle, make_trades_due: Callable[[int], None]) -> None:
        """Store the collaborators.

        make_trades_due: sets the latest time, ns, at which the list of trades is requested.
        """
        self._lifecycle = lifecycle
        self._make_trades_due = make_trades_due
        self._trades_due_ns = 0

    def query_if_due(self, order: OpenOrder, step: StepBuilder) -> None:
        """Query the order if its state is doubtful; request the trades if its fills are missing.

        Call it on every tick. An order without an answer for ANSWER_TIMEOUT_NS becomes UNKNOWN.
        """
        if not order.has_missing_fills:
            order.fills_missing_since_ns = 0
        elif not order.fills_missing_since_ns:
            order.fills_missing_since_ns = step.ts_ns
        age_ns = step.ts_ns - order.changed_ns
        if order.has_missing_fills and age_ns >= MISSING_FILLS_GRACE_NS:
            if step.ts_ns >= self._trades_due_ns:  # one list serves all orders
                self._trades_due_ns = step.ts_ns + NS_PER_S
                self._make_trades_due(step.ts_ns)
            return
        if order.state is OrderState.PENDING_NEW and age_ns >= ANSWER_TIMEOUT_NS:
            text = "no answer to its create"
            lost = OrderUnknown(ts_ns=step.ts_ns, client_id=order.client_id, text=text)
            self._lifecycle.handle(lost, step)
        is_doubtful = order.state in (OrderState.UNKNOWN, OrderState.PENDING_CANCEL) or (
            order.state in RESTING
            and (order.next_query_ns > 0 or self._should_be_over(order, step))
        )
        if is_doubtful and step.ts_ns >= order.next_query_ns:
            self._query(order, step)

    def _should_be_over(self, order: OpenOrder, step: StepBuilder) -> bool:
        """Whether an IOC order is reported open for so long that its end was probably missed."""
        return order.is_taking and step.ts_ns - order.changed_ns >= NS_PER_S

    def _query(self, order: OpenOrder, step: StepBuilder) -> None:
        if order.state is OrderState.PENDING_CANCEL and not order.next_query_ns:
            order.next_query_ns = step.ts_ns + 2 * NS_PER_S  # its cancel is still being answered
            return
        attempt = min(order.queries_sent, len(QUERY_BACKOFF_NS) - 1)
        order.queries_sent += 1
        order.next_query_ns = step.ts_ns + QUERY_BACKOFF_NS[attempt]
        if order.not_found_ns:
            # After the fence, two negative answers must be this far apart; an earlier query would
            # prove nothing.
            order.next_query_ns = step.ts_ns + NEGATIVES_APART_NS
        step.commands.append(QueryOrder(client_id=order.client_id, venue_id=order.venue_id))
