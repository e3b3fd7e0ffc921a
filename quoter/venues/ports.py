"""Interfaces between quoter and an exchange; outside `venues`, quoter uses nothing else.

Answers are returned or emitted as events, so that the engine processes them like any other input.
No method raises because of a venue's behaviour unless its docstring says so: failures are events
too. `run` ends only when it is cancelled.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from quoter.domain.commands import CancelOrder, PlaceOrder, QueryOrder, RequestReport
from quoter.domain.events import (
    CancelReject,
    Event,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderUnknown,
    RateLimited,
    ReportEvent,
)
from quoter.domain.instrument import Instrument
from quoter.domain.market import MarketHistory
from quoter.domain.orders import KnownOrders
from quoter.venues.clock import ClockSample

type Emit = Callable[[Event], None]


class MarketFeed(Protocol):
    """Public market data of one symbol; reconnects without limit, with jittered back-off."""

    async def run(self, emit: Emit) -> None:
        """Emit FeedUp, BookSnapshot, then BookDelta, TopOfBook and Trade, for each connection.

        FeedDown follows when the connection is lost. Alarms and requested reports are emitted too.
        """

    def rejected(self) -> Mapping[str, int]:
        """Return how many messages were not used so far, by reason."""

    def confirm(self) -> None:
        """Request the venue's best prices; emit BestPricesReport, or ReportFailed.

        No effect while a request is pending.
        """

    def reconnect(self, text: str) -> None:
        """Close the connection and open another. `text`: the reason."""

    def resync(self) -> None:
        """Discard the book and start again from a fresh snapshot. Idempotent."""


class CancelGateway(Protocol):
    """Access of the sentinel, and of `quoter kill` without a daemon; it can't create orders."""

    async def connect(self) -> object:
        """Check market, key and clock like `OrderGateway.connect`; the result is not used."""

    async def count_own_open(self) -> int:
        """Return how many own orders, adopted ones included, the venue lists. Raises VenueError."""

    def adopt_orders(self, orders: KnownOrders) -> None:
        """Treat these orders of another process as ours; they replace those adopted before."""

    async def cancel_all(self) -> int:
        """Cancel every own order like `OrderGateway.cancel_all`; return how many are left."""

    async def report(self, request: RequestReport) -> ReportEvent:
        """Return the requested report like `OrderGateway.report`."""

    async def close(self) -> None:
        """Close every socket; bounded in time."""


class DeadManSwitch(Protocol):
    """The venue's own dead man's switch, where it has one (`venues/ccxt/dead_man.py`)."""

    async def set_dead_man(self, seconds: float) -> None:
        """Make the venue cancel all orders after `seconds` without a renewal; 0 switches it off.

        Raises VenueError if the venue did not confirm.
        """


class OrderGateway(Protocol):
    """Orders and the private stream, for one symbol and one account."""

    async def connect(self) -> Instrument:
        """Load the market, and check key and clock; return the market's rules.

        Raises VenueError with the reason, such as KeyRefused.
        """

    async def run(self, emit: Emit) -> None:
        """Emit the private stream: Fill, OrderOpen, OrderDone; FeedUp/FeedDown(PRIVATE), Alarm."""

    async def place(self, order: PlaceOrder) -> OrderAck | OrderReject | OrderUnknown:
        """Send one create, at most once; return the result.

        OrderReject(NOT_SENT) if the egress gate blocked it; OrderUnknown without a clear answer.
        """

    async def cancel(self, order: CancelOrder) -> OrderDone | CancelReject:
        """Send one cancel; return OrderDone (with the total filled size) or CancelReject."""

    async def query(self, order: QueryOrder) -> OrderOpen | OrderDone | OrderNotFound | None:
        """Return the venue's state of one order; None without an answer."""

    async def report(self, request: RequestReport) -> ReportEvent:
        """Return the requested report; ReportFailed without an answer.

        ReportFailed for BOOK and BEST_PRICES too: these are reports of the market feed.
        """

    async def market_history(self) -> MarketHistory:
        """Return bars and trade rate from before the start; empty where not available."""

    def adopt_orders(self, orders: KnownOrders) -> None:
        """Treat these orders of another process as ours; they replace those adopted before."""

    async def cancel_all(self) -> int:
        """Cancel every own order, list the open ones, and return how many own ones are left.

        Raises VenueError if the venue can't list the open orders.
        """

    def close_gate(self) -> None:
        """Close the egress gate: after this returns no create is written, queued ones included."""

    def open_gate(self) -> None:
        """Let creates pass the egress gate (at the start, and after a re-arm)."""

    def set_reduce_only(self, *, is_on: bool) -> None:
        """Set whether the gate passes only creates that were approved as reducing."""

    def engine_heartbeat(self, ts_ns: int) -> None:
        """Record that the engine processed the tick of `ts_ns`.

        The egress gate blocks creates when the newest tick is more than 1 s old.
        """

    async def clock_sample(self) -> ClockSample | None:
        """Request the venue's time once; None without an answer or where it is not available."""

    def wire_ns(self, client_id: str) -> int | None:
        """Return when writing the create began (UTC ns); None if not written or not kept.

        The last 1000 creates are kept.
        """

    def rate_limit_used(self) -> float:
        """Return the used share of the venue's tightest rate limit; above 1: overdrawn."""

    def rate_limit_pause(self) -> RateLimited | None:
        """Return the pause that the venue asked for; None if there is none or it is over."""

    async def close(self) -> None:
        """Close every socket; bounded in time."""
