"""What the engine wants done: imperatives for the outbox."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from quoter.domain.market import Side
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import CancelReason


class TimeInForce(StrEnum):
    """May an order take, and may it rest? Every quote is POST_ONLY; IOC is for `flatten` alone."""

    POST_ONLY = "post_only"  # rests, or is refused
    IOC = "ioc"  # takes what is there within its price, and ends


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """An order that the engine would like; only `risk/` can turn it into a `PlaceOrder`."""

    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    book_seq: int  # the update of the book that it was priced from
    time_in_force: TimeInForce = TimeInForce.POST_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """An approved limit order. Built by `risk/gate.py` and nowhere else."""

    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    decided_ns: int  # ts_ns of the event it answers: its age is checked at the socket
    time_in_force: TimeInForce = TimeInForce.POST_ONLY
    book_seq: int = 0  # the update of the book that it was priced from
    reduces: bool = False  # approved while nothing but reducing was: it can't grow inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Take one order out of the market; `venue_id` is empty until the venue told it."""

    client_id: str
    venue_id: str
    reason: CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAll:
    """Take every own order (our prefix, never a foreign one) out of the market."""

    reason: CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOrder:
    """Ask the venue what it knows of one order."""

    client_id: str
    venue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReport:
    """Ask the venue for a list; `from_trade_id` is for TRADES: the last one booked, or empty.

    `coin` is for COIN_PRICE: whose price, in the quote currency of our market.
    """

    kind: ReportKind
    from_trade_id: str = ""
    since_ns: int = 0  # for venues that page trades by time
    coin: str = ""


class OrderRule(StrEnum):
    """The rules that every order must pass before it is sent; see `risk/order_rules.py`."""

    TRADING_STATE = "trading_state"
    MARKET_DATA = "market_data"
    ORDER_SIZE = "order_size"
    ORDER_NOTIONAL = "order_notional"
    PRICE_COLLAR = "price_collar"
    AGGRESSIVE_PRICE = "aggressive_price"
    WORST_CASE_EXPOSURE = "worst_case_exposure"
    POSITION_NOTIONAL = "position_notional"
    BALANCE = "balance"
    DUPLICATE_INTENT = "duplicate_intent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """An order that an order rule refused before sending; `text` gives the figures."""

    intent: OrderIntent
    rule: OrderRule
    text: str


type Command = PlaceOrder | CancelOrder | CancelAll | QueryOrder | RequestReport
type Verdict = PlaceOrder | Denied
