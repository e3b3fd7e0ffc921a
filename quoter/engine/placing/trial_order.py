"""The trial order: before the first quote, it proves that we can find and cancel our orders.

The smallest post-only order, far from the market, is placed like any other. The private stream and
the list of open orders must show it with our client id in the venue's own rows. Our record of the
answer to the create is not enough, because a crash would lose it.

Then the order is cancelled, and the list must no longer show it. A pause cancels the order as
usual; another one is placed after it.
"""

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from quoter.domain.events import Event, OpenOrdersReport, OrderOpen, OrderReject
from quoter.domain.market import Side
from quoter.domain.orders import OrderState, VenueOrder
from quoter.domain.quotes import Quote
from quoter.domain.step import TrialResult
from quoter.domain.trading import CancelReason, Phase, TradingState
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.config import EngineConfig, TrialMode
from quoter.engine.market.view import MarketView
from quoter.engine.orders.lifecycle import Lifecycle
from quoter.engine.placing.placing import Placing
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import RESTING, OpenOrder, OpenOrders

# from the best price, as a share of the collar; less than 1, as references may differ
DISTANCE = 0.7
SHOWN_S_MAX = 6  # limit for answer, stream and list; a silent stream reconnects after 10 s
CANCELLED_S_MAX = 12  # limit for the cancel; longer than two calls without an answer (5.5 s each)
GONE_S_MAX = 6
LIST_AGAIN_NS = 500 * NS_PER_MS  # between two requests of the list
TRY_AGAIN_NS = NS_PER_S
TRIES_MAX = 10  # orders that were refused, or ended before they were found


class Stage(StrEnum):
    """The stages of the trial."""

    WAITING = "waiting"  # until an order may be placed
    PLACED = "placed"  # stream and list must show the order
    CANCELLING = "cancelling"
    ENDED = "ended"  # the list must no longer show the order
    PASSED = "passed"
    FAILED = "failed"


