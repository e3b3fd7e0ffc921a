"""One market and one account with exact numbers: matching for every paper venue.

The venues differ only in their forms (see `forms`). Orders of others stand in `depth`; nobody
trades with the account unless a test calls `fill`, `take` or `move`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, localcontext
from enum import StrEnum

from quoter.domain.market import Side

EXACT = Context(prec=100, traps=[Inexact])
ZERO = Decimal(0)
MID = Decimal(60_000)
TICK, LOT, SIZE_MIN = Decimal("0.1"), Decimal("0.000001"), Decimal("0.00001")
CHANGING = 8  # best levels whose size changes in turn: Kraken shows ten
LEVELS, LEVEL_GAP, LEVEL_SIZE = 60, Decimal("0.5"), Decimal("1.5")
HALF_SPREAD = Decimal(1)
BASE, QUOTE = "BTC", "USDT"
FEE_RATE = Decimal("0.001")
BALANCES = {BASE: Decimal(1), QUOTE: Decimal(100_000)}
# 18 decimals, as venues of tokens have them: no float holds these.
LONG_BALANCES = {BASE: Decimal("1.000000000000000017"), QUOTE: Decimal("0.123456789012345679")}


class Refusal(StrEnum):
    """Why the account's request is refused; each venue has its own words for it."""

    BALANCE = "balance"
    DUPLICATE = "duplicate"  # the client id was used before
    POST_ONLY = "post_only"
    NOT_FOUND = "not_found"  # no such open order
    SIGNATURE = "signature"
    BAD_REQUEST = "bad_request"
    ACCOUNT = "account"  # not for accounts of this kind, or not on the demo
    BUSY = "busy"


class Refused(Exception):
    """A request that changed nothing."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why)
        self.why = why


class Status(StrEnum):
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"  # post-only, where the venue accepts it first


@dataclass(slots=True, kw_only=True)
class Order:
    """An order of the account, open or ended. `fee` is what it cost so far, in `fee_asset`."""

    number: int  # from 1, in the order of arrival
    venue_id: str
    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    is_post_only: bool
    created_ms: int
    updated_ms: int
    fee_asset: str
    status: Status = Status.OPEN
    filled: Decimal = ZERO
    value: Decimal = ZERO  # filled, in quote currency
    fee: Decimal = ZERO

    @property
    def is_open(self) -> bool:
        return self.status is Status.OPEN

    @property
    def leaves(self) -> Decimal:
        return self.size - self.filled if self.is_open else ZERO

    @property
    def average(self) -> str:
        """The average price with 8 decimals; empty before the first fill."""
        return f"{self.value / self.filled:.8f}" if self.filled else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An execution of one of the account's orders. A positive `fee` was paid."""

    number: int  # from 1
    order: Order
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    at_ms: int


