"""Reconciles our orders, fills and balances with the reports of the venue.

Reports are requested periodically and after faults. Timers run on `Tick` events. Fills are never
invented and orders never dropped. A lasting difference is not corrected: it raises RECONCILIATION,
and a kill after a minute.
"""

from collections import deque
from collections.abc import Iterable

from quoter.domain.commands import RequestReport
from quoter.domain.events import (
    Alarm,
    BalanceReport,
    OpenOrdersReport,
    OrderDone,
    OrderOpen,
    TradesReport,
)
from quoter.domain.orders import OrderState, VenueOrder
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.engine.config import ReconcilePolicy
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.orders.lifecycle import Lifecycle
from quoter.engine.reconciliation.balance_check import BalanceCheck
from quoter.engine.reconciliation.duplicate_instance import DuplicateInstance
from quoter.engine.reconciliation.foreign_activity import ForeignActivity
from quoter.engine.reconciliation.order_queries import NEGATIVES_APART_NS, OrderQueries
from quoter.engine.reconciliation.venue_position import VenuePosition
from quoter.engine.step_builder import StepBuilder
from quoter.state.inventory import Inventory
from quoter.state.open_orders import RESTING, ClosedOrder, OpenOrder, OpenOrders

CLOSED_GRACE_NS = NS_PER_S  # a venue's list may be slightly older than its own answers
# A list may be outdated if it has an order whose end the venue has reported, or an order of an
# earlier run of ours (all orders of earlier runs ended before this run). Such an order is proven
# open if a list that was requested this much later also has it, or has another order of that run.
OLD_LIST_NS = 10 * NS_PER_S
RELEASED_MAX = 1_000  # number of stored ids of orders that were released as unknown to the venue
# Maximum time for which reported fills may be missing in the list of trades.
MISSING_FILLS_MAX_NS = 10 * NS_PER_S
# a difference that lasts longer is an error in our books or at the venue
LASTING_NS = 60 * NS_PER_S
TRADES_OVERLAP_NS = 60 * NS_PER_S  # for venues that page by time
UNMATCHED_AGE_MAX_NS = 10 * NS_PER_S
UNKNOWN_MAX = 2
UNKNOWN_AGE_NS = 30 * NS_PER_S


