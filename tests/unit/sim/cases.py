"""A small venue with round numbers: tick 0.1, lot 0.01, a constant mid of 100."""

from collections.abc import Iterable
from decimal import Decimal

from quoter.domain.market import Side
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    DepthBook,
    DepthNews,
    ExecutionReport,
    MarketSpec,
    NewOrder,
    News,
    OrderKind,
    SelfTrade,
    TimeInForce,
)

SYMBOL = "ABCUSD"
BUY, SELL = Side.BUY, Side.SELL
RICH = {"ABC": Decimal(1000), "USD": Decimal(100_000)}

type Book = dict[Side, dict[Decimal, Decimal]]


def market(
    *,
    symbol: str = SYMBOL,
    base: str = "ABC",
    sigma: float = 0.0,
    intensity: float = 0.0,
    kappa: float = 0.5,
    spread_ticks: int = 20,
    partial_share: float = 0.0,
    fee_maker: str = "0.001",
    fee_taker: str = "0.002",
    recorded: bool = False,
) -> MarketSpec:
    """Nothing moves with zero sigma and intensity; the background is 99.0 / 101.0."""
    return MarketSpec(
        symbol=symbol,
        base=base,
        quote="USD",
        tick=Decimal("0.1"),
        lot=Decimal("0.01"),
        size_min=Decimal("0.01"),
        size_max=Decimal(1000),
        notional_min=Decimal(2),
        mid=Decimal(100),
        sigma=sigma,
        intensity=intensity,
        kappa=kappa,
        spread_ticks=spread_ticks,
        partial_share=partial_share,
        fee_maker=Decimal(fee_maker),
        fee_taker=Decimal(fee_taker),
        recorded=recorded,
    )


def venue(*specs: MarketSpec, seed: int = 7) -> Exchange:
    """A venue with two accounts, a and b, with large balances."""
    exchange = Exchange(specs or (market(),), seed=seed, now_ns=0)
    for account in ("a", "b"):
        exchange.add_account(account, RICH)
    return exchange


def order(
    side: Side,
    price: str,
    size: str,
    *,
    kind: OrderKind = OrderKind.LIMIT,
    client_id: str = "",
    time_in_force: TimeInForce = TimeInForce.GTC,
    self_trade: SelfTrade = SelfTrade.NONE,
    symbol: str = SYMBOL,
) -> NewOrder:
    return NewOrder(
        symbol=symbol,
        client_id=client_id,
        side=side,
        kind=kind,
        price=Decimal(price),
        size=Decimal(size),
        time_in_force=time_in_force,
        self_trade=self_trade,
    )


def reports(news: Iterable[News]) -> list[ExecutionReport]:
    return [one for one in news if isinstance(one, ExecutionReport)]


def rebuilt(snapshot: DepthBook) -> Book:
    """A client's book from a snapshot."""
    return {BUY: dict(snapshot.bids), SELL: dict(snapshot.asks)}


def apply(book: Book, diff: DepthNews) -> None:
    for side, levels in ((BUY, diff.bids), (SELL, diff.asks)):
        for price, size in levels:
            if size:
                book[side][price] = size
            else:
                book[side].pop(price, None)
