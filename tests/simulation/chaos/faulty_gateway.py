"""A gateway to a faulty venue: requests, answers and both streams, each with its faults.

Like a real gateway it stops waiting after its time-out, sends nothing while the venue demands a
pause, and reports both to the engine.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import replace
from decimal import Decimal
from functools import partial

from quoter.app.backtesting import instrument_of
from quoter.backtest.receipt import received_at
from quoter.backtest.schedule import Schedule
from quoter.backtest.seam import Channel, Latency, Seam
from quoter.backtest.simulated_gateway import TRADES_MAX, _fill
from quoter.domain.commands import (
    CancelAll,
    CancelOrder,
    Command,
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
    OpenOrdersReport,
    OrderAck,
    OrderNotFound,
    OrderReject,
    OrderSent,
    OrderUnknown,
    RateLimited,
    ReportFailed,
    RulesReport,
    TradesReport,
)
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import CancelRejectReason, RejectReason, ReportKind
from quoter.domain.units import NS_PER_MS
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    ExecutionReport,
    NewOrder,
    News,
    OrderKind,
    Refused,
    SelfTrade,
    SimOrderState,
    SimReject,
)
from quoter.sim.messages import ReportType as Kind
from quoter.sim.resting import Resting
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.breach import Breach
from tests.simulation.chaos.changing_rules import ChangingRules
from tests.simulation.chaos.faulty_feed import FaultyFeed, Post
from tests.simulation.chaos.invariants import Invariants
from tests.simulation.chaos.plan import Fault
from tests.simulation.chaos.true_state import TrueState

RECEIVE_WINDOW_NS = 2_000 * NS_PER_MS  # the venue rejects an older create (recvWindow)
CLOCK_NS_MAX = 1_000 * NS_PER_MS
FORGETS_NS_MAX = 10_000 * NS_PER_MS
OWN = "q01"
# While one of them is on, a start waits.
NO_START = (
    Fault.TIMEOUTS,
    Fault.RATE_LIMIT,
    Fault.PAGES,
    Fault.MAINTENANCE,
    Fault.FIREWALL,
    Fault.NO_BALANCES,
    Fault.NONCE,
    Fault.DELISTED,
    Fault.MARKET_CLOSED,
)
WAIT_S_MAX = 0.2  # of a create in ccxt, before it is built and again before it is written


class Call:
    """One request; the first of answer and time-out counts."""

    __slots__ = ("command", "is_answer_lost", "is_done", "run", "sent_ns")

    def __init__(self, command: Command, sent_ns: int, run: int) -> None:
        self.command, self.sent_ns, self.run = command, sent_ns, run
        self.is_done = False
        self.is_answer_lost = False  # executed, but its answer is lost


class FaultyGateway(FaultyFeed):
    """One account and one symbol: its requests, their answers, its private stream."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        symbol: str,
        account: str,
        schedule: Schedule,
        latency: Latency,
        seam: Seam,
        post: Post,
        faults: ActiveFaults,
        truth: TrueState,
        invariants: Invariants,
        processing_s: float,
        names_in_trades: bool,
    ) -> None:
        super().__init__(
            exchange=exchange,
            symbol=symbol,
            account=account,
            schedule=schedule,
            latency=latency,
            seam=seam,
            post=post,
            faults=faults,
            invariants=invariants,
        )
        self.truth = truth
        self._processing_s, self._names_in_trades = processing_s, names_in_trades
        self.journal: dict[str, PlaceOrder] = {}  # written by the process before it sends
        self.is_private_up = False
        self.clock_offset_ns = 0
        self.contradictions: set[tuple[str, Decimal]] = set()  # trades reported with another size
        self.shift: dict[str, Decimal] = {}  # deposits, and what a wipe did to balances
        self.wiped_ns = 0
        self._trades_from = 0
        self._accepted_ns: dict[str, int] = {}
        self._is_wiping = False
        self._open_list: tuple[VenueOrder, ...] = ()  # as of the report before
        self.rules = ChangingRules(instrument_of(self._market.grid.spec), faults, schedule)
        self._rules_calls: list[Call] = []  # one is under way, the others wait for it

    # requests

    def send(self, commands: Iterable[Command]) -> None:
        """Send commands; the process has recorded them before."""
        now_ns = self._schedule.now_ns
        for command in commands:
            if isinstance(command, RequestReport) and command.kind is ReportKind.BOOK:
                self.want_snapshot()
                continue
            if isinstance(command, ReconnectFeed):
                self.reconnect(command.text)
                continue
            call = Call(command, now_ns, self.run)
            if now_ns < self.silent_until_ns:
                self._unsent(call)
                continue
            if isinstance(command, PlaceOrder):
                self._schedule_receipt(OrderSent(ts_ns=now_ns, client_id=command.client_id), now_ns)
                self._after_a_wait(partial(self._build, call, command))
            elif isinstance(command, RequestReport) and command.kind is ReportKind.RULES:
                self._rules_calls.append(call)
                if len(self._rules_calls) == 1:
                    self._travel(call)
            else:
                self._travel(call)

    def _after_a_wait(self, act: Callable[[], None]) -> None:
        """Go on with a create, at once or, while the rules change, after a short wait."""
        if self._faults.is_on(Fault.RULES_CHANGE):
            due_ns = self._schedule.now_ns + self._faults.between_ns(0.0, WAIT_S_MAX)
            self._schedule.at(due_ns, act)
        else:
            act()

    def _build(self, call: Call, order: PlaceOrder) -> None:
        self._after_a_wait(partial(self._write, call, order, self.rules.build(order)))

    def _write(self, call: Call, order: PlaceOrder, built: tuple[Decimal, Decimal]) -> None:
        """Write the create, unless its process crashed meanwhile or the gate denies it."""
        is_gone = call.run != self.run
        denied = "" if is_gone else self.rules.write(order, built)
        if not is_gone and not denied:
            self._travel(call)
            return
        self.truth.ended(order.client_id)
        if denied:
            self._invariants.checks["withdrawn"] += 1
            self._refuse(call, RejectReason.NOT_SENT, denied)

    def _unsent(self, call: Call) -> None:
        command = call.command
        if isinstance(command, PlaceOrder):
            self.truth.ended(command.client_id)
            self._refuse(call, RejectReason.NOT_SENT, "silence")
        else:
            self._fail(call, "silence")

    def _travel(self, call: Call) -> None:
        faults, command, now_ns = self._faults, call.command, self._schedule.now_ns
        due_ns = now_ns + self._latency.request_ns
        if not isinstance(command, CancelAll):
            self._schedule.at(now_ns + self._latency.timeout_ns, partial(self._expire, call))
        is_lost = False
        if faults.fires(Fault.TIMEOUTS):
            is_lost = faults.random.random() < 0.5
            call.is_answer_lost = True
        match command:
            case PlaceOrder():
                is_lost = is_lost or faults.fires(Fault.CREATE_LOST)
                if faults.fires(Fault.CREATE_LATE):
                    due_ns += faults.between_ns(0.0, 2.5)
            case CancelOrder() | CancelAll():
                if faults.fires(Fault.CANCEL_LOST):
                    is_lost = is_lost or faults.random.random() < 0.5
                    due_ns += faults.between_ns(0.2, 5.0)
            case _:
                pass
        if not is_lost:
            self._schedule.at(due_ns, partial(self._reach, call))
        elif isinstance(command, PlaceOrder):
            self.truth.ended(command.client_id)

    def _reach(self, call: Call) -> None:
        """A request arrives at the venue."""
        faults, command = self._faults, call.command
        if self._is_obstructed(call):
            return
        if isinstance(command, PlaceOrder):
            self._invariants.arrives(command, self.journal)
            is_old = self._schedule.now_ns - call.sent_ns > RECEIVE_WINDOW_NS
            if is_old or abs(self.clock_offset_ns) > CLOCK_NS_MAX:
                self.truth.ended(command.client_id)
                self._refuse(call, RejectReason.OTHER, "outside of the receive window")
            elif faults.fires(Fault.CREATE_LATE):
                later_ns = faults.between_ns(0.0, self._processing_s)
                self._schedule.at(self._schedule.now_ns + later_ns, partial(self._create, call))
            else:
                self._create(call)
        elif abs(self.clock_offset_ns) > CLOCK_NS_MAX:
            self._fail(call, "outside of the receive window")
        elif isinstance(command, CancelAll):
            self.cancel_own()
        else:
            self._return(call, self._carry_out(call))

    def _is_obstructed(self, call: Call) -> bool:
        """Answer for the venue, which does not see the request or refuses all of them."""
        faults = self._faults
        if faults.fires(Fault.RATE_LIMIT):
            self._rate_limit(call, "429")
        elif faults.fires(Fault.FIREWALL):
            self._rate_limit(call, "403")
        elif faults.fires(Fault.MAINTENANCE):
            if isinstance(call.command, PlaceOrder):
                self.truth.ended(call.command.client_id)
            self._fail(call, "503")
        elif faults.fires(Fault.PAGES):
            self._answer_with_page(call)
        elif faults.is_on(Fault.DELISTED):
            self._refuse_any(call, "-1121")
        elif faults.fires(Fault.NONCE):
            self._refuse_any(call, "invalid nonce")
        else:
            return False
        return True

    def _answer_with_page(self, call: Call) -> None:
        """Answer with a page in place of JSON; the venue executed the request, or did not."""
        command, now_ns = call.command, self._schedule.now_ns
        if self._faults.random.random() < 0.5:
            if isinstance(command, PlaceOrder):
                self.truth.ended(command.client_id)
        elif isinstance(command, PlaceOrder):
            self._invariants.arrives(command, self.journal)
            self._accept(command)
        elif isinstance(command, CancelAll):
            self.cancel_own()
        else:
            self._carry_out(call)
        self._schedule.at(now_ns + self._latency.answer_ns, partial(self._expire, call))

    def _refuse_any(self, call: Call, text: str) -> None:
        """Refuse a request whatever it asks for; it was not executed."""
        match call.command:
            case PlaceOrder(client_id=name):
                self.truth.ended(name)
                self._refuse(call, RejectReason.OTHER, text)
            case CancelOrder(client_id=name):
                reason = CancelRejectReason.OTHER
                self._return(call, CancelReject(ts_ns=0, client_id=name, reason=reason, text=text))
            case _:
                self._fail(call, text)

    def _carry_out(self, call: Call) -> Event:
        match call.command:
            case CancelOrder() as command:
                return self._cancel(command)
            case QueryOrder() as command:
                return self._query(command)
            case RequestReport() as command:
                return self._report(command, call.sent_ns)
            case _:
                raise AssertionError(call.command)

    def _create(self, call: Call) -> None:
        """Execute a create at the venue; its answer may be an error although it was accepted."""
        faults, command = self._faults, call.command
        assert isinstance(command, PlaceOrder)
        name = command.client_id
        for fault in (Fault.ERROR, Fault.RESET):
            if not faults.fires(fault):
                continue
            if faults.random.random() < 0.5:
                self._accept(command)
            else:
                self.truth.ended(name)
            self._return(call, OrderUnknown(ts_ns=0, client_id=name, text=fault))
            return
        event = self._accept(command)
        if faults.fires(Fault.ANSWER_LOST):
            call.is_answer_lost = True
        if isinstance(event, OrderAck) and faults.fires(Fault.TWICE):
            later_ns = self._schedule.now_ns + faults.between_ns(0.0, 0.2)
            self._schedule.at(later_ns, partial(self._create_again, command))
            event = OrderUnknown(ts_ns=0, client_id=name, text="duplicate order sent")
        self._return(call, event)

    def _accept(self, command: PlaceOrder) -> Event:
        refusal = self.rules.refusal(command) or self._refusal()
        if refusal is None:
            event = self._place(command)
        else:
            text = f"refused: {refusal}"
            event = OrderReject(ts_ns=0, client_id=command.client_id, reason=refusal, text=text)
        if not isinstance(event, OrderAck):
            self.truth.ended(command.client_id)
            return event
        self._accepted_ns[command.client_id] = self._schedule.now_ns
        order = self._exchange.order(self._account, self._symbol, client_id=command.client_id)
        self._invariants.accepted(order.client_id, order.price, order.size, command)
        if self._faults.fires(Fault.EARLY_FILL):
            self.fill_some(command.client_id)
        return event

    def _refusal(self) -> RejectReason | None:
        for fault, reason in (
            (Fault.POST_ONLY, RejectReason.POST_ONLY),
            (Fault.FILTERS, RejectReason.FILTER),
            (Fault.KEY_REVOKED, RejectReason.AUTH),
        ):
            if self._faults.fires(fault):
                return reason
        return None

    def _create_again(self, command: PlaceOrder) -> None:
        """The same create arrives a second time; the id is in use only while the order is open.

        Later the venue would accept it as a new order, which is why one call must be one request
        (OL-03). The egress gate ensures that; it is not tested here.
        """
        alive = self.truth.alive.get(command.client_id)
        if alive is None or not alive.is_open or self._market.is_halted:
            return
        order = NewOrder(
            symbol=self._symbol,
            client_id=command.client_id,
            side=command.side,
            kind=OrderKind.LIMIT_MAKER,
            price=command.price,
            size=command.size,
            self_trade=SelfTrade.EXPIRE_MAKER,
        )
        try:
            self._exchange.place(self._account, order, self._schedule.now_ns)
        except Refused as refused:
            if refused.reason is SimReject.DUPLICATE:
                return
            raise
        raise Breach("I8", f"two live orders {command.client_id}")

    # answers

    def _return(self, call: Call, event: Event) -> None:
        if not call.is_answer_lost:
            due_ns = self._schedule.now_ns + self._latency.answer_ns
            self._schedule.at(due_ns, partial(self._answered, call, event))

    def _answered(self, call: Call, event: Event) -> None:
        if call.is_done or call.run != self.run:
            return
        call.is_done = True
        if call in self._rules_calls:
            self._rules_calls.remove(call)
            if self._rules_calls:
                self._travel(self._rules_calls[0])
        if isinstance(event, RulesReport):
            event = self.rules.take(event)
        self._post(received_at(event, self._schedule.now_ns))

    def _expire(self, call: Call) -> None:
        if not call.is_done:
            self._fail(call, "no answer")

    def _fail(self, call: Call, text: str) -> None:
        """Emit what a gateway emits without an answer."""
        ts_ns = self._schedule.now_ns
        match call.command:
            case PlaceOrder(client_id=name):
                event: Event = OrderUnknown(ts_ns=ts_ns, client_id=name, text=text)
            case CancelOrder(client_id=name):
                reason = CancelRejectReason.NO_ANSWER
                event = CancelReject(ts_ns=ts_ns, client_id=name, reason=reason, text=text)
            case RequestReport(kind=kind):
                event = ReportFailed(ts_ns=ts_ns, kind=kind, text=text)
            case _:
                call.is_done = True
                return
        self._schedule.at(ts_ns, partial(self._answered, call, event))

    def _refuse(self, call: Call, reason: RejectReason, text: str) -> None:
        assert isinstance(call.command, PlaceOrder)
        name = call.command.client_id
        self._return(call, OrderReject(ts_ns=0, client_id=name, reason=reason, text=text))

    def _rate_limit(self, call: Call, status: str) -> None:
        """Answer 429 with Retry-After, sometimes a ban, or a firewall's 403.

        The gateway sends nothing until then.
        """
        faults, now_ns = self._faults, self._schedule.now_ns
        is_ban = faults.random.random() < 0.1
        until_ns = now_ns + faults.between_ns(1.0, 12.0 if is_ban else 4.0)
        self.silent_until_ns = max(self.silent_until_ns, until_ns)
        match call.command:
            case PlaceOrder(client_id=name):
                self.truth.ended(name)
                self._refuse(call, RejectReason.RATE_LIMIT, status)
            case CancelOrder(client_id=name):
                reason = CancelRejectReason.RATE_LIMIT
                text = "418" if is_ban else status
                self._return(call, CancelReject(ts_ns=0, client_id=name, reason=reason, text=text))
            case _:
                self._fail(call, status)
        self._schedule_receipt(RateLimited(ts_ns=now_ns, until_ns=until_ns, text=status), now_ns)

    # what the venue does with orders

    def deliver(self, news: Iterable[News]) -> None:
        """Deliver what the exchange reports, first to the true state."""
        news = list(news)
        for one in news:
            if isinstance(one, ExecutionReport) and one.account == self._account:
                if one.order.client_id.startswith(OWN):
                    self.truth.report(one)
                self._invariants.step(None)
        super().deliver(news)

    def _cancel(self, command: CancelOrder) -> Event:
        faults, name = self._faults, command.client_id
        if self._is_not_found(name):
            reason = CancelRejectReason.NOT_FOUND
            return CancelReject(ts_ns=0, client_id=name, reason=reason, text="unknown order")
        if faults.fires(Fault.CANCEL_RACE):
            self.fill_some(name)
        elif faults.fires(Fault.CANCEL_FILLED):
            self.fill_some(name, share=1.0)
        return super()._cancel(command)

    def _query(self, command: QueryOrder) -> Event:
        if self._is_not_found(command.client_id):
            return OrderNotFound(ts_ns=0, client_id=command.client_id)
        return super()._query(command)

    def _is_not_found(self, name: str) -> bool:
        accepted_ns = self._accepted_ns.get(name)
        if accepted_ns is None:
            return False
        if accepted_ns <= self.wiped_ns:
            return True
        is_young = self._schedule.now_ns - accepted_ns <= FORGETS_NS_MAX
        return is_young and self._faults.fires(Fault.NOT_FOUND)

    def own_open(self) -> list[str]:
        """Client ids of our open orders."""
        listed = self._exchange.open_orders(self._account, self._symbol)
        return [order.client_id for order in listed if order.client_id.startswith(OWN)]

    def cancel_own(self) -> None:
        """Cancel our orders by prefix; foreign orders stay."""
        for name in self.own_open():
            _, news = self._exchange.cancel(
                self._account, self._symbol, now_ns=self._schedule.now_ns, client_id=name
            )
            self.deliver(news)

    def fill_some(self, name: str, share: float | None = None) -> None:
        """Fill a part of an open order, or all of it."""
        resting = self._resting(name)
        if resting is None or self._market.is_halted:
            return
        chosen = self._faults.random.random() if share is None else share
        lots = max(1, round(chosen * resting.lots))
        taker = resting.order.side.opposite
        self._market.fill(resting, lots, self._schedule.now_ns, taker=taker)
        self._market.commit(self._schedule.now_ns)
        self.deliver(self._exchange._take_news())

    def end(self, name: str, *, is_self_trade: bool) -> None:
        """End one of our orders by the venue's own decision."""
        resting = self._resting(name)
        if resting is None:
            return
        state, kind = SimOrderState.EXPIRED, Kind.EXPIRED
        if is_self_trade:
            state, kind = SimOrderState.EXPIRED_IN_MATCH, Kind.TRADE_PREVENTION
        self._market._remove(resting, state, kind, now_ns=self._schedule.now_ns)
        self._market.commit(self._schedule.now_ns)
        self.deliver(self._exchange._take_news())

    def wipe(self, opening: dict[str, Decimal]) -> None:
        """Reset the venue as a testnet does: orders, trades and balances as at the start."""
        self._is_wiping = True
        self.cancel_own()
        self._is_wiping = False
        self.wiped_ns = self._schedule.now_ns
        trades = self._exchange.trades(self._account, self._symbol, limit=1)
        self._trades_from = trades[-1].trade_id + 1 if trades else 0
        held = self._exchange.balances(self._account)
        self.shift = {asset: opening[asset] - sum(both) for asset, both in held.items()}

    def _resting(self, name: str) -> Resting | None:
        orders = self._exchange._orders
        try:
            found = orders.find(self._account, self._symbol, order_id=0, client_id=name)
            return orders.resting(found)
        except Refused:
            return None

    # reports

    def _report(self, request: RequestReport, asked_ns: int) -> Event:
        if request.kind is ReportKind.TRADES:
            fills = self.trades_after(request.from_trade_id)
            return TradesReport(ts_ns=0, asked_ns=asked_ns, fills=fills)
        if request.kind is ReportKind.RULES:
            return self.rules.listed()
        event = super()._report(request, asked_ns)
        if isinstance(event, OpenOrdersReport):
            return self._wrong_list(event)
        if isinstance(event, BalanceReport):
            if self._faults.fires(Fault.NO_BALANCES):
                return ReportFailed(ts_ns=0, kind=request.kind, text="NaN is no amount")
            return replace(event, free=self.moved(event.free))
        return event

    def _wrong_list(self, report: OpenOrdersReport) -> OpenOrdersReport:
        """Return an older list, a part of the list, or one that is not ours, while F-46 is on."""
        before, self._open_list = self._open_list, report.orders
        if not self._faults.fires(Fault.LISTS_WRONG):
            return report
        random = self._faults.random
        match random.randrange(3):
            case 0:
                return replace(report, orders=before)
            case 1:
                half = tuple(order for order in report.orders if random.random() < 0.5)
                return replace(report, orders=half)
            case _:
                foreign = (replace(order, client_id=f"web{order.venue_id}") for order in before)
                return replace(report, orders=tuple(foreign))

    def moved(self, free: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Return balances including deposits and resets."""
        return {asset: held + self.shift.get(asset, Decimal(0)) for asset, held in free.items()}

    def trades_after(self, trade_id: str, *, with_names: bool | None = None) -> tuple[Fill, ...]:
        """Return the venue's trade list, which may lag and overlap."""
        faults, now_ns = self._faults, self._schedule.now_ns
        after, until_ns = int(trade_id or 0), now_ns
        if faults.fires(Fault.TRADES_LAG):
            until_ns -= faults.between_ns(0.0, 30.0)
            after = max(0, after - 3)
        after = max(after, self._trades_from - 1)
        trades = self._exchange.trades(
            self._account, self._symbol, from_id=after + 1, limit=TRADES_MAX
        )
        fills = (_fill(trade, now_ns) for trade in trades if trade.ts_ns <= until_ns)
        names = self._names_in_trades if with_names is None else with_names
        return tuple(fills) if names else tuple(replace(fill, client_id="") for fill in fills)

    def balances(self) -> dict[str, Decimal]:
        """Return the account's balances, free and locked together."""
        held = self._exchange.balances(self._account)
        return self.moved({asset: free + locked for asset, (free, locked) in held.items()})

    def answers(self) -> bool:
        """Whether the venue answers requests of a start."""
        is_clear = not any(map(self._faults.is_on, NO_START))
        return is_clear and abs(self.clock_offset_ns) <= CLOCK_NS_MAX

    # streams

    def _schedule_receipt(self, event: Event, at_ns: int) -> None:
        """Schedule an event for the process that is running now."""
        received = received_at(event, at_ns)
        self._schedule.at(at_ns, partial(self._receive, received, self.run))

    def _receive(self, event: Event, run: int) -> None:
        if run == self.run:
            self._post(event)

    def _publish(self, channel: Channel, event: Event) -> None:
        if channel is Channel.MARKET:
            self._publish_market(event)
            return
        if not self.is_private_up or self._is_wiping:
            return
        super()._publish(channel, event)
        is_fill = isinstance(event, Fill) and event.client_id.startswith(OWN)
        if is_fill and not self._faults.fired[Fault.CONFLICT]:
            self._report_with_other_size(event)

    def _report_with_other_size(self, event: Event) -> None:
        """Report the same trade again with another size, after the true one."""
        if isinstance(event, Fill) and self._faults.fires(Fault.CONFLICT):
            now_ns = self._schedule.now_ns + self._latency.private_ns
            self._schedule_receipt(event, now_ns)
            other = replace(event, size=event.size + 1)
            self.contradictions.add((other.trade_id, other.size))
            self._schedule_receipt(other, now_ns)

    def end_run(self) -> None:
        """End the process's connections: what was on its way to it is lost."""
        self.run += 1
        self.is_private_up = False
        self._is_fetching = False
        self.silent_until_ns = 0
        self._rules_calls.clear()
        self.market_down()
