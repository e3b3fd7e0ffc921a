"""Requests to the simulated venue, and its news.

Integers count ticks and lots; money is Decimal.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.sim.fill_models import FillModel
from quoter.sim.real_like import RealLike


class SimReject(StrEnum):
    """Reasons of a refusal. The sandbox answers each with an error code of Binance's protocol."""

    WOULD_MATCH = "would_match"  # a post-only order that would match
    BALANCE = "balance"
    FILTER_PRICE = "filter_price"
    FILTER_LOT = "filter_lot"
    FILTER_NOTIONAL = "filter_notional"
    DUPLICATE = "duplicate"  # client id of an *open* order
    NOT_FOUND = "not_found"
    HALTED = "halted"
    INCREASE = "increase"  # an amendment to a larger size
    NO_CHANGE = "no_change"  # an amendment to the present size
    TRADED = "traded"  # an amendment to at most the filled size


class Refused(Exception):
    """A request was refused; nothing changed."""

    def __init__(self, reason: SimReject, text: str = "") -> None:
        super().__init__(text or reason.value)
        self.reason = reason


class SelfTrade(StrEnum):
    """Which order expires if an account would trade with itself; the taker's mode decides."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class OrderKind(StrEnum):
    """Type of an order."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    """Time in force: what happens to the part of an order that is not filled at once."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SimOrderState(StrEnum):
    """State of an order, in the venue's terms."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # self-trade prevention


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """One symbol of the simulated venue, and the stochastic market behind it.

    sigma: quote/base per sqrt(second), absolute. intensity (A): takers per second and side. kappa:
    1/price; a share exp(-kappa * d) of the takers reaches at least the distance d from the mid. A
    recorded market ignores these: its book and takers come from `Exchange.apply_*`.
    """

    symbol: str  # "BTCUSDT"
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    size_min: Decimal
    size_max: Decimal
    notional_min: Decimal
    mid: Decimal  # start of the random walk
    sigma: float
    intensity: float
    kappa: float
    spread_ticks: int  # of the background book
    depth_levels: int = 50
    depth_lots: int = 200  # mean background size of a level
    partial_share: float = 0.2  # share of takers who only partly fill the last order they reach
    fee_maker: Decimal = Decimal(0)
    fee_taker: Decimal = Decimal("0.001")
    recorded: bool = False
    fill_model: FillModel = FillModel.FRONT  # of a recorded market
    # parameters of a real-like market; depth_lots is then the best level's median
    real: RealLike | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCoin:
    """Coin that pays an account's fees while its balance is enough, as BNB does at Binance."""

    asset: str
    price: Decimal  # of one unit, in the quote currency of the traded market


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A request to create an order; `price` is ignored for MARKET."""

    symbol: str
    client_id: str
    side: Side
    kind: OrderKind
    price: Decimal
    size: Decimal
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade: SelfTrade = SelfTrade.NONE
    quote_size: Decimal = Decimal(0)  # amount of quote currency that `size` was derived from


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """An order at the venue; the venue changes it."""

    order_id: int
    account: str
    symbol: str
    client_id: str
    side: Side
    kind: OrderKind
    time_in_force: TimeInForce
    self_trade: SelfTrade
    price: Decimal
    size: Decimal
    filled: Decimal
    filled_quote: Decimal
    state: SimOrderState
    created_ns: int
    updated_ns: int
    amendments: int = 0
    quote_size: Decimal = Decimal(0)

    @property
    def leaves(self) -> Decimal:
        return self.size - self.filled

    @property
    def is_open(self) -> bool:
        return self.state in (SimOrderState.NEW, SimOrderState.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimTrade:
    """One execution for one account."""

    trade_id: int
    ts_ns: int
    account: str
    symbol: str
    order_id: int
    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool


class ReportType(StrEnum):
    """Type of an execution report."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"  # amended to a smaller size, in its place
    EXPIRED = "EXPIRED"
    TRADE_PREVENTION = "TRADE_PREVENTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """News for one account: a copy of its order, and for a fill the trade.

    `cancel_client_id`: id of the cancel request (Binance's field `c`; the order's own id is then in
    `C`). `former_client_id`: the order's client id before an amendment.
    """

    ts_ns: int
    account: str
    kind: ReportType
    order: SimOrder
    trade: SimTrade | None = None
    cancel_client_id: str = ""
    former_client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceNews:
    """Changed balances of an account: asset to (free, locked)."""

    ts_ns: int
    account: str
    balances: dict[str, tuple[Decimal, Decimal]]


class DepthNews(NamedTuple):
    """Levels that changed since the last DepthNews: absolute sizes, update ids first..last."""

    ts_ns: int
    symbol: str
    first: int
    last: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


class BestNews(NamedTuple):
    """Best level of each side, sent after a change of either."""

    ts_ns: int
    symbol: str
    update_id: int
    bid: tuple[Decimal, Decimal]
    ask: tuple[Decimal, Decimal]


class PrintNews(NamedTuple):
    """A public trade; `taker` is the aggressor's side."""

    ts_ns: int
    symbol: str
    trade_id: int
    price: Decimal
    size: Decimal
    taker: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthBook:
    """A full depth snapshot, best first."""

    last: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


type News = ExecutionReport | BalanceNews | DepthNews | BestNews | PrintNews
