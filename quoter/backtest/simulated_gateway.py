"""A gateway to the simulated exchange in virtual time: commands in, answers and events out.

It corresponds to `quoter/venues/` without sockets, and emits the same kinds of events in the same
order. Market rules, maker fees and coin prices are not simulated: requests for them fail.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from quoter.backtest.receipt import received_at
from quoter.backtest.schedule import Schedule
from quoter.backtest.seam import Channel, Latency, Seam
from quoter.domain.commands import (
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
    QueryOrder,
    ReconnectFeed,
    RequestReport,
)
from quoter.domain.commands import TimeInForce as Tif
from quoter.domain.events import (
    BalanceReport,
    BestPricesReport,
    BookSnapshot,
    CancelReject,
    Event,
    FeedDown,
    FeedUp,
    Fill,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderSent,
    OrderUnknown,
    ReportFailed,
    TopOfBook,
    Trade,
    TradesReport,
)
from quoter.domain.market import Level, Levels, Stream
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason, ReportKind
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    BalanceNews,
    BestNews,
    DepthBook,
    DepthNews,
    ExecutionReport,
    NewOrder,
    News,
    OrderKind,
    PrintNews,
    Refused,
    ReportType,
    SelfTrade,
    SimOrder,
    SimOrderState,
    SimReject,
    SimTrade,
    TimeInForce,
)
from quoter.venues.binance.depth_sync import DepthDiff, DepthSync

SNAPSHOT_LEVELS = 1_000
TRADES_MAX = 1_000

REJECTS = {
    SimReject.WOULD_MATCH: RejectReason.POST_ONLY,
    SimReject.BALANCE: RejectReason.BALANCE,
    SimReject.FILTER_PRICE: RejectReason.FILTER,
    SimReject.FILTER_LOT: RejectReason.FILTER,
    SimReject.FILTER_NOTIONAL: RejectReason.FILTER,
}
ENDS = {
    SimOrderState.FILLED: DoneReason.FILLED,
    SimOrderState.CANCELED: DoneReason.CANCELED,
    SimOrderState.EXPIRED: DoneReason.EXPIRED,
    SimOrderState.EXPIRED_IN_MATCH: DoneReason.EXPIRED,
}

type Shown = Iterable[tuple[Decimal, Decimal]]
type Post = Callable[[Event], None]
type Reply = Callable[[Event | None], None]  # None: no answer within the time limit


class _Request(NamedTuple):
    """A command in flight: when it was sent, and the function that gets the answer."""

    command: Command
    sent_ns: int
    reply: Reply


class SimulatedGateway:
    """Gateway and feed of one symbol and one account. The seam decides when messages arrive."""

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
    ) -> None:
        self._exchange, self._symbol, self._account = exchange, symbol, account
        self._schedule, self._latency, self._seam, self._post = schedule, latency, seam, post
        self._delay_ns = {channel: latency.of(channel) for channel in Channel}
        self._sync = DepthSync()

    @property
    def gaps(self) -> int:
        """Number of gaps found in the depth stream."""
        return self._sync.gaps

    def run_until(self, until_ns: int) -> None:
        """Advance the simulated market and the schedule to `until_ns`, in order of time."""
        schedule, exchange = self._schedule, self._exchange
        while min(market_ns := exchange.next_ns(self._symbol), schedule.next_ns) <= until_ns:
            if market_ns <= schedule.next_ns:
                schedule.now_ns = market_ns
                self.deliver(exchange.advance(market_ns))
            else:
                schedule.step()
        schedule.now_ns = until_ns

    def send(self, commands: Iterable[Command]) -> None:
        """Schedule the arrival of commands at the venue. None takes effect during this call."""
        now_ns = self._schedule.now_ns
        for command in commands:
            if isinstance(command, PlaceOrder):
                self._schedule_receipt(OrderSent(ts_ns=now_ns, client_id=command.client_id), now_ns)
            self.request(command, self._post_answer)

    def request(self, command: Command, reply: Reply) -> None:
        """Schedule the arrival of one command; `reply` is called once with its answer.

        CancelAll, ReconnectFeed and a request of the book have no answer: for them `reply` is not
        called.
        """
        request = _Request(command, self._schedule.now_ns, reply)
        due_ns = request.sent_ns + self._latency.request_ns
        times = self._seam.times(Channel.REQUEST, command, due_ns)
        if not times:
            self._time_out(request)
        for at_ns in times[:1]:
            self._schedule.at(at_ns, partial(self._arrive, request))

    def _post_answer(self, answer: Event | None) -> None:
        if answer is not None:
            self._post(answer)

    def deliver(self, news: Iterable[News]) -> None:
        """Convert the exchange's news into events, and schedule their receipt."""
        for one in news:
            match one:
                case BestNews():
                    self._publish(Channel.MARKET, _top(one, self._due_ns(Channel.MARKET)))
                case PrintNews():
                    self._publish(Channel.MARKET, _trade(one, self._due_ns(Channel.MARKET)))
                case DepthNews():
                    self._depth(one)
                case ExecutionReport():
                    if one.account == self._account:
                        self._private(one)
                case BalanceNews():
                    pass

    def resync(self) -> None:
        """Fetch a depth snapshot, as after a reconnect."""
        self._sync.restart()
        book = self._shown_depth(SNAPSHOT_LEVELS)
        snapshot = BookSnapshot(
            ts_ns=self._due_ns(Channel.MARKET),
            last=book.last,
            bids=_levels(book.bids),
            asks=_levels(book.asks),
        )
        for event in self._sync.on_snapshot(snapshot) or ():
            self._publish(Channel.MARKET, event)

    def _arrive(self, request: _Request) -> None:
        """Execute a command that has reached the venue, and schedule its answer."""
        match request.command:
            case PlaceOrder() as command:
                self._answer(request, self._place(command))
            case CancelOrder() as command:
                self._answer(request, self._cancel(command))
            case CancelAll():
                self._cancel_all()
            case QueryOrder() as command:
                self._answer(request, self._query(command))
            case RequestReport(kind=ReportKind.BOOK):
                self.resync()
            case ReconnectFeed() as command:
                self.reconnect(command.text)
            case RequestReport() as command:
                self._answer(request, self._report(command, request.sent_ns))

    def _place(self, command: PlaceOrder) -> Event:
        now_ns, due_ns = self._schedule.now_ns, self._due_ns(Channel.ANSWER)
        name, takes = command.client_id, command.time_in_force is Tif.IOC
        order = NewOrder(
            symbol=self._symbol,
            client_id=name,
            side=command.side,
            kind=OrderKind.LIMIT if takes else OrderKind.LIMIT_MAKER,
            price=command.price,
            size=command.size,
            self_trade=SelfTrade.EXPIRE_MAKER,
            time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
        )
        try:
            placed, news = self._exchange.place(self._account, order, now_ns)
        except Refused as refused:
            reason = REJECTS.get(refused.reason, RejectReason.OTHER)
            return OrderReject(ts_ns=due_ns, client_id=name, reason=reason, text=str(refused))
        self.deliver(news)
        return OrderAck(ts_ns=due_ns, client_id=name, venue_id=str(placed.order_id))

    def _cancel(self, command: CancelOrder) -> Event:
        now_ns, due_ns = self._schedule.now_ns, self._due_ns(Channel.ANSWER)
        name = command.client_id
        try:
            order, news = self._exchange.cancel(
                self._account, self._symbol, now_ns=now_ns, client_id=name
            )
        except Refused as refused:
            reason = CancelRejectReason.NOT_FOUND
            return CancelReject(ts_ns=due_ns, client_id=name, reason=reason, text=str(refused))
        self.deliver(news)
        return _done(order, due_ns)

    def _cancel_all(self) -> None:
        try:
            _, news = self._exchange.cancel_all(self._account, self._symbol, self._schedule.now_ns)
        except Refused:
            return
        self.deliver(news)

    def _query(self, command: QueryOrder) -> Event:
        due_ns, name = self._due_ns(Channel.ANSWER), command.client_id
        try:
            order = self._exchange.order(self._account, self._symbol, client_id=name)
        except Refused:
            return OrderNotFound(ts_ns=due_ns, client_id=name)
        return _order_state(order, due_ns)

    def _report(self, request: RequestReport, asked_ns: int) -> Event:
        due_ns = self._due_ns(Channel.ANSWER)
        match request.kind:
            case ReportKind.OPEN_ORDERS:
                listed = self._exchange.open_orders(self._account, self._symbol)
                orders = tuple(map(_venue_order, listed))
                return OpenOrdersReport(ts_ns=due_ns, asked_ns=asked_ns, orders=orders)
            case ReportKind.TRADES:
                after = int(request.from_trade_id or 0)
                trades = self._exchange.trades(
                    self._account, self._symbol, from_id=after + 1, limit=TRADES_MAX
                )
                fills = tuple(_fill(trade, due_ns) for trade in trades)
                return TradesReport(ts_ns=due_ns, asked_ns=asked_ns, fills=fills)
            case ReportKind.BALANCES:
                held = self._exchange.balances(self._account)
                return BalanceReport(
                    ts_ns=due_ns,
                    asked_ns=asked_ns,
                    free={asset: free for asset, (free, _) in held.items()},
                    locked={asset: locked for asset, (_, locked) in held.items()},
                )
            case ReportKind.BOOK:
                raise AssertionError("the book comes through the market stream")
            case ReportKind.BEST_PRICES:
                return self._best_prices(asked_ns)
            case ReportKind.RULES | ReportKind.COIN_PRICE | ReportKind.MAKER_FEE:
                return ReportFailed(ts_ns=due_ns, kind=request.kind, text="not simulated")

    def _best_prices(self, asked_ns: int) -> Event:
        """Return both best levels, including our own orders; a failure if a side is empty."""
        due_ns, book = self._due_ns(Channel.ANSWER), self._shown_depth(1)
        if not book.bids or not book.asks:
            return ReportFailed(ts_ns=due_ns, kind=ReportKind.BEST_PRICES, text="one side is empty")
        return BestPricesReport(
            ts_ns=due_ns,
            asked_ns=asked_ns,
            bid=_level(book.bids[0]),
            ask=_level(book.asks[0]),
            last=book.last,
        )

    def _shown_depth(self, levels: int) -> DepthBook:
        """Return the book with which the venue answers requests."""
        return self._exchange.depth(self._symbol, levels)

    def reconnect(self, text: str) -> None:
        """Reconnect the market stream, and fetch a new snapshot."""
        now_ns = self._schedule.now_ns
        self._publish(Channel.MARKET, FeedDown(ts_ns=now_ns, stream=Stream.MARKET, text=text))
        self._publish(Channel.MARKET, FeedUp(ts_ns=now_ns, stream=Stream.MARKET))
        self.resync()

    def _answer(self, request: _Request, event: Event) -> None:
        deadline_ns = request.sent_ns + self._latency.timeout_ns
        times = self._seam.times(Channel.ANSWER, event, event.ts_ns)
        if times and times[0] <= deadline_ns:
            answer = received_at(event, times[0])
            self._schedule.at(times[0], partial(request.reply, answer))
        else:
            self._time_out(request)

    def _time_out(self, request: _Request) -> None:
        """Schedule the reply that a gateway gives after a time-out."""
        ts_ns = request.sent_ns + self._latency.timeout_ns
        self._schedule.at(ts_ns, partial(request.reply, _no_answer(request.command, ts_ns)))

    def _depth(self, news: DepthNews) -> None:
        diff = DepthDiff(
            ts_ns=self._due_ns(Channel.MARKET),
            first=news.first,
            last=news.last,
            bids=_levels(news.bids),
            asks=_levels(news.asks),
        )
        delta = self._sync.on_diff(diff)
        if delta is not None:
            self._publish(Channel.MARKET, delta)

    def _private(self, report: ExecutionReport) -> None:
        """Publish the fill and the order's new state, like a venue's private stream."""
        due_ns = self._due_ns(Channel.PRIVATE)
        if report.kind is ReportType.TRADE and report.trade is not None:
            self._publish(Channel.PRIVATE, _fill(report.trade, due_ns))
        self._publish(Channel.PRIVATE, _order_state(report.order, due_ns))

    def _due_ns(self, channel: Channel) -> int:
        return self._schedule.now_ns + self._delay_ns[channel]

    def announce(self, channel: Channel, event: Event) -> None:
        """Publish an event from outside the simulated venue, such as the state of a connection."""
        self._publish(channel, received_at(event, self._due_ns(channel)))

    def _publish(self, channel: Channel, event: Event) -> None:
        """Schedule the receipt of an event at the times that the seam returns."""
        for at_ns in self._seam.times(channel, event, event.ts_ns):
            self._schedule_receipt(event, at_ns)

    def _schedule_receipt(self, event: Event, at_ns: int) -> None:
        """Schedule the receipt of an event at `at_ns`, which becomes its time stamp."""
        received = received_at(event, at_ns)
        self._schedule.at(at_ns, partial(self._post, received))


