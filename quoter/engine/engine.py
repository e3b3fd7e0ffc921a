"""The trading engine: one event in, one Step out.

The same events give the same steps in the daemon, in a replay and in a backtest. The engine reads
no clock, does no I/O and uses no randomness. Every event carries its time; everything else is in
the configuration.
"""

from collections import Counter

from quoter.domain.events import (
    Alarm,
    BalanceReport,
    BestPricesReport,
    BookDelta,
    BookSnapshot,
    CancelReject,
    CoinPrice,
    Drain,
    Event,
    FeedDown,
    FeedUp,
    LiveParamsChanged,
    MakerFeeReport,
    MarketEvent,
    OpenOrdersReport,
    OperatorCommand,
    OrderDone,
    OrderEvent,
    OrderNotFound,
    OrderOpen,
    RateLimited,
    ReportFailed,
    RulesReport,
    Tick,
    TopOfBook,
    Trade,
    TradesReport,
)
from quoter.domain.market import Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Snapshot, Step
from quoter.domain.trading import Cause, NoQuote, Phase, TradingState
from quoter.domain.units import S_PER_NS
from quoter.engine.components import Components
from quoter.engine.config import EngineConfig
from quoter.engine.snapshot import take_snapshot
from quoter.engine.step_builder import StepBuilder
from quoter.pricing.quote.terms import PricingRule, quote_terms


