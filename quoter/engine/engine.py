"""One event in, one Step out. The same events give the same steps, live, in replay, in simulation.

No clock, no I/O, no randomness: time rides on the events, everything else was passed in.
"""

from collections import Counter

from quoter.domain.events import (
    Alarm,
    BalanceReport,
    BookDelta,
    BookSnapshot,
    CoinPrice,
    Event,
    FeedAlive,
    FeedDown,
    FeedUp,
    LiveParamsChanged,
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
from quoter.domain.reasons import OperatorAction, ReportKind
from quoter.domain.step import Snapshot, Step
from quoter.domain.trading import Cause, NoQuote, Phase, TradingState
from quoter.engine.components import Components
from quoter.engine.config import EngineConfig
from quoter.engine.snapshot import take_snapshot
from quoter.engine.step_builder import StepBuilder


class Engine(Components):
    """Decides; everything it owns is in memory and rebuilt from events."""

    def __init__(self, config: EngineConfig) -> None:
        super().__init__(config)
        self.phase = Phase.STARTING
        self.seq = 0
        self.ts_ns = 0
        self.counts: Counter[str] = Counter()
        self._lots = 0.0
        self._rate_limited_until_ns = 0
        self._begin()

    def _begin(self) -> None:
        """Nothing is known yet: both streams count as down until they say otherwise."""
        self.causes.begin(Cause.MARKET_FEED_DOWN, "not connected yet")
        if not self.config.is_dry:
            self.causes.begin(Cause.PRIVATE_STREAM_DOWN, "not connected yet")
        self._refresh_lots()

    @property
    def is_quiet(self) -> bool:
        """No order of ours can be alive any more."""
        return len(self.orders) == 0

    def handle(self, event: Event) -> Step:
        """Take in one fact and decide. Raises nothing for what a venue may send."""
        # Fills overtake book news on their way here; the engine's own time never runs back.
        self.ts_ns = max(self.ts_ns, event.ts_ns)
        turn = StepBuilder(event, self.ts_ns)
        before = self.causes.state
        self.seq += 1
        self._take_in(event, turn)
        if turn.is_idle:
            return Step(self.seq, event)
        self.causes.ripen(turn)
        if turn.booked:
            self._after_fills(turn)
        if turn.orders:
            self.market.age(turn.ts_ns)
        self._decide(turn)
        for what, _ in turn.notes:
            self.counts[what] += 1
        if turn.raised:
            self.controls.raised(turn)
        is_moved = turn.raised or turn.cleared
        return turn.step(self.seq, before, self.causes.state if is_moved else before)

    def _take_in(self, event: Event, turn: StepBuilder) -> None:
        match event:
            case BookDelta() | TopOfBook() | BookSnapshot() | Trade():
                self._on_market(event, turn)
            case Tick():
                self._on_tick(turn)
            case OpenOrdersReport():
                self.reconcile.open_orders(event, turn)
            case TradesReport():
                self.reconcile.trades(event, turn)
            case BalanceReport():
                self.reconcile.balances(event, turn)
                self.reject_backoff.refreshed(event)
            case ReportFailed():
                turn.note(f"report_failed_{event.kind}", event.text)
                self.reconcile.failed(event.kind, turn)
                self.rules.failed(event.kind, turn)
                self.coin_fees.failed(event)
            case RulesReport():
                self.rules.report(event, turn)
            case CoinPrice():
                self.coin_fees.priced(event, turn)
                self.losses.judge(turn)
            case FeedUp(stream=Stream.PRIVATE):
                self.reconcile.private_up(turn)
            case FeedDown(stream=Stream.PRIVATE):
                self.reconcile.private_down(turn, event.text)
            case FeedUp() | FeedDown() | FeedAlive():
                self.feed.on_stream(event, turn)
            case RateLimited():
                self._rate_limited_until_ns = max(self._rate_limited_until_ns, event.until_ns)
                self.causes.trip(turn, Cause.RATE_LIMITED, event.text)
            case Alarm(cause=Cause.VENUE_STATUS) if not self.config.is_dry:
                self.reconcile.venue_status(event, turn)
            case Alarm():
                self.causes.hold(turn, event.cause, active=event.active, text=event.text)
            case OperatorCommand():
                self.controls.handle(event, turn)
                if event.action is OperatorAction.DRAIN:
                    self.phase = Phase.DRAINING
            case LiveParamsChanged():
                self.controls.handle(event, turn)
            case _:
                self._on_order(event, turn)

    def _on_market(self, event: MarketEvent, turn: StepBuilder) -> None:
        was_ready = self.market.book.ready
        fault = self.market.apply(event)
        self.feed.heard(turn)
        if fault is not None:
            self.feed.fault(fault, turn)
        elif isinstance(event, BookSnapshot):
            self.feed.synced(turn)
            if not was_ready:
                self.estimators.restart()
        elif not (self.market.is_moved or turn.cleared or isinstance(event, Trade)):
            turn.is_idle = True  # the best prices stand: no estimate, no quote, no order changes
            return
        self.pretrade.on_market(event, turn)
        self.estimators.observe(event, turn)

    def _on_order(self, event: OrderEvent, turn: StepBuilder) -> None:
        order = self.orders.live(getattr(event, "client_id", ""))
        if order is not None:
            self.reject_backoff.heard(event, order, turn)
            if self.reject_backoff.wants_balances:
                self.reconcile.sooner(ReportKind.BALANCES, turn.ts_ns)
        self.lifecycle.handle(event, turn)
        self.rules.heard(event)
        if isinstance(event, OrderNotFound) and order is not None:
            self.reconcile.not_found(order, turn)
        elif isinstance(event, OrderOpen | OrderDone):
            self.reconcile.heard(event, turn)

    def _after_fills(self, turn: StepBuilder) -> None:
        self._refresh_lots()
        self.estimators.after_fills(turn)
        self.losses.after_fills(turn)
        self.pretrade.after_fills(turn)

    def _refresh_lots(self) -> None:
        self._lots = float(self.inventory.net / self.config.order_size)

    def _on_tick(self, turn: StepBuilder) -> None:
        self.market.age(turn.ts_ns)
        self.estimators.observe(turn.event, turn)
        if turn.ts_ns >= self._rate_limited_until_ns:
            self.causes.settle(turn, Cause.RATE_LIMITED)
        self.feed.tick(turn)
        if not self.config.is_dry:
            self.reconcile.tick(turn)
            self.rules.tick(turn)
            self.coin_fees.tick(turn)
            self.stopping.judge(turn)
        self.losses.judge(turn)
        self.regime.tick(turn, self.losses.equity)
        self.pretrade.tick(turn)
        self.recount.tick(turn)

    def _decide(self, turn: StepBuilder) -> None:
        self.feed.judge_silence(turn)
        state = self.causes.state
        if state >= TradingState.PAUSED or self.phase is Phase.DRAINING:
            self._stop(state, turn)
            return
        self.stopping.go_on()
        if self.quoting.refresh(turn.ts_ns, self._lots):
            turn.quote = self.quoting.latest
            for off in turn.quote.off:
                self.counts[f"no_quote_{off.reason}"] += 1
            self.pretrade.quoted(turn.quote, turn)
        if self.config.is_dry:
            return
        if self.phase is Phase.STARTING and self.calibration.ready:
            self.phase = Phase.LIVE
        self.pretrade.judge_pace(turn)
        if (state := self.causes.state) < TradingState.PAUSED:
            self._place(state, turn)
        else:
            self._stop(state, turn)

    def _place(self, state: TradingState, turn: StepBuilder) -> None:
        quoting = self.quoting
        if self.flattening.is_on:
            self._show_nothing(turn)
            self.flattening.pursue(state, self.phase, turn)
        else:
            self.placing.towards(
                quoting.latest, book_seq=quoting.book_seq, state=state, phase=self.phase, turn=turn
            )
        self.pretrade.sent(turn)

    def _stop(self, state: TradingState, turn: StepBuilder) -> None:
        self.stopping.stop(state, self.phase, turn)
        self._show_nothing(turn)

    def _show_nothing(self, turn: StepBuilder) -> None:
        if self.quoting.latest.bids or self.quoting.latest.asks:
            self.quoting.clear(NoQuote.STATE)
            turn.quote = self.quoting.latest

    def snapshot(self) -> Snapshot:
        """Everything that watchers may see, as of the last event."""
        return take_snapshot(
            self, ts_ns=self.ts_ns, seq=self.seq, phase=self.phase, counts=self.counts
        )
