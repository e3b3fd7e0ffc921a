"""Market of one symbol: account orders, background and the rules of the venue."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from quoter.domain.market import Side
from quoter.sim.background import Background
from quoter.sim.clearing import Clearing, Emit
from quoter.sim.grid import Grid
from quoter.sim.matching import Hit, Plan, plan
from quoter.sim.messages import (
    NewOrder,
    OrderKind,
    PrintNews,
    Refused,
    ReportType,
    SelfTrade,
    SimOrder,
    SimOrderState,
    SimReject,
    TimeInForce,
)
from quoter.sim.orders import OrderStore
from quoter.sim.publisher import Publisher
from quoter.sim.resting import Resting, RestingBook

TAKER_LOTS_MAX = 10**40  # no bound for a public taker: its price or money ends it earlier


class Market:
    """Executes requests and public trades of one symbol. `commit` publishes the changes."""

    def __init__(
        self,
        *,
        grid: Grid,
        book: RestingBook,
        background: Background,
        publisher: Publisher,
        clearing: Clearing,
        orders: OrderStore,
        emit: Emit,
        trade_id_first: int,
    ) -> None:
        self.spec = grid.spec
        self.grid = grid
        self.book = book
        self.background = background
        self.publisher = publisher
        self.is_halted = False
        self._clearing = clearing
        self._orders = orders
        self._emit = emit
        self._next_trade_id = trade_id_first

    def place(self, account: str, order: NewOrder, now_ns: int) -> SimOrder:
        """Place an order. Raises Refused, without any change.

        The order first trades with the shown levels; then the background refills. If the rest of
        the order still crosses the book, it is filled at its own limit.
        """
        if self.is_halted:
            raise Refused(SimReject.HALTED)
        ticks, lots = self.grid.admit(order)
        if self._orders.is_taken(account, self.spec.symbol, order.client_id):
            raise Refused(SimReject.DUPLICATE)
        is_market = order.kind is OrderKind.MARKET
        planned = plan(
            book=self.book,
            background=self._levels(order.side.opposite, None if is_market else ticks),
            side=order.side,
            lots=lots,
            limit_ticks=None if is_market else ticks,
            account=account,
            self_trade=order.self_trade,
        )
        if order.kind is OrderKind.LIMIT_MAKER and self._would_cross(order.side, ticks):
            raise Refused(SimReject.WOULD_MATCH)
        if is_market:
            self._check_market_order(account, order, planned)
        placed = self._new_order(account, order, now_ns)
        self._clearing.open(placed)
        self._orders.add(placed)
        is_killed = order.time_in_force is TimeInForce.FOK and planned.lots < lots
        if not is_killed:
            self._execute(placed, planned, now_ns)
        if placed.is_open:
            self._rest_or_end(placed, ticks, planned, now_ns)
            for rest in self._crossed(placed.side):
                self.fill(rest, rest.lots, now_ns, taker=placed.side)
        else:
            self._orders.close(placed)
        self.commit(now_ns)
        return replace(placed)

    def size_for(self, account: str, side: Side, quote: Decimal, self_trade: SelfTrade) -> Decimal:
        """Return the size of a market order for an amount of quote currency.

        It is the largest size that the book trades for the amount. If the book holds less, the rest
        is added at the last price, so that the order expires partially filled.
        """
        units = self.grid.units(quote)
        levels = self._levels(side.opposite, None)
        most = int(self.spec.size_max // self.spec.lot)

        def planned(units_max: int | None) -> Plan:
            return plan(
                book=self.book,
                background=levels,
                side=side,
                lots=most,
                units_max=units_max,
                account=account,
                self_trade=self_trade,
            )

        bought, whole = planned(units), planned(None)
        lots = bought.lots
        if whole.hits and bought.lots == whole.lots:
            lots += (units - bought.units) // whole.hits[-1].ticks
        return self.grid.size(min(lots, most))

    def cancel(self, resting: Resting, now_ns: int, cancel_client_id: str = "") -> SimOrder:
        """Cancel an open order on request of its owner; the caller commits."""
        self._remove(
            resting,
            SimOrderState.CANCELED,
            ReportType.CANCELED,
            now_ns=now_ns,
            cancel_client_id=cancel_client_id,
        )
        return replace(resting.order)

    def reduce(self, resting: Resting, size: Decimal, now_ns: int, client_id: str) -> SimOrder:
        """Reduce an open order to `size` (base); it keeps its queue position.

        Raises Refused, without any change.
        """
        order = resting.order
        if self.is_halted:
            raise Refused(SimReject.HALTED)
        lots = self.grid.admit_size(size)
        if size > order.size:
            raise Refused(SimReject.INCREASE)
        if size == order.size:
            raise Refused(SimReject.NO_CHANGE)
        if size <= order.filled:
            raise Refused(SimReject.TRADED)
        if order.price * size < self.spec.notional_min:
            raise Refused(SimReject.FILTER_NOTIONAL)
        former = order.client_id
        if client_id != former:
            if self._orders.is_taken(order.account, order.symbol, client_id):
                raise Refused(SimReject.DUPLICATE)
            self._orders.rename(order, client_id)
        resting.lots = lots - self.grid.lots(order.filled)
        self._clearing.reduce(order, size, ts_ns=now_ns, former_client_id=former)
        self.publisher.touch(order.side, resting.ticks)
        self.commit(now_ns)
        return replace(order)

    def fill(self, resting: Resting, lots: int, now_ns: int, *, taker: Side | None) -> None:
        """Fill `lots` of a resting order at its price; the caller commits.

        taker: side of the taker in the published trade; None: the caller publishes the trade.
        """
        trade_id = self.next_trade_id()
        self._fill_maker(resting, lots, trade_id, now_ns)
        if taker is not None:
            self.print_trade(trade_id, resting.ticks, lots, taker, now_ns)

    def reached(
        self, side: Side, *, limit_ticks: int | None = None, units_max: int | None = None
    ) -> Sequence[Hit]:
        """Return the hits of a public taker, best first.

        limit_ticks: worst price, included. units_max: money, in units of the grid. None: no bound.
        """
        return plan(
            book=self.book,
            background=self.background.levels(side.opposite),
            side=side,
            lots=TAKER_LOTS_MAX,
            limit_ticks=limit_ticks,
            units_max=units_max,
        ).hits

    def trade(self, hits: Iterable[Hit], taker: Side, now_ns: int) -> None:
        """Trade as a public taker with `hits`, one print each; the caller commits."""
        for hit in hits:
            if hit.resting is not None:
                self.fill(hit.resting, hit.lots, now_ns, taker=taker)
            else:
                self.print_trade(self.next_trade_id(), hit.ticks, hit.lots, taker, now_ns)

    def uncross(self, now_ns: int) -> None:
        """Fill account orders that the background has crossed, at their own prices.

        This models a taker who moves the background there and trades with these orders on the way.
        The best prices before the trades are published first, without the levels that the taker
        removed.
        """
        for side in (Side.BUY, Side.SELL):
            for resting in self._crossed(side):
                self.publisher.publish_own_best(side, now_ns)
                self.fill(resting, resting.lots, now_ns, taker=side.opposite)

    def print_trade(self, trade_id: int, ticks: int, lots: int, taker: Side, now_ns: int) -> None:
        """Publish a public trade of `lots` at `ticks`."""
        self._emit(
            PrintNews(
                ts_ns=now_ns,
                symbol=self.spec.symbol,
                trade_id=trade_id,
                price=self.grid.price(ticks),
                size=self.grid.size(lots),
                taker=taker,
            )
        )

    def next_trade_id(self) -> int:
        trade_id = self._next_trade_id
        self._next_trade_id += 1
        return trade_id

    def commit(self, now_ns: int) -> None:
        """Complete a change: publish balances, update id and best price."""
        self._clearing.settle(now_ns)
        self.publisher.commit(now_ns)

    def _levels(self, side: Side, limit: int | None) -> Sequence[tuple[int, int]]:
        """Return the background's levels; an empty list if even the best is beyond the limit."""
        best = self.background.best(side)
        if best is None or (limit is not None and side.sign * (best - limit) < 0):
            return ()
        return self.background.levels(side)

    def _would_cross(self, side: Side, ticks: int) -> bool:
        across = self.publisher.best(side.opposite)
        return across is not None and side.sign * (ticks - across[0]) >= 0

    def _crossed(self, side: Side) -> Sequence[Resting]:
        """Return the account orders that the other side's best background price crosses."""
        best, across = self.book.best(side), self.background.best(side.opposite)
        if best is None or across is None or side.sign * (best - across) < 0:
            return ()
        return [r for r in self.book.queue(side) if side.sign * (r.ticks - across) >= 0]

    def _check_market_order(self, account: str, order: NewOrder, planned: Plan) -> None:
        best = self.publisher.best(order.side.opposite)
        notional = self.grid.price(best[0]) * order.size if best else self.spec.notional_min
        if max(notional, order.quote_size) < self.spec.notional_min:
            raise Refused(SimReject.FILTER_NOTIONAL)
        cost = max(self.grid.unit * planned.units, order.quote_size)
        self._clearing.require(account, self.spec.symbol, order.side, base=order.size, quote=cost)

    def _new_order(self, account: str, order: NewOrder, now_ns: int) -> SimOrder:
        order_id = self._orders.next_id()
        zero = self.grid.size(0)
        return SimOrder(
            order_id=order_id,
            account=account,
            symbol=self.spec.symbol,
            client_id=order.client_id or f"venue{order_id}",
            side=order.side,
            kind=order.kind,
            time_in_force=order.time_in_force,
            self_trade=order.self_trade,
            price=self.grid.price(0) if order.kind is OrderKind.MARKET else order.price,
            size=order.size,
            filled=zero,
            filled_quote=zero,
            state=SimOrderState.NEW,
            created_ns=now_ns,
            updated_ns=now_ns,
            quote_size=order.quote_size,
        )

    def _execute(self, taker: SimOrder, planned: Plan, now_ns: int) -> None:
        for hit in planned.hits:
            if hit.is_prevented and hit.resting is not None:
                self._prevent(hit.resting, now_ns)
                continue
            trade_id = self.next_trade_id()
            if hit.resting is not None:
                self._fill_maker(hit.resting, hit.lots, trade_id, now_ns)
            self._clearing.fill(
                taker,
                self.grid,
                ticks=hit.ticks,
                lots=hit.lots,
                trade_id=trade_id,
                is_maker=False,
                ts_ns=now_ns,
            )
            self.print_trade(trade_id, hit.ticks, hit.lots, taker.side, now_ns)

    def _rest_or_end(self, order: SimOrder, ticks: int, planned: Plan, now_ns: int) -> None:
        is_resting_kind = order.kind is not OrderKind.MARKET
        if is_resting_kind and order.time_in_force is TimeInForce.GTC and not planned.taker_expires:
            resting = Resting(
                order=order,
                ticks=ticks,
                lots=self.grid.lots(order.leaves),
                queue=self.background.queue_end(order.side, ticks),
            )
            self.book.add(resting)
            self._orders.rest(resting)
            self.publisher.touch(order.side, ticks)
            return
        state, kind = SimOrderState.EXPIRED, ReportType.EXPIRED
        if planned.taker_expires:
            state, kind = SimOrderState.EXPIRED_IN_MATCH, ReportType.TRADE_PREVENTION
        self._clearing.close(order, state, kind, ts_ns=now_ns)
        self._orders.close(order)

    def _fill_maker(self, resting: Resting, lots: int, trade_id: int, now_ns: int) -> None:
        order = resting.order
        self._clearing.fill(
            order,
            self.grid,
            ticks=resting.ticks,
            lots=lots,
            trade_id=trade_id,
            is_maker=True,
            ts_ns=now_ns,
        )
        resting.lots -= lots
        self.publisher.touch(order.side, resting.ticks)
        if not resting.lots:
            self.book.remove(resting)
            self._orders.close(order)

    def _prevent(self, resting: Resting, now_ns: int) -> None:
        self._remove(
            resting, SimOrderState.EXPIRED_IN_MATCH, ReportType.TRADE_PREVENTION, now_ns=now_ns
        )

    def _remove(
        self,
        resting: Resting,
        state: SimOrderState,
        kind: ReportType,
        *,
        now_ns: int,
        cancel_client_id: str = "",
    ) -> None:
        self.book.remove(resting)
        self._orders.close(resting.order)
        self.publisher.touch(resting.order.side, resting.ticks)
        self._clearing.close(
            resting.order, state, kind, ts_ns=now_ns, cancel_client_id=cancel_client_id
        )
