"""Facts that happened: everything the engine ever hears. Nothing here changes afterwards.

`ts_ns` is UTC nanoseconds at receipt, never running backwards: the only clock the core knows.
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
    """The whole book as of sequence number `last`; best levels first."""

    ts_ns: int
    last: int
    bids: Levels
    asks: Levels


class BookDelta(NamedTuple):
    """Levels that changed, with their new absolute sizes; it must follow sequence `prev`."""

    ts_ns: int
    prev: int
    last: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class TopOfBook:
    """Best prices only, usually fresher than the depth; `update_id` shares the book's numbering."""

    ts_ns: int
    update_id: int
    bid: Level
    ask: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A public print; `taker` is the side of the aggressor."""

    ts_ns: int
    trade_id: str
    price: float
    size: float
    taker: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent:
    """The outbox handed the order to the gateway: from here on its fate is the venue's."""

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
    """The venue refused the order, or it never left: definitely no order exists."""

    ts_ns: int
    client_id: str
    reason: RejectReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown:
    """We asked and do not know: the order may exist and keeps its full reservation."""

    ts_ns: int
    client_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDone:
    """The venue says that the order ended after `filled` in all (base, cumulative)."""

    ts_ns: int
    client_id: str
    reason: DoneReason
    filled: Decimal
    venue_id: str = ""  # trade lists name orders by it: an end may be the first news that tells it


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReject:
    """A cancel that did not close its order."""

    ts_ns: int
    client_id: str
    reason: CancelRejectReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotFound:
    """Answer to a query: the venue does not know this client id (which proves nothing yet)."""

    ts_ns: int
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of one of our orders; `trade_id` makes applying it twice a no-op."""

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
    """Answer to a query, or news of the private stream: the order lives at the venue."""

    ts_ns: int
    order: VenueOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrdersReport:
    """Every open order of ours on this symbol, foreign ones included; asked at `asked_ns`."""

    ts_ns: int
    asked_ns: int
    orders: tuple[VenueOrder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesReport:
    """Our executions since the asked-for id, oldest first, complete up to `asked_ns`."""

    ts_ns: int
    asked_ns: int
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReport:
    """Holdings by asset: free + locked is ours, free is what a new order may use."""

    ts_ns: int
    asked_ns: int
    free: Mapping[str, Decimal]
    locked: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesReport:
    """The market's grid and minimums as the venue has them now."""

    ts_ns: int
    instrument: Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinPrice:
    """What it costs to buy one unit of a coin that fees are paid in; asked at `asked_ns`."""

    ts_ns: int
    asked_ns: int
    coin: str
    price: Decimal  # in the quote currency of our market


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailed:
    """A report that we asked for and did not get."""

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
    """A stream is lost; what happened meanwhile was not told."""

    ts_ns: int
    stream: Stream
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAlive:
    """Any sign of life of a stream that carries no news, such as an answered ping."""

    ts_ns: int
    stream: Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """The venue told us to be quiet until `until_ns`."""

    ts_ns: int
    until_ns: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """The shell noticed (or no longer notices) something only it can see: a cause, on or off."""

    ts_ns: int
    cause: Cause
    active: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCommand:
    """Base of the commands that a person, or a process on their behalf, gives to the daemon.

    `actor` is who gave it (`file`, `signal`, `process`, or role and token id), `reason` is for the
    record. The engine answers with `Step.outcome`.
    """

    action: ClassVar[OperatorAction]
    ts_ns: int
    actor: str
    reason: str

    @property
    def cause_text(self) -> str:
        """Actor and reason, as the text of a halt cause shows them."""
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
    """Clear latched pauses and reduces, never a kill."""

    action = OperatorAction.RESUME
    seen: TradingState | None = None  # the state that the operator saw; None: not checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(OperatorCommand):
    """Allow only orders that shrink the inventory, until a resume."""

    action = OperatorAction.REDUCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(OperatorCommand):
    """Bring the inventory to its target with taking orders, and stay there until a resume."""

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
    """A checked change of the live parameters; `params` holds all of them, changed or not."""

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
    OpenOrdersReport | TradesReport | BalanceReport | RulesReport | CoinPrice | ReportFailed
)
type ControlEvent = (
    FeedUp | FeedDown | FeedAlive | RateLimited | Alarm | OperatorCommand | LiveParamsChanged | Tick
)
type Event = MarketEvent | OrderEvent | ReportEvent | ControlEvent