def _no_answer(command: Command, ts_ns: int) -> Event | None:
    """Return a gateway's event for a command without an answer; None if there is no such event."""
    text = "no answer"
    match command:
        case PlaceOrder(client_id=name):
            return OrderUnknown(ts_ns=ts_ns, client_id=name, text=text)
        case CancelOrder(client_id=name):
            reason = CancelRejectReason.NO_ANSWER
            return CancelReject(ts_ns=ts_ns, client_id=name, reason=reason, text=text)
        case RequestReport(kind=kind):
            return ReportFailed(ts_ns=ts_ns, kind=kind, text=text)
        case QueryOrder() | CancelAll() | ReconnectFeed():
            return None


def _levels(shown: Shown) -> Levels:
    return tuple([(float(price), float(size)) for price, size in shown])


def _trade(news: PrintNews, ts_ns: int) -> Trade:
    return Trade(
        ts_ns=ts_ns,
        trade_id=str(news.trade_id),
        price=float(news.price),
        size=float(news.size),
        taker=news.taker,
    )


def _top(news: BestNews, ts_ns: int) -> TopOfBook:
    return TopOfBook(ts_ns, news.update_id, _level(news.bid), _level(news.ask))


def _level(shown: tuple[Decimal, Decimal]) -> Level:
    return Level(float(shown[0]), float(shown[1]))


def _fill(trade: SimTrade, ts_ns: int) -> Fill:
    return Fill(
        ts_ns=ts_ns,
        trade_id=str(trade.trade_id),
        client_id=trade.client_id,
        venue_id=str(trade.order_id),
        side=trade.side,
        price=trade.price,
        size=trade.size,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        is_maker=trade.is_maker,
    )


def _venue_order(order: SimOrder) -> VenueOrder:
    return VenueOrder(
        client_id=order.client_id,
        venue_id=str(order.order_id),
        side=order.side,
        price=order.price,
        size=order.size,
        filled=order.filled,
    )


def _done(order: SimOrder, ts_ns: int) -> OrderDone:
    reason = ENDS[order.state]
    return OrderDone(
        ts_ns=ts_ns,
        client_id=order.client_id,
        reason=reason,
        filled=order.filled,
        venue_id=str(order.order_id),
    )


def _order_state(order: SimOrder, ts_ns: int) -> OrderOpen | OrderDone:
    if order.is_open:
        return OrderOpen(ts_ns=ts_ns, order=_venue_order(order))
    return _done(order, ts_ns)