@dataclass(slots=True)
class Balance:
    free: Decimal
    locked: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class BookChange:
    """Levels that changed (price to new size, zero: gone); `last` numbers the book after it."""

    first: int
    last: int
    bids: dict[Decimal, Decimal]
    asks: dict[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Print:
    """A public trade."""

    number: int
    taker: Side
    price: Decimal
    size: Decimal
    at_ms: int


type News = Order | Trade | BookChange | Print
type Listener = Callable[[News], None]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def plain(number: Decimal) -> str:
    """Return a number without exponent and without zeros at its end; every digit is kept."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


@dataclass(slots=True)
class PaperExchange:
    """The market, the account and its history, oldest first. Listeners are called synchronously."""

    new_id: Callable[[int], str] = str  # the venue's order id from the number
    fee_in_quote: bool = False  # True: of buys too
    fee_rate: Decimal = FEE_RATE
    post_only_ends_later: bool = False  # the create is accepted, then the order is cancelled
    mid: Decimal = MID
    balances: dict[str, Balance] = field(
        default_factory=lambda: {coin: Balance(amount) for coin, amount in BALANCES.items()}
    )
    orders: dict[str, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    prints: list[Print] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    is_list_empty: bool = False  # a fault: lists show no open order
    stuck: set[str] = field(default_factory=set)  # client ids of orders that no cancel ends
    sequence: int = 1_000
    creates: int = 0
    _open: dict[str, Order] = field(default_factory=dict)
    _by_client: dict[str, Order] = field(default_factory=dict)
    _shown: dict[Side, dict[Decimal, Decimal]] = field(default_factory=dict)
    _refreshes: int = 0
    _dead_man: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._shown = {side: self.levels(side) for side in Side}

    def open_orders(self) -> list[Order]:
        """Return the open orders, oldest first."""
        return list(self._open.values())

    def listed_orders(self) -> list[Order]:
        """Return the open orders as lists show them, newest first."""
        return [] if self.is_list_empty else self.open_orders()[::-1]

    def find(self, *, venue_id: str = "", client_id: str = "") -> Order | None:
        """Return an order by the venue's id, else by the client's; None if there is none."""
        return self.orders.get(venue_id) if venue_id else self._by_client.get(client_id)

    def place(
        self, *, client_id: str, side: Side, price: Decimal, size: Decimal, is_post_only: bool
    ) -> Order:
        """Add an order; what crosses the book trades at once. Raises Refused."""
        self.creates += 1
        if price % TICK or size % LOT or size < SIZE_MIN:
            raise Refused(Refusal.BAD_REQUEST)
        if client_id and self.find(client_id=client_id) is not None:
            raise Refused(Refusal.DUPLICATE)
        crosses = self._crosses(side, price)
        if crosses and is_post_only and not self.post_only_ends_later:
            raise Refused(Refusal.POST_ONLY)
        order = self._new_order(client_id, side, price, size, is_post_only)
        with localcontext(EXACT):
            self._lock(order)
        self.orders[order.venue_id] = self._open[order.venue_id] = order
        if client_id:
            self._by_client[client_id] = order
        self._tell(order)
        if crosses and is_post_only:
            self._end(order, Status.REJECTED)
        elif crosses:
            best = min(self.depth(Side.SELL)) if side is Side.BUY else max(self.depth(Side.BUY))
            self.fill(order, order.leaves, price=best, is_maker=False)
        return order

    def _new_order(
        self, client_id: str, side: Side, price: Decimal, size: Decimal, is_post_only: bool
    ) -> Order:
        number, at_ms = len(self.orders) + 1, now_ms()
        return Order(
            number=number,
            venue_id=self.new_id(number),
            client_id=client_id,
            side=side,
            price=price,
            size=size,
            is_post_only=is_post_only,
            created_ms=at_ms,
            updated_ms=at_ms,
            fee_asset=QUOTE if self.fee_in_quote or side is Side.SELL else BASE,
        )

    def set_dead_man(self, seconds: float) -> None:
        """Cancel every order after so long, unless this is called again; 0: never."""
        if self._dead_man is not None:
            self._dead_man.cancel()
        self._dead_man = None
        if seconds:
            loop = asyncio.get_running_loop()
            self._dead_man = loop.call_later(seconds, self._cancel_every_order)

    def _cancel_every_order(self) -> None:
        for order in self.open_orders():
            self._end(order, Status.CANCELED)

    def cancel(self, order: Order | None) -> Order:
        """End an open order. Raises Refused."""
        if order is None or not order.is_open:
            raise Refused(Refusal.NOT_FOUND)
        if order.client_id in self.stuck:
            raise Refused(Refusal.BUSY)
        self._end(order, Status.CANCELED)
        return order

    def fill(
        self,
        order: Order,
        size: Decimal | None = None,
        *,
        price: Decimal | None = None,
        is_maker: bool = True,
    ) -> Trade:
        """Trade `size` (by default all) of an open order, by default at its own price."""
        with localcontext(EXACT):
            traded, at = order.leaves if size is None else size, price or order.price
            assert ZERO < traded <= order.leaves
            trade = self._book_trade(order, traded, at, is_maker=is_maker)
        self.trades.append(trade)
        self._tell(trade)
        self._tell(order)
        self._print(order.side.opposite if is_maker else order.side, at, traded)
        return trade

    def take(self, side: Side, size: Decimal) -> list[Trade]:
        """Trade up to `size` as somebody's market order with our open orders, best price first."""
        own = sorted(
            (order for order in self.open_orders() if order.side is side.opposite),
            key=lambda order: -order.side.sign * order.price,
        )
        done = []
        for order in own:
            if part := min(size, order.leaves):
                done.append(self.fill(order, part))
                size -= part
        return done

    def move(self, mid: Decimal) -> None:
        """Move the orders of others; ours that they cross are filled. The next refresh shows it."""
        self.mid = mid
        for order in self.open_orders():
            if self._crosses(order.side, order.price):
                self.fill(order)

    def refresh(self) -> None:
        """Publish the book, with a changed size on each side, and now and then a small trade."""
        self._refreshes += 1
        self.show_book()
        if self._refreshes % 4 == 0:
            taker = Side.BUY if self._refreshes % 8 else Side.SELL
            self._print(taker, self.mid + taker.sign * HALF_SPREAD, Decimal("0.01"))

    def depth(self, side: Side) -> dict[Decimal, Decimal]:
        """Return the orders of others on one side: price to size."""
        sign = -side.sign
        found = {
            self.mid + sign * (HALF_SPREAD + LEVEL_GAP * step): LEVEL_SIZE for step in range(LEVELS)
        }
        changing = self.mid + sign * (HALF_SPREAD + LEVEL_GAP * (self._refreshes % CHANGING))
        found[changing] += Decimal(1 + self._refreshes % 7) / 10
        return found

    def levels(self, side: Side) -> dict[Decimal, Decimal]:
        """Return the whole side, ours included: price to size, best price first."""
        found = self.depth(side)
        for order in self.open_orders():
            if order.side is side:
                found[order.price] = found.get(order.price, ZERO) + order.leaves
        return dict(sorted(found.items(), key=lambda level: -side.sign * level[0]))

    def show_book(self) -> None:
        """Publish the levels that changed since the last time, if any."""
        changed: dict[Side, dict[Decimal, Decimal]] = {}
        for side in Side:
            before, after = self._shown[side], self.levels(side)
            gone = {price: ZERO for price in before if price not in after}
            news = {price: size for price, size in after.items() if before.get(price) != size}
            changed[side], self._shown[side] = gone | news, after
        if any(changed.values()):
            first = self.sequence + 1
            self.sequence += 1
            self._tell(BookChange(first, self.sequence, changed[Side.BUY], changed[Side.SELL]))

    def totals(self) -> dict[str, Decimal]:
        """Return free and locked together, by coin."""
        with localcontext(EXACT):
            return {coin: held.free + held.locked for coin, held in self.balances.items()}

    def _crosses(self, side: Side, price: Decimal) -> bool:
        return (
            price >= min(self.depth(Side.SELL))
            if side is Side.BUY
            else (price <= max(self.depth(Side.BUY)))
        )

    def _lock(self, order: Order) -> None:
        held, amount = self._held(order, order.size)
        if held.free < amount:
            raise Refused(Refusal.BALANCE)
        held.free, held.locked = held.free - amount, held.locked + amount

    def _held(self, order: Order, size: Decimal) -> tuple[Balance, Decimal]:
        """Return the balance that an order of this size locks, and the amount."""
        if order.side is Side.BUY:
            return self.balances[QUOTE], size * order.price
        return self.balances[BASE], size

    def _end(self, order: Order, status: Status) -> None:
        with localcontext(EXACT):
            held, amount = self._held(order, order.leaves)
            held.free, held.locked = held.free + amount, held.locked - amount
        order.status, order.updated_ms = status, now_ms()
        del self._open[order.venue_id]
        self._tell(order)

    def _book_trade(self, order: Order, size: Decimal, price: Decimal, *, is_maker: bool) -> Trade:
        held, amount = self._held(order, size)
        held.locked -= amount
        value, is_buy = size * price, order.side is Side.BUY
        fee = (size if order.fee_asset == BASE else value) * self.fee_rate
        if is_buy:
            self.balances[QUOTE].free += amount - value
        self.balances[BASE if is_buy else QUOTE].free += size if is_buy else value
        self.balances[order.fee_asset].free -= fee
        order.filled, order.value, order.fee = (
            order.filled + size, order.value + value, order.fee + fee
        )  # fmt: skip
        order.updated_ms = now_ms()
        if order.filled == order.size:
            order.status = Status.FILLED
            del self._open[order.venue_id]
        return Trade(
            number=len(self.trades) + 1,
            order=order,
            price=price,
            size=size,
            fee=fee,
            fee_asset=order.fee_asset,
            is_maker=is_maker,
            at_ms=order.updated_ms,
        )

    def _print(self, taker: Side, price: Decimal, size: Decimal) -> None:
        trade = Print(len(self.prints) + 1, taker, price, size, now_ms())
        self.prints.append(trade)
        self._tell(trade)

    def _tell(self, news: News) -> None:
        for listener in list(self.listeners):
            listener(news)
