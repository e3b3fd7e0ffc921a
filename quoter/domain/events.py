"""The events that the engine handles: immutable facts.

`ts_ns` is the UTC time of receipt in nanoseconds and never decreases. It is the only clock of the
core.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple

from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Levels, Side, Stream
from quoter.domain.orders import VenueOrder
from quoter.domain.params import LiveParams
from quoter.domain.reasons import (
    CancelRejectReason,
    DoneReason,
    OperatorAction,
    RejectReason,
    ReportKind,
)
from quoter.domain.trading import Cause, TradingState


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSnapshot:
    """The whole order book as of sequence number `last`, best levels first."""

    ts_ns: int
    last: int
    bids: Levels
    asks: Levels


class BookDelta(NamedTuple):
    """Changed levels with their new absolute sizes; follows sequence number `prev`."""

    ts_ns: int
    prev: int
    last: int
    bids: Levels
    asks: Levels


class TopOfBook(NamedTuple):
    """Best bid and ask, usually newer than the depth; `update_id` uses the book's numbering."""

    ts_ns: int
    update_id: int
    bid: Level
    ask: Level


class Trade(NamedTuple):
    """A public trade, price quote/base, size base; `taker`: side of the order that took."""

    ts_ns: int
    trade_id: str
    price: float
    size: float
    taker: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent:
    """The outbox handed the order to the gateway: from here on it may reach the venue."""

    ts_ns: int
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAck:
    """The venue accepted the order."""

    ts_ns: int
    client_id: str
    venue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReject:
    """The venue refused the order, or it was never sent: no order exists."""

    ts_ns: int
    client_id: str
    reason: RejectReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown:
    """The result of a create is unknown: the order may exist, and keeps its full reservation."""

    ts_ns: int
    client_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDone:
    """The order ended at the venue; `filled` is its cumulative filled size, base."""

    ts_ns: int
    client_id: str
    reason: DoneReason
    filled: Decimal
    venue_id: str = ""  # trade lists name orders by it; this may be the first event that has it


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReject:
    """A cancel request failed or was not answered; the order may still be live."""

    ts_ns: int
    client_id: str
    reason: CancelRejectReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotFound:
    """Answer to a query: the venue does not know this client id.

    One such answer does not prove that the order is absent.
    """

    ts_ns: int
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of an own order; a repeated report with the same `trade_id` is ignored."""

    ts_ns: int
    trade_id: str
    client_id: str  # empty if the venue's trade list does not say
    venue_id: str
    side: Side
    price: Decimal  # quote per base
    size: Decimal  # base, > 0
    fee: Decimal  # in fee_asset; negative is a rebate
    fee_asset: str
    is_maker: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOpen:
    """The order is live at the venue: the answer to a query, or a private stream message."""

    ts_ns: int
    order: VenueOrder
    is_streamed: bool = False  # a message of the private stream


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrdersReport:
    """Every open order of the account on this symbol, foreign ones too; requested at `asked_ns`."""

    ts_ns: int
    asked_ns: int
    orders: tuple[VenueOrder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesReport:
    """Own executions since the requested trade id, oldest first, complete up to `asked_ns`."""

    ts_ns: int
    asked_ns: int
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReport:
    """Balances by asset: free + locked is held, free is available for new orders."""

    ts_ns: int
    asked_ns: int
    free: Mapping[str, Decimal]
    locked: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesReport:
    """Current tick size, lot size and minimums of the market at the venue.

    refusal: why the market can't be quoted now (closed, not listed, renamed); `instrument` then has
    the previous rules.
    """

    ts_ns: int
    instrument: Instrument
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerFeeReport:
    """The account's current maker fee at the venue."""

    ts_ns: int
    fee_maker: Decimal  # fraction of notional; negative is a rebate


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinPrice:
    """Price of a coin that fees are paid in; requested at `asked_ns`."""

    ts_ns: int
    asked_ns: int
    coin: str
    price: Decimal  # in the quote currency of our market


@dataclass(frozen=True, slots=True, kw_only=True)
class BestPricesReport:
    """Best levels by the venue's REST API, our own orders included; requested at `asked_ns`.

    last: sequence number of the newest book update, in the numbering of the stream; 0 if the venue
    reports none or numbers its stream differently.
    """

    ts_ns: int
    asked_ns: int
    bid: Level
    ask: Level
    last: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailed:
    """A requested report that failed."""

    ts_ns: int
    kind: ReportKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUp:
    """A stream is connected and subscribed."""

    ts_ns: int
    stream: Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDown:
    """A stream is disconnected; events may be missing until it is connected again."""

    ts_ns: int
    stream: Stream
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """The venue demands that no request is sent until `until_ns`."""

    ts_ns: int
    until_ns: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A halt cause that only the service can detect became active or inactive."""

    ts_ns: int
    cause: Cause
    active: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCommand:
    """Base class of operator commands, given by a person or by a process on their behalf.

    actor: who gave the command (`file`, `signal`, `process`, or role and token id). reason: free
    text for the record. The engine answers with `Step.outcome`.
    """

    action: ClassVar[OperatorAction]
    ts_ns: int
    actor: str
    reason: str

    @property
    def cause_text(self) -> str:
        """Text of the halt cause: actor and reason."""
        return f"{self.actor}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(OperatorCommand):
    """Stop all trading and cancel every order, until a re-arm."""

    action = OperatorAction.KILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(OperatorCommand):
    """Cancel every order and do not quote until a resume."""

    action = OperatorAction.PAUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(OperatorCommand):
    """Clear the latched causes that pause or reduce; a kill stays."""

    action = OperatorAction.RESUME
    seen: TradingState | None = None  # the state that the operator saw; None: not checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(OperatorCommand):
    """Allow only orders that shrink the inventory, until a resume."""

    action = OperatorAction.REDUCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(OperatorCommand):
    """Bring the inventory to its target with IOC orders, and keep it there until a resume."""

    action = OperatorAction.FLATTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Rearm(OperatorCommand):
    """Clear the kill that has this id."""

    action = OperatorAction.REARM
    kill_id: str
    accept_inventory: Decimal | None = None  # base; the held inventory, if it is above the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain(OperatorCommand):
    """Cancel every order and place no more: the process is about to end."""

    action = OperatorAction.DRAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParamsChanged:
    """A validated change of the live parameters; `params` holds all of them, changed or not."""

    ts_ns: int
    params: LiveParams
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time passed."""

    ts_ns: int


type MarketEvent = BookSnapshot | BookDelta | TopOfBook | Trade
type OrderEvent = (
    OrderSent
    | OrderAck
    | OrderReject
    | OrderUnknown
    | OrderDone
    | OrderOpen
    | OrderNotFound
    | CancelReject
    | Fill
)
type ReportEvent = (
    OpenOrdersReport
    | TradesReport
    | BalanceReport
    | RulesReport
    | MakerFeeReport
    | CoinPrice
    | BestPricesReport
    | ReportFailed
)
type ControlEvent = (
    FeedUp | FeedDown | RateLimited | Alarm | OperatorCommand | LiveParamsChanged | Tick
)
type Event = MarketEvent | OrderEvent | ReportEvent | ControlEvent