class TrialOrder:
    """Places one order at a time until one was found and cancelled, or the trial has failed."""

    def __init__(
        self,
        *,
        config: EngineConfig,
        market: MarketView,
        orders: OpenOrders,
        placing: Placing,
        lifecycle: Lifecycle,
        request_list: Callable[[StepBuilder], None],
    ) -> None:
        """Prepare the trial; request_list: requests the list of open orders."""
        self._mode, self._collar = config.trial, float(config.limits.price_collar)
        self._market, self._orders, self._placing = market, orders, placing
        self._lifecycle, self._request_list = lifecycle, request_list
        self.stage = Stage.PASSED if config.trial is TrialMode.OFF else Stage.WAITING
        self._client_id = ""
        self._since_ns = 0  # start of the stage
        self._due_ns = 0  # time of the next try, or of the next request of the list
        self._tries = 0
        self._is_streamed = self._is_listed = False
        self._other_name = ""  # client id under which the venue listed the order instead
        self._refusal = "the order rules deny it"  # of the newest order

    @property
    def is_quoting_allowed(self) -> bool:
        """Whether quotes may follow: the trial has passed, and the mode is not ONLY."""
        return self.stage is Stage.PASSED and self._mode is not TrialMode.ONLY

    def observe(self, event: Event, step: StepBuilder) -> None:
        """Record what an event shows about the order.

        Enter the next stage if this one is complete.
        """
        if self.stage in (Stage.PASSED, Stage.FAILED, Stage.WAITING):
            return
        match event:
            case OrderOpen(is_streamed=True, order=order):
                self._is_streamed |= self._is_named(order)
            case OpenOrdersReport(orders=orders):
                self._is_listed |= any(self._is_named(order) for order in orders)
                if self.stage is Stage.ENDED and event.asked_ns > self._since_ns:
                    self._check_list(event, step)
            case OrderReject(client_id=self._client_id, text=text):
                self._refusal = text
            case _:
                pass
        match self.stage:
            case Stage.PLACED:
                self._check_placed(step)
            case Stage.CANCELLING:
                self._check_cancelled(step)
            case Stage.ENDED:
                self._check_gone(step)
            case _:
                pass

    def advance(self, state: TradingState, phase: Phase, step: StepBuilder) -> None:
        """Place the order if it is due, or fail after TRIES_MAX.

        Call it instead of quoting, while orders are allowed.
        """
        if self.stage is not Stage.WAITING or step.ts_ns < self._due_ns or phase is not Phase.LIVE:
            return
        bid, ask = self._market.bid, self._market.ask
        if bid is None or ask is None:
            return
        if self._tries >= TRIES_MAX:
            self._end(
                Stage.FAILED, f"none of {TRIES_MAX} orders was accepted: {self._refusal}", step
            )
            return
        self._due_ns = step.ts_ns + TRY_AGAIN_NS
        far = DISTANCE * self._collar
        low = self._placing.instrument.floor_ticks(bid.price * (1 - far))
        high = self._placing.instrument.ceil_ticks(ask.price * (1 + far))
        for side, ticks in ((Side.BUY, low), (Side.SELL, high)):
            if self._place(side, ticks, state, step):
                return
        if state is TradingState.RUNNING:  # in REDUCE_ONLY there may be nothing to reduce
            self._tries += 1

    def _place(self, side: Side, ticks: int, state: TradingState, step: StepBuilder) -> bool:
        """Place an order of the smallest size at `ticks`; False if it is denied."""
        price = self._placing.instrument.price(ticks)
        if not price > 0:
            return False
        quote = Quote(side=side, ticks=ticks, price=price, size=self._least_size(price))
        denied = len(step.denied)
        client_id = self._placing.place_trial(
            quote, book_seq=self._market.book.seq, state=state, step=step
        )
        if not client_id:
            self._refusal = "; ".join(one.text for one in step.denied[denied:]) or self._refusal
            return False
        self._client_id, self._other_name = client_id, ""
        self._is_streamed = self._is_listed = False
        self._tries += 1
        self._enter(Stage.PLACED, step)
        return True

    def _least_size(self, price: Decimal) -> Decimal:
        """The smallest size, on the lot grid, that the venue accepts at `price`, base."""
        market = self._placing.instrument
        least = max(market.size_min, market.notional_min / price)
        return (least / market.lot).to_integral_value(rounding=ROUND_CEILING) * market.lot

    def _is_named(self, order: VenueOrder) -> bool:
        """Whether the venue's row has the client id of our trial order."""
        if order.client_id == self._client_id != order.reported_id:
            self._other_name = order.reported_id or "none"
        return order.reported_id == self._client_id

    def _check_placed(self, step: StepBuilder) -> None:
        order = self._orders.live(self._client_id)
        if order is None:  # refused, filled, or cancelled by a pause
            self._enter(Stage.WAITING, step)
            self._due_ns = step.ts_ns + TRY_AGAIN_NS
            return
        if order.cancel_reason is not None:  # by a pause
            return
        is_acknowledged = order.state in RESTING
        if is_acknowledged and self._is_streamed and self._is_listed:
            self._cancel(order, step)
            self._enter(Stage.CANCELLING, step)
        elif self._is_late(SHOWN_S_MAX, step):
            self._fail_unseen(order, step)
        elif is_acknowledged and not self._is_listed:
            self._ask_for_list(step)

    def _fail_unseen(self, order: OpenOrder, step: StepBuilder) -> None:
        within = f"within {SHOWN_S_MAX} s"
        named = f" under our client id (but as {self._other_name})" if self._other_name else ""
        if order.state not in RESTING:
            text = f"the venue did not answer the create {within}"
        elif not self._is_streamed:
            text = f"the private stream did not report it{named} {within}"
        else:
            text = f"the list of open orders did not show it{named} {within}"
        self._end(Stage.FAILED, text, step)

    def _check_cancelled(self, step: StepBuilder) -> None:
        order = self._orders.live(self._client_id)
        if order is None or order.state is OrderState.CLOSED_UNSETTLED:
            self._enter(Stage.ENDED, step)
            self._ask_for_list(step)
        elif self._is_late(CANCELLED_S_MAX, step):
            self._end(Stage.FAILED, f"it could not be cancelled within {CANCELLED_S_MAX} s", step)

    def _check_list(self, report: OpenOrdersReport, step: StepBuilder) -> None:
        if all(self._client_id not in (o.client_id, o.reported_id) for o in report.orders):
            self._end(Stage.PASSED, "found in stream and list, cancelled, gone", step)

    def _check_gone(self, step: StepBuilder) -> None:
        if self._is_late(GONE_S_MAX, step):
            text = f"the list of open orders still showed it {GONE_S_MAX} s after its end"
            self._end(Stage.FAILED, text, step)
        else:
            self._ask_for_list(step)

    def _ask_for_list(self, step: StepBuilder) -> None:
        if step.ts_ns >= self._due_ns:
            self._due_ns = step.ts_ns + LIST_AGAIN_NS
            self._request_list(step)

    def _is_late(self, seconds: int, step: StepBuilder) -> bool:
        return step.ts_ns - self._since_ns > seconds * NS_PER_S

    def _enter(self, stage: Stage, step: StepBuilder) -> None:
        self.stage, self._since_ns, self._due_ns = stage, step.ts_ns, 0

    def _cancel(self, order: OpenOrder, step: StepBuilder) -> None:
        self._lifecycle.request_cancel(order, CancelReason.TRIAL, step)

    def _end(self, stage: Stage, text: str, step: StepBuilder) -> None:
        """End the trial, and cancel an order that may be live."""
        order = self._orders.live(self._client_id)
        if order is not None:
            self._cancel(order, step)
        self._enter(stage, step)
        step.trial = TrialResult(is_passed=stage is Stage.PASSED, text=text)