class Reconcile:
    """Requests reports, compares them with our books, and releases orders that do not exist."""

    def __init__(
        self,
        *,
        policy: ReconcilePolicy,
        orders: OpenOrders,
        inventory: Inventory,
        lifecycle: Lifecycle,
        causes: HaltCauses,
        own_prefix: str,
        duplicate_instance: DuplicateInstance,
        position: VenuePosition,
    ) -> None:
        self._policy = policy
        self._orders = orders
        self._inventory = inventory
        self._lifecycle = lifecycle
        self._causes = causes
        self._own_prefix = own_prefix
        self._duplicate_instance = duplicate_instance
        self._position = position
        self._order_queries = OrderQueries(
            lifecycle=lifecycle,
            make_trades_due=lambda at_ns: self.make_due(ReportKind.TRADES, at_ns),
        )
        self.foreign = ForeignActivity(policy=policy.foreign, own_prefix=own_prefix, causes=causes)
        self._due = dict.fromkeys(
            (ReportKind.OPEN_ORDERS, ReportKind.TRADES, ReportKind.BALANCES), 0
        )
        self._open_orders_ns = 0  # asked_ns of the newest open-orders report
        self._trades_ns = 0  # asked_ns of the newest trades report
        self._balances_ns = 0  # asked_ns of the newest balances that equalled our books
        self._listed: frozenset[str] = frozenset()
        # Time at which an ended order was first listed, by its id or by its run's id prefix.
        self._ended_listed_ns: dict[str, int] = {}
        self._released: deque[str] = deque(maxlen=RELEASED_MAX)  # client ids
        # The newest trade of a *complete* list. Trades of the private stream are not used, because
        # the stream may have skipped an older one.
        self._confirmed_id = inventory.newest_trade_id
        self._balances = BalanceCheck(inventory)  # RECONCILIATION is raised while balances differ,
        self._missing_fills = ""  # or while fills are missing,
        self._unread = ""  # or while a kind of report is long overdue
        self._balances_read_ns = 0  # asked_ns of the newest balances
        self._differs_since_ns = 0  # 0 while nothing differs
        self.private_up_ns = 0  # 0 while the private stream is down
        self._reopened_ns = 0  # when the venue opened again; 0 once all reports arrived

    def tick(self, step: StepBuilder) -> None:
        """Send due requests, queries and cancels.

        Raise causes for what stays unresolved too long.
        """
        in_question = [order for order in self._orders if order.is_in_question]
        for order in in_question:
            self._lifecycle.send_due_cancel(order, step)
            self._order_queries.query_if_due(order, step)
        self._check_unknown_orders(in_question, step)
        self._check_unread(step)
        self._check_missing_fills(in_question, step)
        for kind in self._due:
            if step.ts_ns >= self._due[kind]:
                self.request(kind, step)
        for fill in self._lifecycle.unmatched_fills.take_older_than(
            step.ts_ns - UNMATCHED_AGE_MAX_NS
        ):
            self.foreign.on_fill(fill, step)
            self.make_due(ReportKind.BALANCES, step.ts_ns)

    def request(self, kind: ReportKind, step: StepBuilder) -> None:
        """Request a report now; the next one is due a period later."""
        period = {
            ReportKind.OPEN_ORDERS: self._policy.open_orders_ns,
            ReportKind.TRADES: self._policy.trades_ns,
            ReportKind.BALANCES: self._policy.balances_ns,
        }[kind]
        self._due[kind] = step.ts_ns + period
        step.commands.append(
            RequestReport(
                kind=kind,
                from_trade_id=self._confirmed_id,
                since_ns=max(0, self._trades_ns - TRADES_OVERLAP_NS),
            )
        )

    def is_clean_since(self, ts_ns: int) -> bool:
        """Whether all reports requested after `ts_ns` arrived and showed no difference."""
        asked_ns = min(self._open_orders_ns, self._trades_ns, self._balances_ns)
        return asked_ns > ts_ns and not (self._listed or self._balances.text or self._missing_fills)

    def make_all_due(self, at_ns: int) -> None:
        """Make every report due no later than `at_ns`."""
        for kind in self._due:
            self.make_due(kind, at_ns)

    def make_due(self, kind: ReportKind, at_ns: int) -> None:
        """Make a report due no later than `at_ns`."""
        self._due[kind] = min(self._due[kind], at_ns)

    def on_report_failed(self, kind: ReportKind, step: StepBuilder) -> None:
        """Request a failed report again within a second."""
        if kind in self._due:
            self.make_due(kind, step.ts_ns + NS_PER_S)

    def on_order_not_found(self, order: OpenOrder, step: StepBuilder) -> None:
        """Release the order if this negative answer completes the proof that it does not exist.

        The first negative answer after the fence is stored, and every later one is compared with
        it. It would not do to compare consecutive answers: those to queries and to cancels come in
        pairs, so that consecutive ones may never be far enough apart.
        """
        if not step.ts_ns > order.created_ns + self._policy.fence_ns:
            return
        order.not_found_ns = order.not_found_ns or step.ts_ns
        are_apart = step.ts_ns - order.not_found_ns >= NEGATIVES_APART_NS
        if not are_apart or order.has_missing_fills:
            return
        was_absent = (
            self._open_orders_ns >= order.not_found_ns and order.client_id not in self._listed
        )
        if was_absent and self._trades_ns >= order.not_found_ns:
            self._released.append(order.client_id)
            self._lifecycle.release(order, step)
        else:
            self.make_due(ReportKind.OPEN_ORDERS, step.ts_ns)
            self.make_due(ReportKind.TRADES, step.ts_ns)

    def _check_unknown_orders(self, orders: Iterable[OpenOrder], step: StepBuilder) -> None:
        unknown = [o for o in orders if o.state is OrderState.UNKNOWN]
        if not unknown:
            self._causes.clear(step, Cause.UNKNOWN_ORDERS)
            return
        oldest = min(o.unknown_since_ns for o in unknown)
        too_many = len(unknown) > UNKNOWN_MAX or step.ts_ns - oldest > UNKNOWN_AGE_NS
        age_s = (step.ts_ns - oldest) / NS_PER_S
        text = f"orders of unknown state: {len(unknown)}, the oldest for {age_s:.0f} s"
        self._causes.set(step, Cause.UNKNOWN_ORDERS, active=too_many, text=text)

    def _check_missing_fills(self, orders: Iterable[OpenOrder], step: StepBuilder) -> None:
        long = [
            order.client_id
            for order in orders
            if order.has_missing_fills
            and order.fills_missing_since_ns
            and step.ts_ns - order.fills_missing_since_ns > MISSING_FILLS_MAX_NS
        ]
        self._missing_fills = (
            f"the venue reports fills that our books lack: orders {', '.join(long)}" if long else ""
        )
        self._check_difference(step)

    def _check_unread(self, step: StepBuilder) -> None:
        """Record which report is long overdue; only reports show fills or orders that we missed."""
        oldest_ns = min(self._open_orders_ns, self._trades_ns, self._balances_read_ns)
        age_ns = step.ts_ns - max(oldest_ns, self.private_up_ns or step.ts_ns)
        if not 0 < self._policy.unread_ns < age_ns:
            self._unread = ""
            return
        read_ns = {
            ReportKind.OPEN_ORDERS: self._open_orders_ns,
            ReportKind.TRADES: self._trades_ns,
            ReportKind.BALANCES: self._balances_read_ns,
        }
        kind = min(read_ns, key=lambda kind: read_ns[kind])
        what, age = kind.replace("_", " "), f"{age_ns / NS_PER_S:.0f} s"
        self._unread = f"the venue has not reported our {what} for {age}"

    def _check_difference(self, step: StepBuilder) -> None:
        text = self._balances.text or self._missing_fills
        self._differs_since_ns = (self._differs_since_ns or step.ts_ns) if text else 0
        text = text or self._unread
        self._causes.set(step, Cause.RECONCILIATION, active=bool(text), text=text)

    def _check_lasting_difference(self, text: str, asked_ns: int, step: StepBuilder) -> None:
        """Raise LEDGER_CONFLICT if this report shows a difference that has lasted too long.

        Only a report proves it; missing answers do not.
        """
        lasted_ns = asked_ns - self._differs_since_ns
        if text and self._differs_since_ns and lasted_ns >= LASTING_NS:
            text = f"a difference for {lasted_ns / NS_PER_S:.0f} s: {text}"
            self._causes.raise_cause(step, Cause.LEDGER_CONFLICT, text)

    def on_private_stream_up(self, step: StepBuilder) -> None:
        """Request all reports, because the stream may have missed events.

        Quoting waits for them.
        """
        self.private_up_ns = step.ts_ns
        for kind in self._due:
            self.request(kind, step)

    def on_private_stream_down(self, step: StepBuilder, text: str) -> None:
        self.private_up_ns = 0
        self._causes.raise_cause(step, Cause.PRIVATE_STREAM_DOWN, text)

    def on_venue_status(self, event: Alarm, step: StepBuilder) -> None:
        """Pause while the venue is closed. Once it opens, check our orders before quoting.

        The venue may have cancelled them while it was closed.
        """
        if event.active:
            self._reopened_ns = 0
            self._causes.raise_cause(step, Cause.VENUE_STATUS, event.text)
            return
        self._reopened_ns = step.ts_ns
        for kind in self._due:
            self.request(kind, step)

    def _check_caught_up(self, step: StepBuilder) -> None:
        """Allow quoting once both lists and balances equal to our books have arrived.

        A venue that was reset lists no order and no trade of ours; only its balances show the
        reset.
        """
        caught_up = min(self._open_orders_ns, self._trades_ns, self._balances_ns)
        if self._reopened_ns and caught_up >= self._reopened_ns:
            self._reopened_ns = 0
            self._causes.clear(step, Cause.VENUE_STATUS)
        if self.private_up_ns and caught_up >= self.private_up_ns:
            self._causes.clear(step, Cause.PRIVATE_STREAM_DOWN)

    def on_open_orders(self, report: OpenOrdersReport, step: StepBuilder) -> None:
        """Compare the venue's list with our orders, except those changed since the request."""
        self.foreign.on_open_orders(report, step)
        own = {o.client_id: o for o in report.orders if o.client_id.startswith(self._own_prefix)}
        if report.asked_ns >= self._open_orders_ns:
            self._open_orders_ns, self._listed = report.asked_ns, frozenset(own)
        for client_id, listed in own.items():
            order = self._orders.live(client_id)
            if order is not None:
                self._lifecycle.handle(OrderOpen(ts_ns=step.ts_ns, order=listed), step)
                continue
            closed = self._orders.closed(client_id)
            if closed is None or closed.changed_ns + CLOSED_GRACE_NS < report.asked_ns:
                self._reappeared(listed, closed, report.asked_ns, step)
        self._ended_listed_ns = {
            start: ns
            for start, ns in self._ended_listed_ns.items()
            if any(client_id.startswith(start) for client_id in own)
        }
        for order in list(self._orders):
            is_settled = order.state in RESTING and order.changed_ns < report.asked_ns
            if is_settled and order.client_id not in own:
                step.add_anomaly("missing_at_venue", order.client_id)
                order.next_query_ns = step.ts_ns
        self._check_caught_up(step)

    def on_order_event(self, event: OrderOpen | OrderDone, step: StepBuilder) -> None:
        """Check an order that is reported open or ended.

        The private stream reports foreign ones too.
        """
        self._duplicate_instance.on_order_event(event, step)
        if not isinstance(event, OrderOpen):
            return
        order = event.order
        if self._duplicate_instance.is_of_other_run(order.client_id):
            # Without this cancel, the other daemon might never detect this one.
            self._lifecycle.cancel_by_id(order.client_id, order.venue_id, step)
        if self.foreign.on_open_order(order, step):
            self.make_due(ReportKind.OPEN_ORDERS, step.ts_ns + NS_PER_S)

    def _reappeared(
        self, listed: VenueOrder, closed: ClosedOrder | None, asked_ns: int, step: StepBuilder
    ) -> None:
        """Handle and cancel a listed order of our prefix that is not live in our books.

        closed: its record if we know its end; None if this run never sent it.
        """
        client_id = listed.client_id
        ended = client_id if closed else self._duplicate_instance.earlier_run(client_id)
        if ended is not None and self._may_be_old(ended, asked_ns):
            step.add_anomaly("listed_after_end", client_id)
            self.make_due(ReportKind.OPEN_ORDERS, step.ts_ns + NS_PER_S)
        elif self._duplicate_instance.is_of_other_run(client_id):
            self._duplicate_instance.raise_cause(f"order {client_id} is open", step)
        else:
            what = "closed in our books" if closed else "never sent by this run"
            text = f"order {listed.client_id} is open, but {what}"
            self._causes.raise_cause(step, Cause.ORDER_REAPPEARED, text)
        self._lifecycle.cancel_by_id(listed.client_id, listed.venue_id, step)

    def _may_be_old(self, ended: str, asked_ns: int) -> bool:
        """Whether a list with an order that has ended may be outdated.

        ended: client id of the order, or id prefix of its run.
        """
        if ended in self._released:
            return False  # its end is our own conclusion
        first_ns = self._ended_listed_ns.setdefault(ended, asked_ns)
        return asked_ns - first_ns < OLD_LIST_NS

    def on_trades(self, report: TradesReport, step: StepBuilder) -> None:
        """Book fills of a list of trades that the private stream did not report."""
        unmatched_fills = len(self._lifecycle.unmatched_fills)
        for fill in report.fills:
            self._lifecycle.book_fill(fill, step)
        if report.asked_ns >= self._trades_ns:
            self._trades_ns = report.asked_ns
            if report.fills:
                self._confirmed_id = report.fills[-1].trade_id
        if len(self._lifecycle.unmatched_fills) > unmatched_fills:
            for order in self._orders:
                if not order.venue_id:
                    order.next_query_ns = step.ts_ns
        self._check_caught_up(step)
        self._check_missing_fills(self._orders, step)
        self._check_lasting_difference(self._missing_fills, report.asked_ns, step)

    def on_balances(self, report: BalanceReport, step: StepBuilder) -> None:
        """Compare the balance of every asset that we trade or pay fees in with our books."""
        self._balances_read_ns = max(self._balances_read_ns, report.asked_ns)
        self._check_unread(step)
        if self._balances.compare(report, step.ts_ns):
            self.foreign.on_balances_equal(report.asked_ns, step)
            self._balances_ns = max(self._balances_ns, report.asked_ns)
            self._check_caught_up(step)
        else:
            self.make_due(ReportKind.TRADES, step.ts_ns)
            self.make_due(ReportKind.BALANCES, step.ts_ns + NS_PER_S)
        self._check_difference(step)
        self._check_lasting_difference(self._balances.text, report.asked_ns, step)
        self._position.check(report, booked_ns=self._lifecycle.last_booked_ns, step=step)
