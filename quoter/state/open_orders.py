"""Our orders that may still fill, with the amounts that they reserve.

An order leaves the live set in three ways only: by a definitive reject, by its end with all fills
booked, or by the unknown-order fence (rule OL-05).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.orders import OrderState, OrderView
from quoter.domain.trading import CancelReason

CLOSED_MAX = 10_000  # closed orders remembered, so that late events find their order: 4 MB
ZERO = Decimal(0)

IN_FLIGHT = frozenset({OrderState.RESERVED, OrderState.PENDING_NEW})
RESTING = frozenset({OrderState.OPEN, OrderState.PARTIAL})


@dataclass(slots=True, kw_only=True)
class OpenOrder:
    """One order of ours; changed by `OpenOrders`, the order lifecycle and reconciliation only."""

    client_id: str
    side: Side
    ticks: int
    price: Decimal
    size: Decimal
    created_ns: int
    is_taking: bool = False  # IOC: it never rests; the part that can't trade at once is cancelled
    state: OrderState = OrderState.RESERVED
    venue_id: str = ""
    filled: Decimal = ZERO  # booked from unique trades
    venue_filled: Decimal = ZERO  # the largest filled size that the venue reported
    changed_ns: int = 0
    filled_ns: int = 0  # when the last fill was booked
    cancel_reason: CancelReason | None = None  # set once its end was requested
    end_ns: int = 0  # when its end was requested
    cancels_sent: int = 0
    next_cancel_ns: int = 0
    next_query_ns: int = 0
    queries_sent: int = 0
    unknown_since_ns: int = 0
    fills_missing_since_ns: int = 0  # since when fills are missing here
    # time of the first not-found answer after the fence; reset to 0 by a report that it is open
    not_found_ns: int = 0
    price_float: float = 0.0

    @property
    def leaves(self) -> Decimal:
        """The size that could still fill, base."""
        return self.size - self.filled

    @property
    def is_wanted(self) -> bool:
        """Whether it is open or in flight, and its end was not requested."""
        return self.cancel_reason is None and (self.state in RESTING or self.state in IN_FLIGHT)

    @property
    def has_missing_fills(self) -> bool:
        """Whether the venue reports more fills than are booked."""
        return self.venue_filled > self.filled

    @property
    def is_in_question(self) -> bool:
        """Whether anything about the order is not settled: state, end, fills, or a query."""
        return (
            self.state not in RESTING
            or self.cancel_reason is not None
            or self.is_taking
            or self.next_query_ns != 0
            or self.fills_missing_since_ns != 0
            or self.has_missing_fills
        )

    def view(self) -> OrderView:
        return OrderView(
            client_id=self.client_id,
            venue_id=self.venue_id,
            side=self.side,
            price=self.price,
            size=self.size,
            filled=self.filled,
            state=self.state,
            created_ns=self.created_ns,
        )


@dataclass(slots=True, kw_only=True)
class ClosedOrder:
    """Short record of an ended order; it takes a third of the memory of `OpenOrder`."""

    client_id: str
    venue_id: str
    state: OrderState
    filled: Decimal
    changed_ns: int
    is_taking: bool
    next_query_ns: int


class OwnLevels:
    """Our sizes by price on one side, as a published book shows them.

    Includes live orders and recently closed ones. Reads like a mapping from price to size; a size
    is summed when it is read.
    """

    def __init__(self) -> None:
        self._orders: dict[float, list[OpenOrder]] = {}
        self._closed: deque[OpenOrder] = deque(maxlen=CLOSED_MAX)
        self._since_ns = 0

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, price: float, default: float, /) -> float:
        """Our size at a price, `default` if there is no order of ours."""
        orders = self._orders.get(price)
        if orders is None:
            return default
        return sum(self._shown(o) for o in orders if o.state is not OrderState.RESERVED)

    def _shown(self, order: OpenOrder) -> float:
        """Size of an order in the published book, base; its last fill may be missing there."""
        return float(order.size if order.filled_ns > self._since_ns else order.leaves)

    def add(self, order: OpenOrder) -> None:
        self._orders.setdefault(order.price_float, []).append(order)

    def closed(self, order: OpenOrder) -> None:
        """Keep a closed order until `expire`, because published books may still contain it."""
        if len(self._closed) == CLOSED_MAX:
            self._drop(self._closed.popleft())
        self._closed.append(order)

    def expire(self, before_ns: int) -> bool:
        """Drop ends and fills from before `before_ns`: published books show them by then.

        Return whether there were any, so that sizes may be smaller now.
        """
        since_ns, closed = self._since_ns, self._closed
        is_any = any(
            since_ns < order.filled_ns <= before_ns
            for orders in self._orders.values()
            for order in orders
        )
        self._since_ns = before_ns
        while closed and closed[0].changed_ns < before_ns:
            self._drop(closed.popleft())
            is_any = True
        return is_any

    def _drop(self, order: OpenOrder) -> None:
        orders = self._orders[order.price_float]
        orders.remove(order)
        if not orders:
            del self._orders[order.price_float]


class OpenOrders:
    """The live orders, their leaves per side, and the most recent closed orders."""

    def __init__(self) -> None:
        self._live: dict[str, OpenOrder] = {}
        self._closed: dict[str, ClosedOrder] = {}
        self._leaves = {Side.BUY: ZERO, Side.SELL: ZERO}
        # `revision` grows with every change of the live orders: their number, states, leaves, ticks
        # and requested ends. `size_revision` does not grow with a change of state after which an
        # order is still wanted (or still unwanted).
        self.revision = self.size_revision = 0
        self._buys, self._buys_revision = ZERO, 0  # notional of live buys, at a `size_revision`
        self.levels = {Side.BUY: OwnLevels(), Side.SELL: OwnLevels()}

    def __iter__(self) -> Iterator[OpenOrder]:
        return iter(self._live.values())

    def __len__(self) -> int:
        return len(self._live)

    def live(self, client_id: str) -> OpenOrder | None:
        return self._live.get(client_id)

    def closed(self, client_id: str) -> ClosedOrder | None:
        return self._closed.get(client_id)

    def find(self, client_id: str) -> OpenOrder | ClosedOrder | None:
        return self._live.get(client_id) or self._closed.get(client_id)

    def regrid(self, instrument: Instrument) -> None:
        """Convert live orders to a new tick; a price off its grid is rounded aggressively."""
        for order in self._live.values():
            ticks, rest = divmod(order.price, instrument.tick)
            order.ticks = int(ticks) + (1 if rest and order.side is Side.BUY else 0)
        self._change()

    def by_venue_id(self, venue_id: str) -> OpenOrder | ClosedOrder | None:
        """The newest order with this venue id, for trade lists without our id; None if unknown."""
        return _newest(self._live, venue_id) or _newest(self._closed, venue_id)

    def learn_venue_id(self, order: OpenOrder, venue_id: str) -> None:
        """Record the venue's id of an order that is live or was just closed."""
        order.venue_id = venue_id
        closed = self._closed.get(order.client_id)
        if closed is not None:
            closed.venue_id = venue_id

    def is_taker(self, fill: Fill) -> bool:
        """Whether the fill is of an IOC order of ours."""
        order = self.find(fill.client_id) or self.by_venue_id(fill.venue_id)
        return order is not None and order.is_taking

    def leaves(self, side: Side) -> Decimal:
        """Size that could still fill on one side, base (B and S of deploy/docs/strategy.md)."""
        return self._leaves[side]

    @property
    def notional_of_buys(self) -> Decimal:
        """Quote currency that all live buys could still cost."""
        if self._buys_revision != self.size_revision:
            self._buys, self._buys_revision = self._count_buys(), self.size_revision
        return self._buys

    def _count_buys(self) -> Decimal:
        return sum((o.leaves * o.price for o in self.of_side(Side.BUY)), start=ZERO)

    def counter_mismatch(self) -> str | None:
        """Recount the reserved amounts; return a difference from the counters as text, or None."""
        for side, counted in self._leaves.items():
            recounted = sum((o.leaves for o in self.of_side(side)), start=ZERO)
            if counted != recounted:
                return f"{side} leaves counted {plain(counted)}, recounted {plain(recounted)}"
        counted, recounted = self.notional_of_buys, self._count_buys()
        if counted != recounted:
            return f"notional of buys counted {plain(counted)}, recounted {plain(recounted)}"
        return None

    def of_side(self, side: Side) -> list[OpenOrder]:
        return [order for order in self._live.values() if order.side is side]

    def reserve(self, order: PlaceOrder, *, ticks: int) -> OpenOrder:
        """Add an approved order to the live set before its request is sent."""
        record = OpenOrder(
            client_id=order.client_id,
            side=order.side,
            ticks=ticks,
            price=order.price,
            size=order.size,
            created_ns=order.decided_ns,
            changed_ns=order.decided_ns,
            is_taking=order.time_in_force is TimeInForce.IOC,
            price_float=float(order.price),
        )
        self._change()
        self._live[order.client_id] = record
        self.levels[order.side].add(record)
        self._leaves[order.side] += order.size
        return record

    def fill(self, order: OpenOrder, size: Decimal) -> None:
        """Add a booked fill to a live order, at most as much as the order has left."""
        booked = min(size, order.leaves)
        order.filled += booked
        order.venue_filled = max(order.venue_filled, order.filled)
        self._leaves[order.side] -= booked
        self._change()

    def _change(self) -> None:
        self.revision += 1
        self.size_revision += 1

    def set_state(self, order: OpenOrder, state: OrderState) -> None:
        """Set a live order to another live state."""
        was_wanted = order.is_wanted
        order.state = state
        self.revision += 1
        if order.is_wanted is not was_wanted:
            self.size_revision += 1

    def request_end(self, order: OpenOrder, reason: CancelReason, ts_ns: int) -> None:
        """Record that the end of a live order was requested, with the reason and the time."""
        order.cancel_reason, order.end_ns = reason, ts_ns
        self._change()

    def close(self, order: OpenOrder, state: OrderState, ts_ns: int) -> None:
        """Move an order out of the live set and free its reservation."""
        self._change()
        del self._live[order.client_id]
        self._leaves[order.side] -= order.leaves
        order.state, order.changed_ns = state, ts_ns
        self._closed[order.client_id] = ClosedOrder(
            client_id=order.client_id,
            venue_id=order.venue_id,
            state=state,
            filled=order.filled,
            changed_ns=ts_ns,
            is_taking=order.is_taking,
            next_query_ns=order.next_query_ns,
        )
        self.levels[order.side].closed(order)
        if len(self._closed) > CLOSED_MAX:
            del self._closed[next(iter(self._closed))]


def _newest[Order: (OpenOrder, ClosedOrder)](
    orders: dict[str, Order], venue_id: str
) -> Order | None:
    """Return the newest order with this venue id; None if there is none, or the id is empty."""
    for order in reversed(orders.values()) if venue_id else ():
        if order.venue_id == venue_id:
            return order
    return None
