"""The two doors to an exchange. Nothing else in quoter talks to one.

Answers come back as events, so that the engine hears them like everything else. No method raises
for what a venue does: trouble is an event too. Cancellation is the only way out of `run`.
"""

from collections.abc import Callable
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
from quoter.venues.clock import ClockSample

type Emit = Callable[[Event], None]


class MarketFeed(Protocol):
    """Public market data of one symbol; reconnects by itself for ever, with jitter and a cap."""

    async def run(self, emit: Emit) -> None:
        """Emit FeedUp, then BookSnapshot and the deltas that follow it; FeedDown when lost."""

    def resync(self) -> None:
        """The book can't be trusted: start again from a fresh snapshot. Idempotent."""


class CancelGateway(Protocol):
    """What the sentinel has of an exchange: it can look and cancel, and nothing else."""

    async def connect(self) -> Instrument:
        """As that of `OrderGateway`."""

    async def open_own(self) -> int:
        """How many own orders (our prefix) the venue lists. Raises VenueError."""

    async def cancel_all(self) -> int:
        """As that of `OrderGateway`."""

    async def report(self, request: RequestReport) -> ReportEvent:
        """As that of `OrderGateway`."""

    async def close(self) -> None:
        """Close every socket; bounded in time."""


class DeadManSwitch(Protocol):
    """The venue's own switch, where it has one (`venues/dead_man.py`)."""

    async def set_dead_man(self, seconds: float) -> None:
        """Have it cancel everything so long from now unless asked again; 0: never.

        Raises VenueError if it did not say yes.
        """


class OrderGateway(Protocol):
    """Orders and our private stream, for one symbol and one account."""

    async def connect(self) -> Instrument:
        """Load the market, check key and clock. Raises VenueError (KeyRefused) with the reason."""

    async def run(self, emit: Emit) -> None:
        """Pump the private stream: Fill, OrderOpen, OrderDone; FeedUp/FeedDown(PRIVATE)."""

    async def place(self, order: PlaceOrder) -> OrderAck | OrderReject | OrderUnknown:
        """Send one create, at most once. Refused by the gate: OrderReject(NOT_SENT)."""

    async def cancel(self, order: CancelOrder) -> OrderDone | CancelReject:
        """Send one cancel; OrderDone carries the cumulative fill."""

    async def query(self, order: QueryOrder) -> OrderOpen | OrderDone | OrderNotFound | None:
        """What the venue knows of one order; None if it did not answer."""

    async def report(self, request: RequestReport) -> ReportEvent:
        """All kinds but BOOK; ReportFailed if the venue did not answer."""

    async def past(self) -> MarketHistory:
        """Bars and trade rate from before our time; empty where the venue does not tell."""

    async def cancel_all(self) -> int:
        """Cancel every own order, ask for the open ones; how many of ours are still open.

        Raises VenueError if the venue can't be asked.
        """

    def shut(self) -> None:
        """Close the last-inch gate: after this returns no create leaves, queued ones included."""

    def open_gate(self) -> None:
        """Let creates through (start, and after a re-arm)."""

    def reduce_only(self, *, is_on: bool) -> None:
        """Of those, while it is on, only the ones that were approved as reducing."""

    def pulse(self, ts_ns: int) -> None:
        """The engine has handled the tick of `ts_ns`: without one for 1 s no create leaves."""

    async def clock_sample(self) -> ClockSample | None:
        """Ask for the venue's time once; None without an answer, or if it does not tell."""

    def wire_ns(self, client_id: str) -> int | None:
        """When the create's bytes left (UTC ns), if they did and it is still remembered."""

    def budget_used(self) -> float:
        """Share of the venue's tightest rate limit that we used; above 1: overdrawn."""

    def rate_limit(self) -> RateLimited | None:
        """The venue's last wish for silence, if it is still in force."""

    async def close(self) -> None:
        """Close every socket; bounded in time."""
