"""Applies order events to our orders and our inventory (rules OL-01 to OL-10).

Silence never ends an order. It ends by a definitive reject, by its end at the venue with every fill
booked, or by proof that the venue does not know it (`engine/reconciliation/reconcile.py`).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from quoter.domain.commands import CancelOrder, QueryOrder
from quoter.domain.errors import IllegalTransition
from quoter.domain.events import (
    CancelReject,
    Fill,
    OrderAck,
    OrderDone,
    OrderEvent,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderSent,
    OrderUnknown,
)
from quoter.domain.number_text import plain
from quoter.domain.orders import OrderState
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason
from quoter.domain.step import Booked
from quoter.domain.trading import CancelReason, Cause
from quoter.domain.units import NS_PER_MS
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.orders.unmatched_fills import UnmatchedFills
from quoter.engine.step_builder import StepBuilder
from quoter.state.attribution import Attribution
from quoter.state.inventory import (
    Inventory,
    LedgerConflict,
    fill_text,
    is_amount,
    is_execution,
)
from quoter.state.open_orders import OpenOrder, OpenOrders
from quoter.state.order_table import OrderUpdate, next_state

CANCEL_RETRY_NS = (500 * NS_PER_MS, 1_000 * NS_PER_MS, 2_000 * NS_PER_MS)  # then every 2 s
KILL_RETRY_NS = (250 * NS_PER_MS, *CANCEL_RETRY_NS)  # rule KS-04
FINAL = frozenset({CancelReason.KILL, CancelReason.DRAIN})
ACK_WAIT_NS = 500 * NS_PER_MS  # a cancel waits this long for the answer to its create
# Minimum time between two queries about a closed order that seems to be open.
CLOSED_ORDER_QUERY_APART_NS = 1_000 * NS_PER_MS


class Prices(Protocol):
    """Prices that a fill is compared with, quote/base; `None` without a usable book."""

    @property
    def mid(self) -> float | None: ...

    @property
    def fair_value(self) -> float | None: ...


class Lifecycle:
    """Applies order events. It shares orders and inventory with the rest of the engine."""

    def __init__(
        self,
        *,
        orders: OpenOrders,
        inventory: Inventory,
        attribution: Attribution,
        charge: Callable[[Fill, StepBuilder], None],
        causes: HaltCauses,
        prices: Prices,
        prefixes: tuple[str, str],
    ) -> None:
        """Store the collaborators.

        prefixes: beginnings of the client ids of our instance and of this run. charge: subtracts
        the fee of a booked fill from the profit if that needs a price.
        """
        self._orders = orders
        self._inventory = inventory
        self._attribution = attribution
        self._charge = charge
        self._causes = causes
        self._prices = prices
        self.last_booked_ns = 0  # when the newest fill was booked
        self.unmatched_fills = UnmatchedFills(
            orders=orders,
            inventory=inventory,
            causes=causes,
            own_prefix=prefixes[0],
            run_prefix=prefixes[1],
        )

    def handle(self, event: OrderEvent, step: StepBuilder) -> None:
        match event:
            case Fill():
                self.book_fill(event, step)
                return
            case OrderOpen():
                client_id = event.order.client_id
            case _:
                client_id = event.client_id
        order = self._orders.live(client_id)
        if order is None:
            self._on_closed_order(event, client_id, step)
            return
        try:
            self._apply(event, order, step)
        except IllegalTransition as error:
            step.add_anomaly("illegal_transition", str(error))

    def _apply(self, event: OrderEvent, order: OpenOrder, step: StepBuilder) -> None:
        match event:
            case OrderSent():
                self._transition(order, OrderUpdate.SENT, step)
            case OrderAck():
                self._learn_venue_id(order, event.venue_id, step)
                self._confirm_open(order, OrderUpdate.ACK, step)
            case OrderReject() if order.venue_id or order.filled:
                step.add_anomaly("reject_of_live_order", f"{order.client_id}: {event.text}")
                order.next_query_ns = step.ts_ns
            case OrderReject():
                self._transition(order, OrderUpdate.REJECT, step, f"{event.reason}: {event.text}")
                if event.reason is RejectReason.AUTH:
                    self._causes.raise_cause(step, Cause.KEY_REFUSED, event.text)
            case OrderUnknown():
                self._transition(order, OrderUpdate.NO_ANSWER, step, event.text)
                self._mark_unknown(order, step)
            case OrderOpen():
                self._learn_venue_id(order, event.order.venue_id, step)
                order.not_found_ns = 0
                order.next_query_ns = order.queries_sent = 0
                self._record_venue_filled(order, event.order.filled, step)
                self._confirm_open(order, OrderUpdate.LISTED_OPEN, step)
            case OrderDone():
                self._on_done(order, event, step)
                self._learn_venue_id(order, event.venue_id, step)
            case OrderNotFound():
                step.add_anomaly("order_not_found", order.client_id)
            case CancelReject():
                self._on_cancel_reject(order, event, step)
            case Fill():
                raise AssertionError("fills are booked by `book_fill`")

    def _confirm_open(self, order: OpenOrder, update: OrderUpdate, step: StepBuilder) -> None:
        """Apply an update that shows the order open, unless its last fill has just been booked."""
        if not order.state.is_terminal:
            self._transition(order, update, step)

    def _on_done(self, order: OpenOrder, event: OrderDone, step: StepBuilder) -> None:
        """End the order, or wait for its missing fills.

        Of an order that was filled whole, but with a smaller filled size, all fills are expected:
        the lists of trades bring them, or a cause says that they are missing.
        """
        order.next_query_ns = step.ts_ns
        filled = event.filled
        if not self._record_venue_filled(order, filled, step):
            return
        if event.reason is DoneReason.FILLED and filled < order.size:
            total, size = plain(filled), plain(order.size)
            step.add_anomaly("filled_size_short", f"{order.client_id}: {total} of {size}")
            filled = order.venue_filled = order.size
        if filled < order.filled:
            total, ours = plain(filled), plain(order.filled)
            detail = (
                f"order {order.client_id}: the venue reports {total} filled in total, our books "
                f"have {ours}"
            )
            self._causes.raise_cause(step, Cause.LEDGER_CONFLICT, detail)
        update = OrderUpdate.ENDED_UNSETTLED if order.has_missing_fills else OrderUpdate.ENDED
        self._transition(order, update, step, event.reason)

    def _record_venue_filled(self, order: OpenOrder, filled: Decimal, step: StepBuilder) -> bool:
        """Record the venue's cumulative filled size; return False if it is not an amount."""
        if not is_amount(filled):
            step.add_anomaly("bad_cumulative_fill", f"{order.client_id}: {plain(filled)}")
            return False
        order.venue_filled = max(order.venue_filled, filled)
        return True

    def _mark_unknown(self, order: OpenOrder, step: StepBuilder) -> None:
        """Cancel an order whose state is UNKNOWN, and query it until there is an answer."""
        if order.state is not OrderState.UNKNOWN:
            return
        order.unknown_since_ns = step.ts_ns
        order.next_query_ns = step.ts_ns + 500 * NS_PER_MS
        order.cancels_sent, order.next_cancel_ns = 0, step.ts_ns
        self.request_cancel(order, CancelReason.UNKNOWN, step)

    def _on_cancel_reject(self, order: OpenOrder, event: CancelReject, step: StepBuilder) -> None:
        """Record the reject; the cancel is repeated, because a reject does not prove an end.

        After NOT_FOUND the order is also queried.
        """
        step.add_anomaly(f"cancel_{event.reason}", f"{order.client_id}: {event.text}")
        if event.reason is CancelRejectReason.NOT_FOUND:
            order.next_query_ns = step.ts_ns

    def _on_closed_order(self, event: OrderEvent, client_id: str, step: StepBuilder) -> None:
        """Handle an event of an order that is not live: late, of an unknown id, or contrary."""
        order = self._orders.closed(client_id)
        if order is None:
            step.add_anomaly("unknown_client_id", client_id)
        elif isinstance(event, OrderAck) and order.is_taking:
            pass  # an IOC order that ended before its answer came
        elif isinstance(event, OrderOpen | OrderAck) and order.state is not OrderState.FILLED:
            step.add_anomaly("closed_order_alive", client_id)
            if step.ts_ns < order.next_query_ns:
                return  # the answer to our query may arrive next
            order.next_query_ns = step.ts_ns + CLOSED_ORDER_QUERY_APART_NS
            step.commands.append(QueryOrder(client_id=client_id, venue_id=order.venue_id))
            self.cancel_by_id(client_id, order.venue_id, step)
        elif isinstance(event, OrderDone) and is_amount(event.filled):
            if not event.filled > order.filled:
                return
            ours, theirs = plain(order.filled), plain(event.filled)
            text = (
                f"order {client_id} was closed with {ours} filled; now the venue reports {theirs}"
            )
            self._causes.raise_cause(step, Cause.ORDER_REAPPEARED, text)

    def cancel_by_id(self, client_id: str, venue_id: str, step: StepBuilder) -> None:
        """Cancel an order that is open at the venue but not in our books."""
        step.commands.append(
            CancelOrder(client_id=client_id, venue_id=venue_id, reason=CancelReason.NOT_IN_BOOKS)
        )

    def book_fill(self, fill: Fill, step: StepBuilder) -> None:
        """Book one execution, then update its order."""
        known = self._orders.find(fill.client_id) or self._orders.by_venue_id(fill.venue_id)
        if known is None:
            self.unmatched_fills.add(fill, step)
            return
        if not is_execution(fill):
            text = f"trade {fill.trade_id} has impossible numbers: {fill_text(fill)}"
            self._causes.raise_cause(step, Cause.LEDGER_CONFLICT, text)
            return
        mid, fair = self._prices.mid, self._prices.fair_value
        try:
            if not self._inventory.book(fill):
                return
        except LedgerConflict as error:
            self._causes.raise_cause(step, Cause.LEDGER_CONFLICT, str(error))
            return
        self.last_booked_ns = step.ts_ns
        mark = self._attribution.mark_of(mid) if mid is not None else None
        self._attribution.fill(fill, mark, step.ts_ns)
        self._charge(fill, step)
        step.booked.append(Booked(fill=fill, inventory=self._inventory.net, fair=fair))
        order = self._orders.live(known.client_id)
        if order is None:
            text = f"trade {fill.trade_id} came when order {known.client_id} was {known.state}"
            self._causes.raise_cause(step, Cause.ORDER_REAPPEARED, text)
            return
        if fill.side is not order.side:
            text = (
                f"order {order.client_id} is a {order.side}, but its trade {fill.trade_id} is a "
                f"{fill.side}"
            )
            self._causes.raise_cause(step, Cause.INVARIANT_BROKEN, text)
            return
        if fill.size > order.leaves:
            size, left = plain(fill.size), plain(order.leaves)
            text = f"order {order.client_id}: a fill of {size}, but only {left} was left"
            self._causes.raise_cause(step, Cause.INVARIANT_BROKEN, text)
        self._orders.fill(order, fill.size)
        order.filled_ns = step.ts_ns
        self._after_fill(order, step)

    def _after_fill(self, order: OpenOrder, step: StepBuilder) -> None:
        if order.leaves == 0:
            self._transition(order, OrderUpdate.LAST_FILL, step)
        elif order.state is OrderState.CLOSED_UNSETTLED and not order.has_missing_fills:
            self._transition(order, OrderUpdate.ENDED, step, "settled")
        else:
            self._transition(order, OrderUpdate.PART_FILL, step)

    def _learn_venue_id(self, order: OpenOrder, venue_id: str, step: StepBuilder) -> None:
        """Record the venue's id of an order, and book the waiting fills that have only that id."""
        if not venue_id or order.venue_id:
            return
        self._orders.learn_venue_id(order, venue_id)
        for fill in self.unmatched_fills.take(venue_id):
            self.book_fill(fill, step)

    def release(self, order: OpenOrder, step: StepBuilder) -> None:
        """Close an order that the venue provably does not know."""
        self._transition(order, OrderUpdate.PROVEN_ABSENT, step, "not known to the venue")

    def request_cancel(self, order: OpenOrder, reason: CancelReason, step: StepBuilder) -> None:
        """Request the end of an order and send its cancel if due; the first reason is kept."""
        if order.cancel_reason is None:
            self._orders.request_end(order, reason, step.ts_ns)
            order.next_cancel_ns = step.ts_ns
            if order.state is OrderState.PENDING_NEW:
                order.next_cancel_ns = order.changed_ns + ACK_WAIT_NS
        self.send_due_cancel(order, step)

    def send_due_cancel(self, order: OpenOrder, step: StepBuilder) -> None:
        """Send the cancel if it is due, its end was requested, and the order may still be live."""
        is_over = order.state is OrderState.CLOSED_UNSETTLED
        if order.cancel_reason is None or is_over or step.ts_ns < order.next_cancel_ns:
            return
        pauses_ns = KILL_RETRY_NS if order.cancel_reason in FINAL else CANCEL_RETRY_NS
        attempt = min(order.cancels_sent, len(pauses_ns) - 1)
        order.cancels_sent += 1
        order.next_cancel_ns = step.ts_ns + pauses_ns[attempt]
        step.commands.append(
            CancelOrder(
                client_id=order.client_id, venue_id=order.venue_id, reason=order.cancel_reason
            )
        )
        self._transition(order, OrderUpdate.CANCEL_SENT, step, order.cancel_reason)

    def _transition(
        self, order: OpenOrder, update: OrderUpdate, step: StepBuilder, text: str = ""
    ) -> None:
        before = order.state
        after = next_state(before, update, client_id=order.client_id)
        is_answer = update is not OrderUpdate.CANCEL_SENT and after is not before
        if before is OrderState.PENDING_NEW and is_answer:
            order.next_cancel_ns = min(order.next_cancel_ns, step.ts_ns)
        if after is not before:
            order.changed_ns = step.ts_ns
        if after.is_terminal:
            self._orders.close(order, after, step.ts_ns)
        else:
            self._orders.set_state(order, after)
        step.order_changed(order.client_id, before, after, text)
