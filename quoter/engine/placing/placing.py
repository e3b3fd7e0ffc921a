"""Brings our orders to the wanted quote, within the order rules and the message budget."""

from collections.abc import Sequence

from quoter.domain.commands import Denied, OrderIntent, TimeInForce
from quoter.domain.events import Tick
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.quotes import Quote, TwoSidedQuote
from quoter.domain.trading import CancelReason, Phase, TradingState
from quoter.domain.units import NEVER_NS, NS_PER_MS
from quoter.engine.config import EngineConfig
from quoter.engine.limits.activity_limits import ActivityLimits
from quoter.engine.limits.headroom import Headroom
from quoter.engine.limits.risk_views import RiskViews
from quoter.engine.market.view import MarketView
from quoter.engine.orders.lifecycle import Lifecycle
from quoter.engine.placing.reject_backoff import RejectBackoff
from quoter.engine.placing.requote import (
    Action,
    Create,
    Remove,
    Replace,
    plan,
    settled_until_ns,
)
from quoter.engine.step_builder import StepBuilder
from quoter.risk.monitors.message_budget import MessageBudget
from quoter.risk.order_rules import APART_NS, check_order
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrder, OpenOrders

MINUTE_S = 62.0  # a minute, plus two seconds that the limit's counter may include
BUDGET_BURST_S = 2.0  # a burst may be as large as this many seconds of new orders
SPARE_SHARE = 0.5  # small corrections may use only the upper half of the bucket
DENIED_PAUSE_NS = 1_000 * NS_PER_MS  # pause of a side after an order rule denied its order
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """Return `number`, >= 0, in lower-case base 36 without leading zeros."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = BASE36[rest] + digits
    return digits or "0"


def budget(config: EngineConfig) -> MessageBudget:
    """Return the budget for new orders; a burst plus the rate stays within the limit per minute."""
    per_min = float(config.activity.creates_per_min)
    burst = max(1.0, min(config.creates_per_s * BUDGET_BURST_S, per_min / 2.0))
    rate = min(config.creates_per_s, (per_min - burst) / MINUTE_S)
    return MessageBudget(rate_per_s=rate, burst=burst)


class Placing:
    """Turns the difference between wanted and resting orders into intents, and checks them."""

    def __init__(
        self,
        *,
        config: EngineConfig,
        instrument: CurrentInstrument,
        market: MarketView,
        orders: OpenOrders,
        inventory: Inventory,
        activity: ActivityLimits,
        lifecycle: Lifecycle,
        reject_backoff: RejectBackoff,
    ) -> None:
        self._config = config
        self._activity = activity
        self.policy = config.requote
        self._instrument = instrument
        self._orders = orders
        self._headroom = Headroom(
            config=config,
            instrument=instrument,
            market=market,
            orders=orders,
            inventory=inventory,
        )
        self._views = RiskViews(
            config=config,
            market=market,
            orders=orders,
            inventory=inventory,
            references=activity.references,
            headroom=self._headroom,
        )
        self._lifecycle = lifecycle
        self._backoff = reject_backoff
        self._budget = budget(config)
        self._sequence = 0
        self._book_seq = -1
        self._last_quote: TwoSidedQuote | None = None
        # While the figures are these, the orders need no change until this time.
        self._settled_until_ns = 0
        self._settled_from: tuple[object, ...] = ()

    @property
    def instrument(self) -> Instrument:
        """The instrument with the newest market rules."""
        return self._instrument.now

    def requote(
        self,
        quote: TwoSidedQuote,
        *,
        book_seq: int,
        state: TradingState,
        phase: Phase,
        step: StepBuilder,
    ) -> None:
        """Issue the fewest commands that bring both sides to `quote`.

        book_seq: sequence number of the book that the quote was computed from.
        """
        self._book_seq = book_seq
        if not self._is_due(quote, step):
            return
        half = quote.terms.half_spread if quote.terms is not None else 0.0
        policy = self.policy
        factor = self._activity.tolerance_factor(step.ts_ns)
        tolerance = policy.tolerance_ticks(half * factor, self.instrument.tick_float)
        has_spare_budget = factor <= 1.0 and self._budget.has_tokens(step.ts_ns, share=SPARE_SHARE)
        figures = (quote.bids, quote.asks, tolerance, state, policy, *self._headroom.figures)
        if step.ts_ns < self._settled_until_ns and figures == self._settled_from:
            return
        self._settled_from, self._settled_until_ns = figures, NEVER_NS
        for side, wanted in ((Side.BUY, quote.bids), (Side.SELL, quote.asks)):
            resting = [o for o in self._orders if o.side is side and o.is_wanted]
            resting = [o for o in resting if not o.is_taking]
            try:
                wanted = self._within_limits(wanted, resting, side, state)
            except (ArithmeticError, TypeError) as error:  # a limit or a balance is not a number
                step.add_anomaly("headroom_unknown", repr(error))
                wanted, self._settled_until_ns = (), 0
            if not wanted and not resting:
                continue
            until_ns = settled_until_ns(wanted, resting, policy=policy, tolerance_ticks=tolerance)
            self._settled_until_ns = min(self._settled_until_ns, until_ns)
            if step.ts_ns < until_ns:
                continue
            actions = plan(
                wanted,
                resting,
                policy=policy,
                tolerance_ticks=tolerance,
                ts_ns=step.ts_ns,
                has_spare_budget=has_spare_budget,
                leftover=CancelReason.REQUOTE if wanted else CancelReason.NO_QUOTE,
            )
            for action in actions:
                self._act(action, state, phase, step)

    def _within_limits(
        self,
        wanted: tuple[Quote, ...],
        resting: Sequence[OpenOrder],
        side: Side,
        state: TradingState,
    ) -> tuple[Quote, ...]:
        """Part of `wanted` that the trading state and our limits allow; may be empty."""
        if state is TradingState.REDUCE_ONLY and not self._headroom.reduces(side):
            return ()
        if state is TradingState.REDUCE_ONLY and self._headroom.would_flip(side):
            return ()  # resting orders exceed the inventory: headroom must be freed first
        return self._headroom.fitting(wanted, resting, side, state)

    def _is_due(self, quote: TwoSidedQuote, step: StepBuilder) -> bool:
        """Whether to compare the orders with the quote again.

        True after every relevant change, and on ticks, because hold times end and budgets refill.
        """
        is_new, self._last_quote = quote is not self._last_quote, quote
        return (
            is_new
            or isinstance(step.event, Tick)
            or bool(step.orders or step.raised or step.cleared)
        )

    @property
    def is_taking(self) -> bool:
        """Whether an order that takes liquidity may be live."""
        return any(order.is_taking for order in self._orders)

    def cancel_all(
        self, reason: CancelReason, step: StepBuilder, *, but_taking: bool = False
    ) -> None:
        """Request the end of every open or new order, except IOC orders if `but_taking`."""
        for order in list(self._orders):
            if order.is_wanted and not (but_taking and order.is_taking):
                self._lifecycle.request_cancel(order, reason, step)

    def _act(self, action: Action, state: TradingState, phase: Phase, step: StepBuilder) -> None:
        match action:
            case Create():
                self._create(action.quote, state, phase, step, replacing=None)
            case Remove():
                self._lifecycle.request_cancel(action.order, action.reason, step)
            case Replace():
                done = self._create(action.quote, state, phase, step, replacing=action.order)
                if done or action.is_urgent:
                    self._lifecycle.request_cancel(action.order, CancelReason.REQUOTE, step)

    def _create(
        self,
        quote: Quote,
        state: TradingState,
        phase: Phase,
        step: StepBuilder,
        *,
        replacing: OpenOrder | None,
    ) -> bool:
        """Place a quote. True if it was sent or only waits for the end of `replacing`."""
        is_backing_off = not self._backoff.may_create(quote.side, step.ts_ns)
        if is_backing_off or not self._budget.has_tokens(step.ts_ns):
            return False
        size = self._headroom.size(quote, state)
        if replacing is not None and size < quote.size:
            return True  # cancel first: the end of the old order frees the headroom
        if self._would_cross_ourselves(quote):
            return False
        quote = quote._replace(size=size)
        return self._submit(quote, TimeInForce.POST_ONLY, state, phase, step)

    def take_liquidity(
        self, quote: Quote, *, book_seq: int, state: TradingState, phase: Phase, step: StepBuilder
    ) -> None:
        """Send an IOC order of up to `quote.size` at `quote.price` or better if limits allow it."""
        self._book_seq = book_seq
        if self._backoff.may_create(quote.side, step.ts_ns) and self._budget.has_tokens(step.ts_ns):
            quote = quote._replace(size=self._headroom.size(quote, state))
            if not self._would_cross_ourselves(quote):
                self._submit(quote, TimeInForce.IOC, state, phase, step)

    def place_trial(
        self, quote: Quote, *, book_seq: int, state: TradingState, step: StepBuilder
    ) -> str:
        """Place one post-only order outside of the quote; return its client id, "" if not placed.

        It is not placed if back-off, budget, grid or an order rule prevents it.
        """
        self._book_seq = book_seq
        may_create = self._backoff.may_create(quote.side, step.ts_ns)
        if not may_create or not self._budget.has_tokens(step.ts_ns):
            return ""
        placed = self._submit(quote, TimeInForce.POST_ONLY, state, Phase.LIVE, step)
        return f"{self._config.id_prefix}{base36(self._sequence)}" if placed else ""

    def _submit(
        self,
        quote: Quote,
        time_in_force: TimeInForce,
        state: TradingState,
        phase: Phase,
        step: StepBuilder,
    ) -> bool:
        """Check, reserve and send an order.

        False if filters of the venue or an order rule refuse it.
        """
        if not self.instrument.is_tradable(price=quote.price, size=quote.size):
            return False
        self._sequence += 1
        intent = OrderIntent(
            client_id=f"{self._config.id_prefix}{base36(self._sequence)}",
            side=quote.side,
            price=quote.price,
            size=quote.size,
            book_seq=self._book_seq,
            time_in_force=time_in_force,
        )
        view = self._views.take(quote, step=step, state=state, phase=phase)
        verdict = check_order(intent, view, self._config.limits)
        if isinstance(verdict, Denied):
            step.denied.append(verdict)
            pause_ns = DENIED_PAUSE_NS if view.duplicate_ns is None else APART_NS
            self._backoff.block_until(quote.side, step.ts_ns + pause_ns)
            return False
        self._budget.take()
        order = self._orders.reserve(verdict, ticks=quote.ticks)
        step.commands.append(verdict)
        step.order_changed(order.client_id, None, order.state)
        return True

    def _would_cross_ourselves(self, quote: Quote) -> bool:
        """Whether an order of ours that may still be live would match this quote."""
        sign = quote.side.sign
        return any(
            order.side is not quote.side
            and order.state is not OrderState.CLOSED_UNSETTLED
            and sign * (quote.ticks - order.ticks) >= 0
            for order in self._orders
        )
