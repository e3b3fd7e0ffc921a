"""A venue that knows the truth, a network with faults, and the engine between them.

Small on purpose: one symbol, no matching. What matters is who knows what and when: creates may
arrive after their time-out, cancels overtake them, fills stay unreported, answers are late.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from quoter.domain.commands import (
    CancelAll,
    CancelOrder,
    PlaceOrder,
    QueryOrder,
    ReconnectFeed,
    RequestReport,
)
from quoter.domain.events import (
    BalanceReport,
    CancelReject,
    Event,
    Fill,
    MakerFeeReport,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderSent,
    OrderUnknown,
    RulesReport,
    TradesReport,
)
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason, ReportKind
from quoter.domain.units import NS_PER_S
from quoter.engine.config import RequotePolicy
from quoter.risk.monitors.market_regime import RegimePolicy
from tests.unit.engine.cases import ONE_ORDER, OPENING, EngineHarness, config, limits

LIMIT = Decimal(2)  # two orders: headroom is soon used up
ARRIVES_NS_MAX = 12 * NS_PER_S  # receive window and processing time-out: later it is refused
FORGETS_NS_MAX = 10 * NS_PER_S  # "unknown order" for one that is live
FEE = Decimal("0.001")
ZERO = Decimal(0)
CONFIG = config(
    limits=limits(inventory_max=LIMIT),
    pricing=ONE_ORDER.pricing,  # a normalised gamma needs more headroom
    requote=RequotePolicy(ttl_ns=3600 * NS_PER_S),  # no order is renewed during the test
    regime=RegimePolicy(is_on=False),  # prices jump in this market
)


class Breach(AssertionError):
    """The truth left the bounds that the engine relies on."""


@dataclass(slots=True, kw_only=True)
class TrueOrder:
    """An order as the venue has it."""

    placed: PlaceOrder
    venue_id: str
    accepted_ns: int
    is_alive: bool = True
    filled: Decimal = ZERO

    @property
    def leaves(self) -> Decimal:
        return self.placed.size - self.filled if self.is_alive else ZERO

    def listed(self) -> VenueOrder:
        order = self.placed
        return VenueOrder(
            order.client_id, self.venue_id, order.side, order.price, order.size, self.filled
        )


@dataclass(slots=True)
class World:
    """The engine's harness, the truth, and the messages between them."""

    harness: EngineHarness = field(default_factory=lambda: EngineHarness(CONFIG))
    orders: dict[str, TrueOrder] = field(default_factory=dict)
    trades: list[Fill] = field(default_factory=list)
    creates: list[PlaceOrder] = field(default_factory=list)  # on their way, unanswered
    timed_out_creates: list[PlaceOrder] = field(default_factory=list)  # timed out, may still arrive
    requests: list[CancelOrder | QueryOrder | RequestReport] = field(default_factory=list)
    news: list[Event] = field(default_factory=list)  # on its way to the engine
    seen: int = 0  # steps whose commands were taken

    # commands of the engine

    def collect(self) -> None:
        """Send the engine's new commands."""
        while self.seen < len(self.harness.steps):
            step = self.harness.steps[self.seen]
            self.seen += 1
            for command in step.commands:
                match command:
                    case PlaceOrder():
                        self.creates.append(command)
                        self.give(OrderSent(ts_ns=self.now_ns, client_id=command.client_id))
                    case CancelAll():
                        self.requests.extend(self._cancels(command))
                    case RequestReport(kind=ReportKind.BOOK):
                        self.harness.book(self.mid)
                    case RequestReport(kind=ReportKind.BEST_PRICES):
                        self.harness.best_prices()
                    case ReconnectFeed():
                        raise AssertionError(f"a feed that lives is reconnected: {command.text}")
                    case _:
                        self.requests.append(command)

    def _cancels(self, command: CancelAll) -> Iterable[CancelOrder]:
        for name, order in self.orders.items():
            if order.is_alive:
                yield CancelOrder(client_id=name, venue_id="", reason=command.reason)

    mid: float = 100.0

    @property
    def now_ns(self) -> int:
        return self.harness.now_ns

    def give(self, event: Event) -> None:
        self.harness.give(event)
        self.collect()

    def book(self, mid: float) -> None:
        self.mid = mid
        self.harness.book(mid)
        self.collect()

    def advance(self, seconds: float, *, tick_s: float = 0.25) -> None:
        for _ in range(max(1, round(seconds / tick_s))):
            self.harness.depth_update()
            self.harness.tick(tick_s)
            self.collect()

    # the fate of creates

    def accept(self, create: PlaceOrder) -> bool:
        """Whether it reaches the venue; not if it is too late or would trade with ourselves."""
        if self.now_ns - create.decided_ns > ARRIVES_NS_MAX:
            return False
        assert create.client_id not in self.orders, "one id, two orders"
        self.orders[create.client_id] = TrueOrder(
            placed=create, venue_id=f"v{len(self.orders)}", accepted_ns=self.now_ns
        )
        return True

    def ack(self, create: PlaceOrder) -> Event:
        order = self.orders[create.client_id]
        return OrderAck(ts_ns=self.now_ns, client_id=create.client_id, venue_id=order.venue_id)

    def reject(self, create: PlaceOrder, reason: RejectReason) -> Event:
        return OrderReject(ts_ns=self.now_ns, client_id=create.client_id, reason=reason, text="no")

    def timeout(self, create: PlaceOrder) -> Event:
        return OrderUnknown(ts_ns=self.now_ns, client_id=create.client_id, text="timed out")

    # market and venue

    def trade(self, order: TrueOrder, size: Decimal, *, names_client: bool = True) -> Fill:
        """Fill a part of one of our orders."""
        placed = order.placed
        reported = Fill(
            ts_ns=self.now_ns,
            trade_id=str(len(self.trades) + 1),
            client_id=placed.client_id if names_client else "",
            venue_id=order.venue_id,
            side=placed.side,
            price=placed.price,
            size=size,
            fee=FEE,
            fee_asset="USD",
            is_maker=True,
        )
        self.trades.append(reported)
        order.filled += size
        if order.filled == placed.size:
            order.is_alive = False
        return reported

    def done(self, order: TrueOrder) -> Event:
        is_full = order.filled == order.placed.size
        return OrderDone(
            ts_ns=self.now_ns,
            client_id=order.placed.client_id,
            reason=DoneReason.FILLED if is_full else DoneReason.CANCELED,
            filled=order.filled,
            venue_id=order.venue_id,
        )

    def answer(
        self, request: CancelOrder | QueryOrder | RequestReport, *, forgets: bool = False
    ) -> Event | None:
        """Answer a create; `forgets`: the venue denies an order that it has just accepted."""
        if isinstance(request, RequestReport):
            return self._report(request)
        order = self.orders.get(request.client_id)
        is_young = order is not None and self.now_ns - order.accepted_ns <= FORGETS_NS_MAX
        if order is None or (forgets and is_young):
            return self._denied(request)
        if isinstance(request, QueryOrder):
            if order.is_alive:
                return OrderOpen(ts_ns=self.now_ns, order=order.listed())
            return self.done(order)
        if not order.is_alive:
            return self._denied(request)
        order.is_alive = False
        return self.done(order)

    def _denied(self, request: CancelOrder | QueryOrder) -> Event:
        if isinstance(request, QueryOrder):
            return OrderNotFound(ts_ns=self.now_ns, client_id=request.client_id)
        return CancelReject(
            ts_ns=self.now_ns,
            client_id=request.client_id,
            reason=CancelRejectReason.NOT_FOUND,
            text="unknown order",
        )

    def no_answer(self, request: CancelOrder) -> Event:
        return CancelReject(
            ts_ns=self.now_ns,
            client_id=request.client_id,
            reason=CancelRejectReason.NO_ANSWER,
            text="timed out",
        )

    def _report(self, request: RequestReport) -> Event | None:
        now_ns = self.now_ns
        match request.kind:
            case ReportKind.OPEN_ORDERS:
                alive = tuple(o.listed() for o in self.orders.values() if o.is_alive)
                return OpenOrdersReport(ts_ns=now_ns, asked_ns=now_ns, orders=alive)
            case ReportKind.TRADES:
                after = int(request.from_trade_id or 0)
                return TradesReport(ts_ns=now_ns, asked_ns=now_ns, fills=tuple(self.trades[after:]))
            case ReportKind.BALANCES:
                return BalanceReport(ts_ns=now_ns, asked_ns=now_ns, free=self.balances(), locked={})
            case ReportKind.RULES:
                return RulesReport(ts_ns=now_ns, instrument=CONFIG.instrument)
            case ReportKind.MAKER_FEE:
                return MakerFeeReport(ts_ns=now_ns, fee_maker=CONFIG.instrument.fee_maker)
            case ReportKind.BOOK | ReportKind.BEST_PRICES | ReportKind.COIN_PRICE:
                return None

    # the truth against our books

    def balances(self) -> dict[str, Decimal]:
        held = dict(OPENING)
        for reported in self.trades:
            held["ABC"] += reported.side.sign * reported.size
            held["USD"] -= reported.side.sign * reported.size * reported.price + reported.fee
        return held

    def true_inventory(self) -> Decimal:
        return sum((t.side.sign * t.size for t in self.trades), start=ZERO)

    def true_leaves(self, side: Side) -> Decimal:
        """Everything that is live at the venue or may still arrive there."""
        travelling = [
            create.size
            for create in (*self.creates, *self.timed_out_creates)
            if create.side is side and self.now_ns - create.decided_ns <= ARRIVES_NS_MAX
        ]
        resting = [o.leaves for o in self.orders.values() if o.placed.side is side]
        return sum((*travelling, *resting), start=ZERO)

    def check(self) -> None:
        """Raise Breach if the worst case or the hard limit is violated."""
        engine = self.harness.engine
        booked, true = engine.inventory.net, self.true_inventory()
        high = booked + engine.orders.leaves(Side.BUY)
        low = booked - engine.orders.leaves(Side.SELL)
        highest = true + self.true_leaves(Side.BUY)
        lowest = true - self.true_leaves(Side.SELL)
        if not low <= true <= high:
            raise Breach(f"I1: true inventory {true}, believed in [{low}, {high}]")
        if not low <= lowest <= highest <= high:
            raise Breach(f"I1: can reach [{lowest}, {highest}], believed in [{low}, {high}]")
        if not -LIMIT <= lowest <= highest <= LIMIT:
            raise Breach(f"I2: can reach [{lowest}, {highest}], limit {LIMIT}")
        self._check_each_order()
        self._check_own_quotes()
        if (text := engine.orders.counter_mismatch()) is not None:
            raise Breach(text)

    def _check_each_order(self) -> None:
        """Check that no released order may still fill or has fills that are not booked."""
        orders = self.harness.engine.orders
        for name, order in self.orders.items():
            known = orders.find(name)
            unbooked = order.filled - (known.filled if known is not None else ZERO)
            live = orders.live(name)
            believed = live.leaves if live is not None else ZERO
            if order.leaves + unbooked > believed:
                raise Breach(f"{name} may bring {order.leaves + unbooked}, reserved {believed}")
        for create in (*self.creates, *self.timed_out_creates):
            may_arrive = self.now_ns - create.decided_ns <= ARRIVES_NS_MAX
            if may_arrive and orders.live(create.client_id) is None:
                raise Breach(f"{create.client_id} may still arrive, nothing is reserved")

    def _check_own_quotes(self) -> None:
        alive = [o.placed for o in self.orders.values() if o.is_alive]
        bids = [o.price for o in alive if o.side is Side.BUY]
        asks = [o.price for o in alive if o.side is Side.SELL]
        if bids and asks and max(bids) >= min(asks):
            raise Breach(f"I8: own bid {max(bids)} meets own ask {min(asks)}")

    # the end

    def settle(self, seconds: float) -> None:
        """From now on the venue answers at once and nothing is lost."""
        for _ in range(round(seconds / 0.5)):
            for create in self.creates:
                self.news.append(
                    self.ack(create)
                    if self.accept(create)
                    else self.reject(create, RejectReason.OTHER)
                )
            self.creates.clear()
            self.timed_out_creates.clear()
            requests, self.requests = self.requests, []
            for request in requests:
                if (event := self.answer(request)) is not None:
                    self.news.append(event)
            news, self.news = self.news, []
            for event in news:
                self.give(event)
            self.check()
            self.advance(0.5, tick_s=0.5)
