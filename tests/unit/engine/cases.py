"""An engine with a market that it can quote, and short methods to give it events."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from quoter.domain.commands import CancelAll, CancelOrder, Command, PlaceOrder
from quoter.domain.events import (
    Alarm,
    BalanceReport,
    BestPricesReport,
    BookDelta,
    BookSnapshot,
    CancelReject,
    Event,
    FeedDown,
    FeedUp,
    Fill,
    OpenOrdersReport,
    OperatorCommand,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderSent,
    OrderUnknown,
    RateLimited,
    Rearm,
    ReportFailed,
    Tick,
    TradesReport,
)
from quoter.domain.market import Level, Side, Stream
from quoter.domain.orders import OrderState, VenueOrder
from quoter.domain.reasons import (
    CancelRejectReason,
    DoneReason,
    RejectReason,
    ReportKind,
)
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import (
    ActivityPolicy,
    BookPolicy,
    EngineConfig,
    GammaUnit,
    PricingConfig,
    RequotePolicy,
)
from quoter.engine.engine import Engine
from quoter.pricing.quote.shape import QuoteShape
from quoter.risk.hysteresis import Hysteresis
from quoter.risk.view import Limits
from quoter.state.open_orders import OpenOrder
from tests.unit.state.cases import ABC, START_NS, levels

OPENING = {"ABC": Decimal(100), "USD": Decimal(100_000)}
LIMITS = Limits(
    inventory_max=Decimal(10),
    size_max=Decimal(5),
    notional_max=Decimal(10_000),
    price_collar=Decimal("0.05"),
    loss_max=Decimal(50),
    drawdown_max=Decimal(1_000),
    book_spread_max=Decimal("0.05"),
)
ACTIVITY = ActivityPolicy(
    price_jump=0.01, quote_drift=0.03, creates_per_min=600, creates_per_fill=500, turnover_max=10.0
)
AT_ONCE = Hysteresis(clean_ns={})  # causes clear with their conditions
# One level of one base unit per side, at least two ticks from the mid; nothing is estimated.
PRICING = PricingConfig(
    shape=QuoteShape(beta=0.0, eta=0.0),
    sigma_prior=0.05,
    kappa_prior=2.0,
    intensity_prior=1.0,
    is_calibrating=False,
)
CONFIG = EngineConfig(
    instrument=replace(ABC, fee_maker=Decimal(0)),
    id_prefix="q01run",
    own_prefix="q01",
    limits=LIMITS,
    order_size=Decimal(1),
    target=Decimal(100),
    opening=OPENING,
    pricing=PRICING,
    requote=RequotePolicy(),
    hysteresis=AT_ONCE,
    activity=replace(ACTIVITY, price_jump=0.0, quote_drift=0.0),  # prices jump in these tests
    creates_per_s=10.0,
    book=BookPolicy(
        stale_ns=3 * NS_PER_S, unseen_ns=10**18
    ),  # the books of these tests do not show our own orders
)
# Headroom for one order on each side: too little for a normalised gamma, so it is given raw.
ONE_ORDER = replace(
    CONFIG,
    limits=replace(LIMITS, inventory_max=Decimal(1)),
    pricing=replace(PRICING, gamma=0.1, gamma_unit=GammaUnit.RAW),
)
BACKGROUND = 1000.0  # size of others at the touch: our own orders are never all of a level


def config(**changes: object) -> EngineConfig:
    """The usual configuration with some values changed."""
    return replace(CONFIG, **changes)  # type: ignore[arg-type]  # replace() is not typed by field


def limits(**changes: Decimal) -> Limits:
    return replace(LIMITS, **changes)


class EngineHarness:
    """One engine and its clock; every method gives it one event and returns the step."""

    def __init__(self, config: EngineConfig = CONFIG) -> None:
        self.engine = Engine(config)
        self.now_ns = START_NS
        self.steps: list[Step] = []
        self._trades = 0
        self._books = 0

    def give(self, event: Event) -> Step:
        step = self.engine.handle(event)
        self.steps.append(step)
        return step

    def give_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self.give(event)

    # the market

    def book(self, mid: float = 100.0, half: float = 0.5, size: float = BACKGROUND) -> Step:
        """A whole book around `mid`, with continuous numbering."""
        self._books += 1
        bids = levels(*((mid - half - 0.1 * i, size) for i in range(5)))
        asks = levels(*((mid + half + 0.1 * i, size) for i in range(5)))
        bids, asks = _on_grid(bids), _on_grid(asks)
        return self.give(
            BookSnapshot(ts_ns=self.now_ns, last=self._books * 1000, bids=bids, asks=asks)
        )

    def feed_up(self, stream: Stream = Stream.MARKET) -> Step:
        return self.give(FeedUp(ts_ns=self.now_ns, stream=stream))

    def feed_down(self, stream: Stream = Stream.MARKET) -> Step:
        return self.give(FeedDown(ts_ns=self.now_ns, stream=stream, text="lost"))

    def depth_update(self) -> Step:
        """A depth update far from every price, which shows that the stream works."""
        last = self.engine.market.book.last
        return self.give(BookDelta(ts_ns=self.now_ns, prev=last, last=last + 1, bids=(), asks=()))

    def best_prices(
        self, bid: Level | None = None, ask: Level | None = None, *, last: int = 0
    ) -> Step:
        """The venue's best prices by request: those of the book unless others are given.

        `last`: number of the venue's newest update; 0: it reports none.
        """
        ours = self.engine.market.book.published() or (Level(1.0, 1.0), Level(2.0, 1.0))
        return self.give(
            BestPricesReport(
                ts_ns=self.now_ns,
                asked_ns=self.now_ns,
                bid=bid or ours[0],
                ask=ask or ours[1],
                last=last,
            )
        )

    # time

    def tick(self, seconds: float = 0.1) -> Step:
        self.now_ns += round(seconds * NS_PER_S)
        return self.give(Tick(ts_ns=self.now_ns))

    def wait(self, seconds: float, *, alive: bool = True, ends: bool = False) -> list[Step]:
        """Ticks of 100 ms; the book is confirmed meanwhile unless stated otherwise.

        `ends`: the venue ends the orders that we cancel; otherwise it does not answer.
        """
        first = len(self.steps)
        for _ in range(round(seconds * 10)):
            if alive:
                self.best_prices()
            self.tick()
            if ends:
                self.end()
        return self.steps[first:]

    # the venue's lists

    def open_orders(self, *orders: VenueOrder, asked_ns: int | None = None) -> Step:
        return self.give(
            OpenOrdersReport(ts_ns=self.now_ns, asked_ns=asked_ns or self.now_ns, orders=orders)
        )

    def trades(self, *fills: Fill, asked_ns: int | None = None) -> Step:
        return self.give(
            TradesReport(ts_ns=self.now_ns, asked_ns=asked_ns or self.now_ns, fills=fills)
        )

    def balances(self, **totals: Decimal) -> Step:
        """Exactly the balances of our books, except those given."""
        held = {**self.engine.inventory.balances, **totals}
        return self.give(
            BalanceReport(ts_ns=self.now_ns, asked_ns=self.now_ns, free=held, locked={})
        )

    def look_again(self) -> None:
        """A little later all three reports arrive without a difference."""
        self.tick()
        self.open_orders()
        self.trades()
        self.balances()

    def report_failed(self, kind: ReportKind) -> Step:
        return self.give(ReportFailed(ts_ns=self.now_ns, kind=kind, text="no answer"))

    # our orders

    def sent(self, order: OpenOrder) -> Step:
        return self.give(OrderSent(ts_ns=self.now_ns, client_id=order.client_id))

    def ack(self, order: OpenOrder) -> Step:
        return self.give(
            OrderAck(ts_ns=self.now_ns, client_id=order.client_id, venue_id=f"v-{order.client_id}")
        )

    def reject(self, order: OpenOrder, reason: RejectReason = RejectReason.POST_ONLY) -> Step:
        return self.give(
            OrderReject(ts_ns=self.now_ns, client_id=order.client_id, reason=reason, text="no")
        )

    def unknown(self, order: OpenOrder) -> Step:
        return self.give(
            OrderUnknown(ts_ns=self.now_ns, client_id=order.client_id, text="timed out")
        )

    def done(
        self, order: OpenOrder, filled: str = "0", reason: DoneReason = DoneReason.CANCELED
    ) -> Step:
        return self.give(
            OrderDone(
                ts_ns=self.now_ns,
                client_id=order.client_id,
                reason=reason,
                filled=Decimal(filled),
            )
        )

    def lives(self, order: OpenOrder, filled: str = "0") -> Step:
        return self.give(OrderOpen(ts_ns=self.now_ns, order=listed(order, filled)))

    def not_found(self, order: OpenOrder) -> Step:
        return self.give(OrderNotFound(ts_ns=self.now_ns, client_id=order.client_id))

    def cancel_reject(
        self, order: OpenOrder, reason: CancelRejectReason = CancelRejectReason.NOT_FOUND
    ) -> Step:
        return self.give(
            CancelReject(ts_ns=self.now_ns, client_id=order.client_id, reason=reason, text="no")
        )

    def end(self) -> None:
        """Every order that was to end has ended."""
        for order in list(self.engine.orders):
            if order.cancel_reason is not None:
                self.done(order)

    def fill_of(
        self, order: OpenOrder, size: str = "1", *, trade_id: str = "", fee: str = "0"
    ) -> Fill:
        """An execution of `order` that the engine has not received yet."""
        self._trades += 1
        return Fill(
            ts_ns=self.now_ns,
            trade_id=trade_id or str(self._trades),
            client_id=order.client_id,
            venue_id=order.venue_id,
            side=order.side,
            price=order.price,
            size=Decimal(size),
            fee=Decimal(fee),
            fee_asset="USD",
            is_maker=True,
        )

    def fill(self, order: OpenOrder, size: str = "1") -> Step:
        return self.give(self.fill_of(order, size))

    # operators and the service

    def operator(self, command: type[OperatorCommand], **fields: object) -> Step:
        """Give a command to the engine; a re-arm names some kill id, which it does not check."""
        if command is Rearm:
            fields = {"kill_id": "test", **fields}
        given = {"ts_ns": self.now_ns, "actor": "test", "reason": "because", **fields}
        return self.give(command(**given))  # type: ignore[arg-type]  # of the test's own choice

    def alarm(self, cause: Cause, *, active: bool = True) -> Step:
        return self.give(Alarm(ts_ns=self.now_ns, cause=cause, active=active, text="shell"))

    def rate_limited(self, seconds: float) -> Step:
        until_ns = self.now_ns + round(seconds * NS_PER_S)
        return self.give(RateLimited(ts_ns=self.now_ns, until_ns=until_ns, text="429"))

    # state of the engine

    def state(self) -> TradingState:
        return self.engine.causes.state

    @property
    def causes(self) -> set[Cause]:
        return set(self.engine.causes.switch.causes)

    def orders(self, side: Side) -> list[OpenOrder]:
        return self.engine.orders.of_side(side)

    def wanted(self, side: Side) -> OpenOrder:
        """The one order of a side that is to stay."""
        (order,) = [order for order in self.orders(side) if order.is_wanted]
        return order

    # on the way to a quoting engine

    def start(self) -> "EngineHarness":
        """Both streams up and caught up, and a book: the first two orders are reserved."""
        self.feed_up(Stream.PRIVATE)
        self.open_orders()
        self.trades()
        self.balances()
        self.feed_up()
        self.book()
        return self

    def rest(self) -> "EngineHarness":
        """Every request that is on its way arrives."""
        for order in list(self.engine.orders):
            if order.state is OrderState.RESERVED:
                self.sent(order)
                self.ack(order)
        return self

    def quoting(self) -> "EngineHarness":
        """Started, with one order resting on each side."""
        return self.start().rest()


def listed(order: OpenOrder, filled: str = "0") -> VenueOrder:
    """The order as the venue would list it."""
    return VenueOrder(
        client_id=order.client_id,
        venue_id=order.venue_id or f"v-{order.client_id}",
        side=order.side,
        price=order.price,
        size=order.size,
        filled=Decimal(filled),
    )


def state(order: OpenOrder) -> OrderState:
    """The present state: mypy assumes that what was asserted of an attribute stays so."""
    return order.state


def places(steps: Step | Sequence[Step]) -> list[PlaceOrder]:
    return [c for c in commands(steps) if isinstance(c, PlaceOrder)]


def cancels(steps: Step | Sequence[Step]) -> list[CancelOrder]:
    return [c for c in commands(steps) if isinstance(c, CancelOrder)]


def cancel_alls(steps: Step | Sequence[Step]) -> list[CancelAll]:
    return [c for c in commands(steps) if isinstance(c, CancelAll)]


def commands(steps: Step | Sequence[Step]) -> list[Command]:
    several = (steps,) if isinstance(steps, Step) else steps
    return [command for step in several for command in step.commands]


def _on_grid(side: tuple[Level, ...]) -> tuple[Level, ...]:
    """Prices as a parser gives them: the nearest float of a whole number of ticks."""
    return tuple(Level(round(price, 1), size) for price, size in side)
