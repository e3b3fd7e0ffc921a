"""The daemon's access to the simulated venue, through the same port as to a real venue."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from quoter.backtest.seam import Channel
from quoter.domain.commands import CancelOrder, PlaceOrder, QueryOrder, RequestReport
from quoter.domain.errors import EgressBlocked, VenueUnavailable
from quoter.domain.events import (
    CancelReject,
    FeedUp,
    MakerFeeReport,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderUnknown,
    RateLimited,
    ReportEvent,
    RulesReport,
)
from quoter.domain.instrument import Instrument
from quoter.domain.market import MarketHistory, Stream
from quoter.domain.orders import KnownOrders
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.units import NS_PER_S
from quoter.paper.venue import PaperVenue
from quoter.venues.clock import ClockSample
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import BlockReason, Call, EgressGate, Purpose, never_blocked
from quoter.venues.ports import Emit, OrderGateway

RULES_CHANGED = (
    "the venue changed the rules of this market, and the simulated venue keeps those of the start: "
    "restart quoter"
)

type OpenVenue = Callable[[Instrument], PaperVenue]


class PaperGateway:
    """`OrderGateway` to a simulated venue; rules, history and clock are those of the real venue.

    The egress gate checks creates as in a live run: kill switch, sentinel, age.
    """

    def __init__(
        self,
        public: OrderGateway,
        config: VenueConfig,
        open_venue: OpenVenue,
        now_ns: NowNs,
        block_reason: BlockReason = never_blocked,
    ) -> None:
        """Store the collaborators.

        public: gateway to the real venue, without a key. open_venue: opens the simulated venue.
        """
        self._public, self._open_venue, self._now_ns = public, open_venue, now_ns
        self._gate = EgressGate(
            hosts=frozenset(),
            age_ns_max=int(config.create_age_s_max * NS_PER_S),
            now_ns=now_ns,
            block_reason=block_reason,
        )
        self._venue: PaperVenue | None = None
        self._rules: Instrument | None = None

    @property
    def venue(self) -> PaperVenue:
        """The simulated venue. Raises VenueUnavailable before `connect`."""
        if self._venue is None:
            raise VenueUnavailable("the simulated venue opens once the market's rules are read")
        return self._venue

    async def connect(self) -> Instrument:
        """Read the market's rules at the real venue, and open the simulated venue with them.

        Returns the rules. Raises VenueError.
        """
        rules = await self._public.connect()
        if self._venue is None:
            self._venue, self._rules = self._open_venue(rules), rules
        return rules

    async def run(self, emit: Emit) -> None:
        """Emit the private stream until cancelled."""
        self.venue.emit_to(emit)
        self.venue.announce(Channel.PRIVATE, FeedUp(ts_ns=self._now_ns(), stream=Stream.PRIVATE))
        await self.venue.run()

    async def place(self, order: PlaceOrder) -> OrderAck | OrderReject | OrderUnknown:
        """Send one create. OrderReject(NOT_SENT) if the gate blocks it.

        OrderUnknown if the venue does not answer in time.
        """
        gate, call = self._gate, Call(Purpose.CREATE, order.client_id)
        gate.register(order)
        try:
            gate.pass_create(call)
        except EgressBlocked as blocked:
            return OrderReject(
                ts_ns=self._now_ns(),
                client_id=order.client_id,
                reason=RejectReason.NOT_SENT,
                text=str(blocked),
            )
        finally:
            gate.forget(order.client_id)
        answer = await self.venue.ask(order)
        return cast("OrderAck | OrderReject | OrderUnknown", answer)

    async def cancel(self, order: CancelOrder) -> OrderDone | CancelReject:
        """Send one cancel; CancelReject(NO_ANSWER) after a time-out."""
        return cast("OrderDone | CancelReject", await self.venue.ask(order))

    async def query(self, order: QueryOrder) -> OrderOpen | OrderDone | OrderNotFound | None:
        """Return the state of one order; None if there was no answer in time."""
        answer = await self.venue.ask(order)
        return cast("OrderOpen | OrderDone | OrderNotFound | None", answer)

    async def report(self, request: RequestReport) -> ReportEvent:
        """Return a report of any kind except BOOK; ReportFailed after a time-out."""
        match request.kind:
            case ReportKind.RULES:
                return self._checked(await self._public.report(request))
            case ReportKind.MAKER_FEE if self._rules is not None:
                return MakerFeeReport(ts_ns=self._now_ns(), fee_maker=self._rules.fee_maker)
            case _:
                return cast("ReportEvent", await self.venue.ask(request))

    def _checked(self, report: ReportEvent) -> ReportEvent:
        """Return a report of the rules; it has a refusal if the rules changed since the start."""
        if not isinstance(report, RulesReport) or self._rules is None or report.refusal:
            return report
        rules = replace(report.instrument, fee_maker=self._rules.fee_maker)
        refusal = "" if rules == self._rules else RULES_CHANGED
        return replace(report, instrument=rules, refusal=refusal)

    async def market_history(self) -> MarketHistory:
        """Return bars and trade rate of the real market."""
        return await self._public.market_history()

    def adopt_orders(self, orders: KnownOrders) -> None:
        """Do nothing: this venue has no orders of other processes."""

    async def cancel_all(self) -> int:
        """Cancel every order; return the number still open.

        Raises VenueUnavailable if there is no answer in time.
        """
        self.venue.cancel_all()
        report = await self.venue.ask(RequestReport(kind=ReportKind.OPEN_ORDERS))
        if not isinstance(report, OpenOrdersReport):
            raise VenueUnavailable("the simulated venue did not list our orders in time")
        return len(report.orders)

    def close_gate(self) -> None:
        """Close the egress gate: no create is sent after this returns."""
        self._gate.is_open = False

    def open_gate(self) -> None:
        """Open the egress gate for creates."""
        self._gate.is_open = True

    def set_reduce_only(self, *, is_on: bool) -> None:
        """Set whether the gate allows only creates that were approved as reducing."""
        self._gate.reduces_only = is_on

    def engine_heartbeat(self, ts_ns: int) -> None:
        """Record that the engine processed the tick of `ts_ns`."""
        self._gate.engine_heartbeat_ns = ts_ns

    async def clock_sample(self) -> ClockSample | None:
        """Request the real venue's time once; None without an answer."""
        return await self._public.clock_sample()

    def wire_ns(self, client_id: str) -> int | None:
        """Return when the create was sent (UTC ns); None if it was not."""
        return self._gate.wire_ns(client_id)

    def rate_limit_used(self) -> float:
        """Return the used share of the real venue's rate limit; market data uses it."""
        return self._public.rate_limit_used()

    def rate_limit_pause(self) -> RateLimited | None:
        """Return the real venue's requested pause; None if there is none or it is over."""
        return self._public.rate_limit_pause()

    async def close(self) -> None:
        """Stop the simulated venue, and close all sockets to the real one."""
        if self._venue is not None:
            self._venue.close()
        await self._public.close()
