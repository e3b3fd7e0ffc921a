"""Commands of the engine to the outbox: place and cancel orders, request reports."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from quoter.domain.market import Side
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import CancelReason


class TimeInForce(StrEnum):
    """Time in force of an order. Quotes use POST_ONLY; only `flatten` uses IOC."""

    POST_ONLY = "post_only"  # rests in the book, or is rejected
    IOC = "ioc"  # takes up to its price at once; the rest is cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """An order that the engine wants to send; the order rules approve or deny it.

    price: quote/base; size: base. Only an approved intent becomes a `PlaceOrder`.
    """

    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    book_seq: int  # sequence number of the book that it was priced from
    time_in_force: TimeInForce = TimeInForce.POST_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """An approved limit order; price quote/base, size base. Made by `risk/order_rules.py` only."""

    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    decided_ns: int  # receipt of the event that caused it; the egress gate checks its age
    time_in_force: TimeInForce = TimeInForce.POST_ONLY
    book_seq: int = 0  # sequence number of the book that it was priced from
    reduces: bool = False  # approved in REDUCE_ONLY: it can't increase the inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Cancel one order; `venue_id` is empty until it is known."""

    client_id: str
    venue_id: str
    reason: CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAll:
    """Cancel every own order, never a foreign one."""

    reason: CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOrder:
    """Query one order at the venue."""

    client_id: str
    venue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReport:
    """Request a report from the venue.

    from_trade_id (for TRADES): the newest booked trade, or empty. coin (for COIN_PRICE): the coin
    whose price in the market's quote currency is requested.
    """

    kind: ReportKind
    from_trade_id: str = ""
    since_ns: int = 0  # for venues that page trades by time
    coin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectFeed:
    """Close the market stream and connect anew: it is silent, or its book is proven wrong."""

    text: str


class OrderRule(StrEnum):
    """Names of the rules that every order must pass before it is sent (`risk/order_rules.py`)."""

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


type Command = PlaceOrder | CancelOrder | CancelAll | QueryOrder | RequestReport | ReconnectFeed
type Verdict = PlaceOrder | Denied
