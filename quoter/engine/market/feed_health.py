"""Health of the market feed: connected, in sequence, and with a book that may be used.

The causes are MARKET_FEED_DOWN (no connection), BOOK_DESYNC (a gap, or impossible levels) and
BOOK_STALE (no update and no confirmation for too long, or a proof that the book is wrong).
"""

from quoter.domain.commands import ReconnectFeed, RequestReport
from quoter.domain.events import (
    BestPricesReport,
    BookSnapshot,
    FeedDown,
    FeedUp,
    MarketEvent,
    OrderAck,
    OrderEvent,
    TopOfBook,
    Trade,
)
from quoter.domain.market import Side
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.config import BookPolicy
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.book_evidence import SIZE_TOLERANCE
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import RESTING, OpenOrder, OpenOrders

# time after which a snapshot that did not arrive is requested again
RESYNC_AGAIN_NS = 5_000 * NS_PER_MS
# Minimum time between two requests of a snapshot, however often the book has faults.
RESYNC_APART_NS = 1_000 * NS_PER_MS
RECONNECT_APART_NS = 5_000 * NS_PER_MS  # minimum time between two reconnects


class FeedHealth:
    """Raises and clears the causes of the market feed; requests snapshots and confirmations."""

    def __init__(
        self, *, market: MarketView, orders: OpenOrders, causes: HaltCauses, policy: BookPolicy
    ) -> None:
        self._market, self._orders, self._causes = market, orders, causes
        self._policy = policy
        self._evidence = market.evidence
        self._is_up = False
        self._updates = 0  # number of book updates passed to the evidence
        self._requested_ns = 0  # when a snapshot was last requested
        self._is_request_postponed = False  # a fault came too soon after the last request
        self._confirm_ns = 0  # when best prices were last requested
        self._reconnect_ns = 0
        self._proof = ""

    def on_stream(self, event: FeedUp | FeedDown, step: StepBuilder) -> None:
        """Record that the market stream was connected or lost."""
        match event:
            case FeedUp():
                self._is_up = True
                # A new connection begins with a snapshot.
                self._requested_ns = step.ts_ns - RESYNC_APART_NS
                self._evidence.restart(event.ts_ns)
                self._causes.clear(step, Cause.MARKET_FEED_DOWN)
            case FeedDown():
                self._is_up = False
                self._market.invalidate()
                self._causes.raise_cause(step, Cause.MARKET_FEED_DOWN, event.text)

    def on_market_event(self, event: MarketEvent, fault: str | None, step: StepBuilder) -> None:
        """Process an event that was applied to the book.

        fault: why the book is unusable, or None if it is usable.
        """
        book = self._market.book
        if fault is not None:
            self._on_book_fault(fault, step)
        elif isinstance(event, BookSnapshot):
            self._causes.clear(step, Cause.BOOK_DESYNC)
        if isinstance(event, Trade):
            self._on_trade(event, step)
        elif book.updates != self._updates:
            self._updates, touch = book.updates, book.published()
            if isinstance(event, TopOfBook):
                self._evidence.on_ticker(event.ts_ns, event.update_id, last=book.last, touch=touch)
            elif isinstance(event, BookSnapshot):
                self._evidence.on_snapshot(event.ts_ns, last=book.last, touch=touch)
            else:
                changes_best = self._evidence.has_proofs and book.is_at_touch(event)
                self._evidence.on_delta(
                    event.ts_ns, last=book.last, touch=touch, changes_best=changes_best
                )
            if self._causes.switch.is_active(Cause.BOOK_STALE):
                self.check_age(step)

    def on_order_event(self, event: OrderEvent, order: OpenOrder) -> None:
        """Record the acknowledgement or the end of an order; the depth must show resting ones."""
        if order.state not in RESTING:
            self._evidence.on_order_end(order.client_id)
        elif isinstance(event, OrderAck) and not order.is_taking:
            self._evidence.on_order_ack(order.client_id, event.ts_ns)

    def on_best_prices(self, report: BestPricesReport, step: StepBuilder) -> None:
        """Compare the venue's best prices with the book."""
        book = self._market.book
        touch = book.published()
        if touch is None or not self._is_up:
            return
        if proof := self._evidence.on_best_prices(report, *touch, book.last):
            self.on_evidence(proof, step)
        self.check_age(step)

    def on_evidence(self, text: str, step: StepBuilder) -> None:
        """Pause and reconnect, because the book is proven wrong or its stream silent."""
        step.add_anomaly("silent_feed", text)
        self._proof = text
        self._evidence.distrust()
        self._market.invalidate()
        if step.ts_ns - self._reconnect_ns >= RECONNECT_APART_NS:
            self._reconnect_ns = step.ts_ns
            step.commands.append(ReconnectFeed(text=text))
        self.check_age(step)

    def check_age(self, step: StepBuilder) -> None:
        """Raise or clear BOOK_STALE. Call it before every decision, and not only on ticks.

        After a hang of the process, fills and answers may be handled before the next tick.
        """
        if self._is_up and not self._market.is_fresh(step.ts_ns):
            age_s = self._market.age_ns(step.ts_ns) / NS_PER_S
            text = f"no book update and no confirmation for {age_s:.1f} s"
            if not self._evidence.is_trusted:
                text = self._proof
            self._causes.raise_cause(step, Cause.BOOK_STALE, text)
        elif self._causes.switch.is_active(Cause.BOOK_STALE) and self._market.is_fresh(step.ts_ns):
            self._causes.clear(step, Cause.BOOK_STALE)

    def tick(self, step: StepBuilder) -> None:
        """Request a missing snapshot or confirmation; act on a proof against the book."""
        if not self._is_up:
            return
        if self._market.book.ready:
            self._confirm(step)
            if proof := self._evidence.proof(step.ts_ns, self._is_missing):
                self.on_evidence(proof, step)
            return
        pause_ns = RESYNC_APART_NS if self._is_request_postponed else RESYNC_AGAIN_NS
        if step.ts_ns - self._requested_ns >= pause_ns:
            self._request_snapshot(step)

    def _confirm(self, step: StepBuilder) -> None:
        policy = self._policy
        is_doubtful = self._evidence.is_in_doubt or not self._evidence.is_trusted
        pause_ns = policy.mismatch_ns if is_doubtful else policy.confirm_ns
        is_old = (
            is_doubtful
            or self._market.age_ns(step.ts_ns) >= policy.confirm_ns
            or self._evidence.still_ns(step.ts_ns) >= policy.still_ns
        )
        if is_old and step.ts_ns - self._confirm_ns >= pause_ns:
            self._request_best_prices(step)

    def _on_trade(self, trade: Trade, step: StepBuilder) -> None:
        """Request best prices if a trade is beyond the best price of a book that is not updated."""
        touch, policy = self._market.book.published(), self._policy
        if touch is None or step.ts_ns - self._confirm_ns < policy.mismatch_ns:
            return
        bid, ask = touch
        is_beyond = trade.price > ask.price if trade.taker is Side.BUY else trade.price < bid.price
        if is_beyond and self._market.age_ns(step.ts_ns) >= policy.mismatch_ns:
            self._request_best_prices(step)

    def _is_missing(self, client_id: str) -> bool:
        """Whether an order of ours rests within the published depth but is not part of it."""
        order = self._orders.live(client_id)
        if order is None or order.state not in RESTING:
            return False
        price, side = float(order.price), self._market.book.side(order.side)
        own = self._orders.levels[order.side].get(price, 0.0)
        return side.covers(price) and side.size(price) < own * (1.0 - SIZE_TOLERANCE)

    def _on_book_fault(self, text: str, step: StepBuilder) -> None:
        """Pause and request a snapshot, because the book can't be trusted."""
        step.add_anomaly("book_fault", text)
        self._causes.raise_cause(step, Cause.BOOK_DESYNC, text)
        self._is_request_postponed = step.ts_ns - self._requested_ns < RESYNC_APART_NS
        if not self._is_request_postponed:
            self._request_snapshot(step)

    def _request_snapshot(self, step: StepBuilder) -> None:
        self._requested_ns, self._is_request_postponed = step.ts_ns, False
        step.commands.append(RequestReport(kind=ReportKind.BOOK))

    def _request_best_prices(self, step: StepBuilder) -> None:
        self._confirm_ns = step.ts_ns
        step.commands.append(RequestReport(kind=ReportKind.BEST_PRICES))