class Engine(Components):
    """Decides what to do after each event. Its state is in memory and is rebuilt from events."""

    def __init__(self, config: EngineConfig, rule: PricingRule = quote_terms) -> None:
        """Build the engine; `rule` prices the quotes. Backtests pass other rules for comparison."""
        super().__init__(config, rule)
        self.phase = Phase.STARTING
        self.seq = 0
        self.ts_ns = 0
        self.counts: Counter[str] = Counter()
        self._lots = 0.0
        self._rate_limited_until_ns = 0
        self._begin()

    def _begin(self) -> None:
        """Raise the causes of streams that are not connected; a dry run has no private stream."""
        self.causes.raise_at_start(Cause.MARKET_FEED_DOWN, "not connected yet")
        if not self.config.is_dry:
            self.causes.raise_at_start(Cause.PRIVATE_STREAM_DOWN, "not connected yet")
        self._refresh_lots()

    @property
    def has_no_orders(self) -> bool:
        """Whether our books have no order that may be live or that lacks fills."""
        return len(self.orders) == 0

    def handle(self, event: Event) -> Step:
        """Apply one event and return the step. No message of a venue makes it raise."""
        # Fills may arrive before older book messages. The engine's own time never decreases.
        self.ts_ns = max(self.ts_ns, event.ts_ns)
        step = StepBuilder(event, self.ts_ns)
        before = self.causes.state
        self.seq += 1
        self._take_in(event, step)
        if step.is_idle:
            return Step(self.seq, event)
        self.causes.clear_due(step)
        self.trial.observe(event, step)
        if step.booked:
            self._after_fills(step)
        if step.orders:
            self.market.expire_own_orders(step.ts_ns)
        self._decide(step)
        for what, _ in step.anomalies:
            self.counts[what] += 1
        if step.raised:
            self.controls.raised(step)
        is_moved = step.raised or step.cleared
        return step.build(self.seq, before, self.causes.state if is_moved else before)

    def _take_in(self, event: Event, step: StepBuilder) -> None:
        match event:
            case BookDelta() | TopOfBook() | BookSnapshot() | Trade():
                self._on_market(event, step)
            case Tick():
                self._on_tick(step)
            case OpenOrdersReport():
                self.reconcile.on_open_orders(event, step)
                self.refused_cancels.on_report(event.asked_ns, step)
            case TradesReport():
                self.reconcile.on_trades(event, step)
                self.refused_cancels.on_report(event.asked_ns, step)
            case BalanceReport():
                self.reconcile.on_balances(event, step)
                self.refused_cancels.on_report(event.asked_ns, step)
                self.reject_backoff.on_balances(event)
            case ReportFailed():
                step.add_anomaly(f"report_failed_{event.kind}", event.text)
                self.reconcile.on_report_failed(event.kind, step)
                self.rules.on_report_failed(event.kind, step)
                self.maker_fee.on_report_failed(event.kind, step)
                self.coin_fees.on_report_failed(event)
            case RulesReport():
                self._on_rules(event, step)
            case MakerFeeReport():
                self.maker_fee.on_report(event, step)
            case BestPricesReport():
                self.feed.on_best_prices(event, step)
            case CoinPrice():
                self.coin_fees.on_price(event, step)
                self.losses.check(step)
            case FeedUp() | FeedDown():
                self._on_stream(event, step)
            case RateLimited():
                self._rate_limited_until_ns = max(self._rate_limited_until_ns, event.until_ns)
                self.causes.raise_cause(step, Cause.RATE_LIMITED, event.text)
            case Alarm(cause=Cause.VENUE_STATUS) if not self.config.is_dry:
                self.reconcile.on_venue_status(event, step)
            case Alarm(cause=Cause.CONNECT_BUDGET, active=True):
                self.causes.on_attempts_exhausted(step, event.text)
            case Alarm(cause=Cause.BOOK_STALE):
                self.feed.on_evidence(event.text, step)
            case Alarm():
                self.causes.set(step, event.cause, active=event.active, text=event.text)
            case OperatorCommand() | LiveParamsChanged():
                self.controls.handle(event, step)
                if isinstance(event, Drain):
                    self.phase = Phase.DRAINING
            case _:
                self._on_order(event, step)

    def _on_market(self, event: MarketEvent, step: StepBuilder) -> None:
        was_ready = self.market.book.ready
        fault = self.market.apply(event)
        self.feed.on_market_event(event, fault, step)
        if isinstance(event, BookSnapshot) and fault is None:
            if not was_ready:
                self.estimators.restart()
        elif fault is None and not (
            self.market.has_new_best or step.cleared or isinstance(event, Trade)
        ):
            # the best prices did not change: estimates, quote and orders stay as they are
            step.is_idle = True
            return
        self.activity_limits.on_market(event, step)
        self.estimators.observe(event, step)

    def _on_stream(self, event: FeedUp | FeedDown, step: StepBuilder) -> None:
        self.rules.on_stream(event)
        match event:
            case FeedUp(stream=Stream.PRIVATE):
                self.reconcile.on_private_stream_up(step)
            case FeedDown(stream=Stream.PRIVATE):
                self.reconcile.on_private_stream_down(step, event.text)
            case _:
                self.feed.on_stream(event, step)

    def _on_rules(self, event: RulesReport, step: StepBuilder) -> None:
        if self.rules.on_report(event, step):
            self.leave_old_grid(step)

    def _on_order(self, event: OrderEvent, step: StepBuilder) -> None:
        order = self.orders.live(getattr(event, "client_id", ""))
        if order is not None:
            self.reject_backoff.on_order_event(event, order, step)
            if self.reject_backoff.needs_balances:
                self.reconcile.make_due(ReportKind.BALANCES, step.ts_ns)
        self.lifecycle.handle(event, step)
        if isinstance(event, CancelReject):
            self.refused_cancels.on_cancel_reject(event, step)
        if order is not None:
            self.feed.on_order_event(event, order)
        self.rules.on_order_event(event)
        if isinstance(event, OrderNotFound) and order is not None:
            self.reconcile.on_order_not_found(order, step)
        elif isinstance(event, OrderOpen | OrderDone):
            self.reconcile.on_order_event(event, step)

    def _after_fills(self, step: StepBuilder) -> None:
        self._refresh_lots()
        executions = self.executions.merge(step.ts_ns, (one.fill for one in step.booked))
        self.estimators.on_fills(step.ts_ns * S_PER_NS, executions)
        self.losses.on_fills(step)
        self.maker_fee.on_fills(step)
        self.activity_limits.on_fills(executions, step)

    def _refresh_lots(self) -> None:
        self._lots = float(self.inventory.net / self.config.order_size)

    def _on_tick(self, step: StepBuilder) -> None:
        self.market.expire_own_orders(step.ts_ns)
        self.estimators.observe(step.event, step)
        if step.ts_ns >= self._rate_limited_until_ns:
            self.causes.clear(step, Cause.RATE_LIMITED)
        self.feed.tick(step)
        if not self.config.is_dry:
            if self.refused_cancels.needs_report:
                self.reconcile.make_due(ReportKind.OPEN_ORDERS, step.ts_ns)
            self.reconcile.tick(step)
            self.rules.tick(step)
            self.coin_fees.tick(step)
            self.maker_fee.tick(step)
            self.stopping.check_cancels(step)
        self.losses.check(step)
        self.regime.tick(step, self.losses.equity)
        self.activity_limits.tick(step, expected_fills_per_s=self.calibration.expected_fills_per_s)
        self.counter_check.tick(step)

    def _decide(self, step: StepBuilder) -> None:
        self.feed.check_age(step)
        state = self.causes.state
        if state >= TradingState.PAUSED or self.phase is Phase.DRAINING:
            self._stop(state, step)
            return
        self.stopping.on_quoting_allowed()
        if self.quoting.refresh(step.ts_ns, self._lots):
            step.quote = self.quoting.latest
            for off in step.quote.off:
                self.counts[f"no_quote_{off.reason}"] += 1
            self.activity_limits.on_quote(step.quote, step)
        if self.phase is Phase.STARTING and self.calibration.ready:
            self.phase = Phase.DRY_RUN if self.config.is_dry else Phase.LIVE
        if self.config.is_dry:
            return
        self.activity_limits.check_create_rate(step)
        if (state := self.causes.state) < TradingState.PAUSED:
            self._place(state, step)
        else:
            self._stop(state, step)

    def _place(self, state: TradingState, step: StepBuilder) -> None:
        quoting = self.quoting
        if self.flattening.is_on:
            self._show_nothing(step)
            self.flattening.advance(state, self.phase, step)
        elif not self.trial.is_quoting_allowed:
            self._show_nothing(step)
            self.trial.advance(state, self.phase, step)
        else:
            self.placing.requote(
                quoting.latest, book_seq=quoting.book_seq, state=state, phase=self.phase, step=step
            )
        self.activity_limits.count_creates(step)

    def _stop(self, state: TradingState, step: StepBuilder) -> None:
        self.stopping.stop(state, self.phase, step)
        self._show_nothing(step)

    def _show_nothing(self, step: StepBuilder) -> None:
        if self.quoting.latest.bids or self.quoting.latest.asks:
            self.quoting.clear(NoQuote.STATE)
            step.quote = self.quoting.latest

    def snapshot(self) -> Snapshot:
        """The complete visible state as of the last event."""
        return take_snapshot(
            self, ts_ns=self.ts_ns, seq=self.seq, phase=self.phase, counts=self.counts
        )
