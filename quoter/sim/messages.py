"""What the simulated venue takes and gives. Integers count ticks and lots; money is Decimal."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from quoter.domain.market import Side


class SimReject(StrEnum):
    """Why the venue refuses a request; the wire protocol in `sandbox/` has a code for each."""

    WOULD_MATCH = "would_match"  # a post-only order that would take
    BALANCE = "balance"
    FILTER_PRICE = "filter_price"
    FILTER_LOT = "filter_lot"
    FILTER_NOTIONAL = "filter_notional"
    DUPLICATE = "duplicate"  # client id of an *open* order
    NOT_FOUND = "not_found"
    HALTED = "halted"
    INCREASE = "increase"  # an amendment that asks for more
    NO_CHANGE = "no_change"  # an amendment that asks for what is
    TRADED = "traded"  # an amendment to no more than has traded already


class Refused(Exception):
    """The venue's 'no' to a request; nothing changed."""

    def __init__(self, reason: SimReject, text: str = "") -> None:
        super().__init__(text or reason.value)
        self.reason = reason


class SelfTrade(StrEnum):
    """Which order dies when an account would trade with itself; the taker's choice."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class OrderKind(StrEnum):
    """How an order meets the book."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    """How long an order that is not filled at once stays."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SimOrderState(StrEnum):
    """Where an order is in its life, in the venue's own words."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # self-trade prevention


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """One symbol of the simulated venue, and the stochastic market behind it.

    sigma is absolute per sqrt(s) (quote/base); intensity (A) takers/s per side; kappa 1/price.
    A recorded market ignores them: its book and its takers come from `Exchange.apply_*`.
    """

    symbol: str  # "BTCUSDT"
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    size_min: Decimal
    size_max: Decimal
    notional_min: Decimal
    mid: Decimal  # where the walk starts
    sigma: float
    intensity: float
    kappa: float
    spread_ticks: int  # of the background book
    depth_levels: int = 50
    depth_lots: int = 200  # mean background size of a level
    partial_share: float = 0.2  # share of takers whose last order is only partly eaten
    fee_maker: Decimal = Decimal(0)
    fee_taker: Decimal = Decimal("0.001")
    recorded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCoin:
    """A coin that an account pays its fees in while it holds enough of it, as BNB at Binance."""

    asset: str
    price: Decimal  # of one unit, in the quote currency of whatever market it trades


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


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """An order at the venue; mutable, the venue's own."""

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

    @property
    def leaves(self) -> Decimal:
        return self.size - self.filled

    @property
    def is_open(self) -> bool:
        return self.state in (SimOrderState.NEW, SimOrderState.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimTrade:
    """One execution for one account (the truth ledger keeps them all, in order)."""

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
    """What an execution report tells."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"  # amended: smaller, in its old place
    EXPIRED = "EXPIRED"
    TRADE_PREVENTION = "TRADE_PREVENTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """News for one account: a copy of its order now, and the trade if it was one.

    `cancel_client_id` is the id of the cancel request (Binance reports it as `c`, ours as `C`);
    `former_client_id` is the order's client id before an amendment.
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
    """The account's holdings of the assets that just changed: (free, locked) each."""

    ts_ns: int
    account: str
    balances: dict[str, tuple[Decimal, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthNews:
    """Levels that changed since the last DepthNews, absolute sizes, update ids first..last."""

    ts_ns: int
    symbol: str
    first: int
    last: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BestNews:
    """The best level of either side changed."""

    ts_ns: int
    symbol: str
    update_id: int
    bid: tuple[Decimal, Decimal]
    ask: tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintNews:
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
