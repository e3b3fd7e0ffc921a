"""A small market, fills and orders that several tests of `state` start from."""

from dataclasses import replace
from decimal import Decimal

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import BookDelta, BookSnapshot, Fill, TopOfBook
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Side
from quoter.state.open_orders import OpenOrder, OpenOrders

START_NS = 1_700_000_000_000_000_000
BUY, SELL = Side.BUY, Side.SELL
ABC = Instrument(
    symbol="ABC/USD",
    venue_symbol="ABCUSD",
    base="ABC",
    quote="USD",
    tick=Decimal("0.1"),
    lot=Decimal("0.01"),
    size_min=Decimal("0.01"),
    size_max=Decimal(1000),
    notional_min=Decimal(1),
    fee_maker=Decimal("0.001"),
)


def exact(*numbers: int | str) -> tuple[Decimal, ...]:
    """Several exact amounts at once."""
    return tuple(Decimal(number) for number in numbers)


def fill(
    trade_id: str,
    side: Side = BUY,
    size: str = "1",
    price: str = "100",
    *,
    fee: str = "0",
    fee_asset: str = "USD",
    client_id: str = "q1",
    venue_id: str = "",
) -> Fill:
    """An execution of ours at START_NS."""
    return Fill(
        ts_ns=START_NS,
        trade_id=trade_id,
        client_id=client_id,
        venue_id=venue_id,
        side=side,
        price=Decimal(price),
        size=Decimal(size),
        fee=Decimal(fee),
        fee_asset=fee_asset,
        is_maker=True,
    )


def at(ts_ns: int, reported: Fill) -> Fill:
    """The same execution, received at another time."""
    return replace(reported, ts_ns=ts_ns)


def place(client_id: str, side: Side = BUY, size: str = "1", price: str = "99.0") -> PlaceOrder:
    return PlaceOrder(
        client_id=client_id,
        side=side,
        price=Decimal(price),
        size=Decimal(size),
        decided_ns=START_NS,
    )


def reserve(
    orders: OpenOrders, client_id: str, side: Side = BUY, size: str = "1", price: str = "99.0"
) -> OpenOrder:
    """An order that has just been approved."""
    wanted = place(client_id, side, size, price)
    return orders.reserve(wanted, ticks=ABC.ticks(wanted.price))


def levels(*pairs: tuple[float, float]) -> tuple[Level, ...]:
    return tuple(Level(price, size) for price, size in pairs)


def snapshot(
    last: int = 10,
    bids: tuple[Level, ...] = levels((99.9, 5.0), (99.8, 7.0)),
    asks: tuple[Level, ...] = levels((100.1, 4.0), (100.2, 6.0)),
    *,
    ts_ns: int = START_NS,
) -> BookSnapshot:
    return BookSnapshot(ts_ns=ts_ns, last=last, bids=bids, asks=asks)


def delta(
    prev: int,
    last: int,
    bids: tuple[Level, ...] = (),
    asks: tuple[Level, ...] = (),
    *,
    ts_ns: int = START_NS + 1,
) -> BookDelta:
    return BookDelta(ts_ns=ts_ns, prev=prev, last=last, bids=bids, asks=asks)


def top(
    update_id: int, bid: tuple[float, float], ask: tuple[float, float], *, ts_ns: int = START_NS + 2
) -> TopOfBook:
    return TopOfBook(ts_ns=ts_ns, update_id=update_id, bid=Level(*bid), ask=Level(*ask))
