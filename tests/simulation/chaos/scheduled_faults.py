"""Faults that happen at a time: lost streams, venue actions, operator commands, crashes."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial

from quoter.backtest.schedule import Schedule
from quoter.backtest.tape_run import ACCOUNT
from quoter.domain.events import (
    Alarm,
    FeedDown,
    FeedUp,
    Flatten,
    Kill,
    OperatorCommand,
    Pause,
    Reduce,
    Resume,
)
from quoter.domain.market import Side, Stream
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.sim.exchange import Exchange
from quoter.sim.messages import NewOrder, OrderKind, Refused, SelfTrade
from quoter.sim.scripts import Burst
from tests.simulation.chaos.active_faults import ActiveFaults, at_ns
from tests.simulation.chaos.faulty_feed import RECONNECT_NS
from tests.simulation.chaos.faulty_gateway import FaultyGateway
from tests.simulation.chaos.invariants import BLOCK_S_MAX, Invariants
from tests.simulation.chaos.plan import Fault, Plan, Window
from tests.simulation.chaos.process import Process

HEARTBEAT_NS = NS_PER_S
RULES_CHANGE_S = 1.0  # between two changes of the rules, at full force
UNTIL_RESUME = {
    Fault.OPERATOR_PAUSE: Pause,
    Fault.OPERATOR_REDUCE: Reduce,
    Fault.OPERATOR_FLATTEN: Flatten,
}


class ScheduledFaults:
    """Schedules every fault of the plan that does not concern single messages."""

    def __init__(
        self,
        *,
        plan: Plan,
        schedule: Schedule,
        exchange: Exchange,
        gateway: FaultyGateway,
        process: Process,
        faults: ActiveFaults,
        invariants: Invariants,
    ) -> None:
        self._plan, self._schedule, self._exchange = plan, schedule, exchange
        self._gateway, self._process, self._faults = gateway, process, faults
        self._invariants = invariants
        self._flow = exchange._flows[plan.market.symbol]
        self._names = 0
        for window in plan.windows:
            self._plan_window(window)
        schedule.at(schedule.now_ns + HEARTBEAT_NS, self._heartbeat)

    def _plan_window(self, window: Window) -> None:
        begin_ns, end_ns = at_ns(window.begin_s), at_ns(window.end_s)
        match window.fault:
            case Fault.PRIVATE_DOWN:
                self._at(begin_ns, window, self._private_down)
                self._schedule.at(end_ns, self._private_up)
            case Fault.HALF_OPEN:
                self._schedule.at(begin_ns, partial(self._count, window))
                self._schedule.at(end_ns, partial(self._drop_market, 0.1, 2.0))
            case Fault.ROLL | Fault.SNAPSHOT_AHEAD:
                self._at(begin_ns, window, partial(self._drop_market, 0.0, 3.0))
            case Fault.RECONNECTS:
                self._repeat(window, partial(self._drop_market, 0.0, 0.3), 0.4)
            case Fault.HALT:
                self._at(begin_ns, window, self._halt)
                self._schedule.at(end_ns, self._resume_market)
            case Fault.MAINTENANCE:
                self._at(begin_ns, window, self._close_venue)
                self._schedule.at(end_ns, self._open_venue)
            case Fault.DELISTED:
                self._at(begin_ns, window, self._delist)
                self._schedule.at(end_ns, self._list_again)
            case Fault.RULES_CHANGE:
                self._repeat(window, self._gateway.rules.change, RULES_CHANGE_S)
                self._schedule.at(end_ns, self._gateway.rules.restore)
            case Fault.CLOCK:
                self._at(begin_ns, window, partial(self._set_clock, window))
                self._schedule.at(end_ns, partial(self._set_clock, None))
            case Fault.CRASH:
                self._at(begin_ns, window, self._process.crash_soon)
            case Fault.BLOCK:
                length_s = self._faults.random.uniform(0.3, BLOCK_S_MAX)
                self._at(begin_ns, window, partial(self._process.block, length_s))
            case Fault.PRICE_JUMP:
                self._at(begin_ns, window, partial(self._jump, window))
            case Fault.BURST:
                self._at(begin_ns, window, partial(self._burst, window))
            case Fault.SELF_TRADE | Fault.VENUE_ENDS:
                is_self_trade = window.fault is Fault.SELF_TRADE
                self._repeat(window, partial(self._end_one, is_self_trade), 0.7)
            case Fault.DEPOSIT | Fault.FOREIGN_TRADE | Fault.FOREIGN_ORDER | Fault.WIPE:
                self._at(begin_ns, window, partial(self._foreign, window.fault))
            case Fault.OPERATOR_KILL:
                self._at(begin_ns, window, partial(self._operate, Kill))
            case Fault.OPERATOR_PAUSE | Fault.OPERATOR_REDUCE | Fault.OPERATOR_FLATTEN:
                action = UNTIL_RESUME[window.fault]
                self._at(begin_ns, window, partial(self._operate, action))
                self._schedule.at(end_ns, partial(self._operate, Resume))
            case _:
                pass  # single messages: see `FaultyGateway` and `Network`

    def _at(self, begin_ns: int, window: Window, act: "partial[None] | object") -> None:
        self._schedule.at(begin_ns, partial(self._count, window))
        assert callable(act)
        self._schedule.at(begin_ns, act)

    def _count(self, window: Window) -> None:
        self._faults.fired[window.fault] += 1

    def _repeat(self, window: Window, act: Callable[[], None], every_s: float) -> None:
        at_s = window.begin_s
        while at_s < window.end_s:
            self._at(at_ns(at_s), window, act)
            at_s += every_s / window.force * self._faults.random.uniform(0.5, 1.5)

    def _heartbeat(self) -> None:
        """Run the event-loop probe."""
        self._process.probe_loop()
        self._schedule.at(self._schedule.now_ns + HEARTBEAT_NS, self._heartbeat)

    def _private_down(self) -> None:
        if self._gateway.is_private_up:
            self._gateway.is_private_up = False
            now_ns = self._schedule.now_ns
            self._process.post(FeedDown(ts_ns=now_ns, stream=Stream.PRIVATE, text="closed"))

    def _private_up(self) -> None:
        is_closed = any(map(self._faults.is_on, (Fault.MAINTENANCE, Fault.PRIVATE_DOWN)))
        if is_closed or self._process.engine is None:
            return
        if not self._gateway.is_private_up:
            self._gateway.is_private_up = True
            self._process.post(FeedUp(ts_ns=self._schedule.now_ns, stream=Stream.PRIVATE))

    def _drop_market(self, low_s: float, high_s: float) -> None:
        if not self._gateway.is_market_up:
            return
        now_ns = self._schedule.now_ns
        self._gateway.market_down()
        self._process.post(FeedDown(ts_ns=now_ns, stream=Stream.MARKET, text="1001"))
        back_ns = now_ns + self._faults.between_ns(low_s, high_s)
        self._schedule.at(back_ns, partial(self._market_back, self._gateway.run))

    def _market_back(self, run: int) -> None:
        if run != self._gateway.run or self._gateway.is_market_up:
            return
        if self._faults.is_on(Fault.MAINTENANCE):
            again_ns = self._schedule.now_ns + RECONNECT_NS
            self._schedule.at(again_ns, partial(self._market_back, run))
        else:
            self._process.post(FeedUp(ts_ns=self._schedule.now_ns, stream=Stream.MARKET))
            self._gateway.market_up()

    def _halt(self) -> None:
        """Start maintenance: no trading, and all our orders are ended."""
        for name in self._gateway.own_open():
            self._gateway.end(name, is_self_trade=False)
        self._exchange.halt(self._plan.market.symbol, is_halted=True)

    def _resume_market(self) -> None:
        is_halted = any(map(self._faults.is_on, (Fault.HALT, Fault.DELISTED)))
        self._exchange.halt(self._plan.market.symbol, is_halted=is_halted)

    def _close_venue(self) -> None:
        """Start maintenance: no stream, no answer; orders rest and may still be filled."""
        self._private_down()
        self._drop_market(0.0, 1.0)

    def _open_venue(self) -> None:
        self._private_up()

    def _delist(self) -> None:
        """Take the market away: our orders end, no frame comes, every answer is a refusal."""
        self._halt()
        self._report_status("not listed")

    def _list_again(self) -> None:
        if not self._faults.is_on(Fault.DELISTED):
            self._resume_market()
            self._report_status("")
            self._gateway.want_snapshot()

    def _report_status(self, text: str) -> None:
        now_ns, cause = self._schedule.now_ns, Cause.VENUE_STATUS
        self._process.post(Alarm(ts_ns=now_ns, cause=cause, active=bool(text), text=text))

    def _set_clock(self, window: Window | None) -> None:
        offset_s = 0.0
        if window is not None:
            offset_s = self._faults.random.choice((-5.0, -1.5, 0.5, 1.5, 5.0))
        self._gateway.clock_offset_ns = round(offset_s * NS_PER_S)

    def _burst(self, window: Window) -> None:
        side = Side.BUY if self._faults.random.random() < 0.5 else Side.SELL
        slices = self._faults.random.randint(2, 30)
        notional = Decimal(10_000 * 30 * slices)
        every_s = (window.end_s - window.begin_s) / slices
        script = Burst(side=side, notional=notional, slices=slices, every_s=every_s)
        self._exchange.script(self._plan.market.symbol, script, self._schedule.now_ns)

    def _jump(self, window: Window) -> None:
        """Move the mid at once by up to half a per cent, up or down."""
        sign = self._faults.random.choice((-1, 1))
        self._flow.mid *= 1.0 + sign * 0.005 * window.force
        self._flow._move_background(self._schedule.now_ns)
        self._gateway.deliver(self._exchange._take_news())

    def _end_one(self, is_self_trade: bool) -> None:
        names = self._gateway.own_open()
        if names:
            self._gateway.end(self._faults.random.choice(names), is_self_trade=is_self_trade)

    def _foreign(self, fault: Fault) -> None:
        random, base = self._faults.random, self._plan.market.base
        match fault:
            case Fault.DEPOSIT:
                amount = random.choice((Decimal(1), Decimal(-1), Decimal("0.5")))
                self._gateway.shift[base] = self._gateway.shift.get(base, Decimal(0)) + amount
            case Fault.WIPE:
                self._gateway.wipe(dict(self._plan.engine.opening))
                self._gateway.truth.reset(self._process.disk.fills)
            case Fault.FOREIGN_TRADE:
                self._place_foreign(fault, OrderKind.MARKET)
            case _:
                self._place_foreign(fault, OrderKind.LIMIT)

    def _place_foreign(self, fault: Fault, kind: OrderKind) -> None:
        """Place an order that is not ours on our account."""
        random, market = self._faults.random, self._plan.market
        side = Side.BUY if random.random() < 0.5 else Side.SELL
        mid = self._exchange.mid(market.symbol)
        ticks = round(mid / float(market.tick)) - side.sign * 400
        self._names += 1
        order = NewOrder(
            symbol=market.symbol,
            client_id=f"web{self._names}",
            side=side,
            kind=kind,
            price=market.tick * ticks,
            size=Decimal(2),
            self_trade=SelfTrade.EXPIRE_MAKER,
        )
        try:
            _, news = self._exchange.place(ACCOUNT, order, self._schedule.now_ns)
        except Refused:  # a halted market: the fault did not happen
            self._faults.fired[fault] -= 1
            return
        self._gateway.deliver(news)
        if kind is OrderKind.LIMIT:  # the engine pauses while it is open
            rest_ns = self._faults.between_ns(0.5, 10.0)
            withdraw = partial(self._withdraw_foreign, order.client_id)
            self._schedule.at(self._schedule.now_ns + rest_ns, withdraw)

    def _withdraw_foreign(self, client_id: str) -> None:
        with suppress(Refused):  # it was filled
            symbol, now_ns = self._plan.market.symbol, self._schedule.now_ns
            _, news = self._exchange.cancel(ACCOUNT, symbol, now_ns=now_ns, client_id=client_id)
            self._gateway.deliver(news)

    def _operate(self, command: type[OperatorCommand]) -> None:
        event = command(ts_ns=self._schedule.now_ns, actor="test", reason="")
        self._process.post(event)
