"""Orders and the private stream at a ccxt exchange: commands in, events out."""

import asyncio
import time
from contextlib import suppress
from decimal import Decimal
from random import Random

from quoter.domain.commands import CancelOrder, PlaceOrder, QueryOrder, RequestReport
from quoter.domain.events import (
    CancelReject,
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
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.venues.ccxt import error_mapping
from quoter.venues.ccxt.account_reports import AccountReports
from quoter.venues.ccxt.client import make_client, make_second_client
from quoter.venues.ccxt.connect.assumed_market import assume_market
from quoter.venues.ccxt.connect.key_monitor import KeyMonitor
from quoter.venues.ccxt.connect.market_history import read_market_history
from quoter.venues.ccxt.connect.startup import StartupChecks
from quoter.venues.ccxt.dead_man import set_dead_man
from quoter.venues.ccxt.order_cancellation import OrderCancellation
from quoter.venues.ccxt.payloads import acknowledged_id
from quoter.venues.ccxt.private_events import PrivateEvents
from quoter.venues.ccxt.private_stream import PrivateStream
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.clock import ClockSample
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import BlockReason, never_blocked
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.egress.wire_mismatch import wire_mismatch_alarm
from quoter.venues.ports import Emit
from quoter.venues.profiles import profile_of, with_self_trade
from quoter.venues.supervised_tasks import spawn

SELF_TRADE_WARNING = (
    "no self-trade prevention by the venue: only quoter's own check keeps this daemon's orders"
    " apart, so let nobody else trade on this account"
)


class CcxtGateway:
    """`OrderGateway` through ccxt.pro; see `quoter.venues.ports`."""

    def __init__(
        self,
        config: VenueConfig,
        now_ns: NowNs,
        random: Random,
        block_reason: BlockReason = never_blocked,
    ) -> None:
        self._config, self._now_ns = config, now_ns
        self._client = make_client(config, now_ns, block_reason)
        self._profile = with_self_trade(profile_of(config.exchange), self._client.features)
        self._sender = RequestSender(self._client, config, now_ns)
        self._private_events = PrivateEvents(
            profile=self._profile, is_own=self.is_own, now_ns=now_ns
        )
        self.key_monitor = KeyMonitor(
            client=self._client, sender=self._sender, config=config, now_ns=now_ns
        )
        self._startup = StartupChecks(
            client=self._client,
            sender=self._sender,
            config=config,
            profile=self._profile,
            now_ns=now_ns,
            key_monitor=self.key_monitor,
        )
        self.clock = self._startup.clock  # first set by connect()
        self._reports = AccountReports(
            client=self._client,
            sender=self._sender,
            symbol=config.symbol,
            profile=self._profile,
            now_ns=now_ns,
            client_id_of=self._private_events.client_id_of,
        )
        self._cancellation = OrderCancellation(
            client=self._client,
            sender=self._sender,
            config=config,
            profile=self._profile,
            now_ns=now_ns,
            reports=self._reports,
            known=self._private_events,
        )
        self._stream = self._private_stream(random)

    def is_own(self, client_id: str) -> bool:
        """Whether `client_id` belongs to an order of this instance."""
        return self._config.is_own(client_id)

    async def connect(self) -> Instrument:
        """Return the market's rules after checking clock and key; without a key only public data.

        Raises KeyRefused, or VenueError with the reason.
        """
        return await self._startup.connect()

    @property
    def limiter(self) -> RateLimiter:
        """The budget of requests to this venue, to be shared with the market feed."""
        return self._client.limiter

    @property
    def listed_taker_fee(self) -> Decimal | None:
        """Taker fee that ccxt lists for this market, a fraction; None if it lists none."""
        return self._startup.listed_taker_fee

    @property
    def is_fee_of_account(self) -> bool:
        """Whether the maker fee is the account's or a setting, not ccxt's; valid after connect."""
        return not self._startup.fee_warning

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """Warnings about this venue and key, as (event name, text); valid after `connect`."""
        found = (
            ("key_rights", self.key_monitor.warning),
            ("shared_coins", self._startup.shared_coins),
            ("self_trade", self._self_trade_warning()),
            ("maker_fee", self._startup.fee_warning),
        )
        return tuple((name, text) for name, text in found if text)

    def _self_trade_warning(self) -> str:
        return "" if self._profile.self_trade else SELF_TRADE_WARNING

    @property
    def handovers(self) -> int:
        """Number of handovers from one private connection to another."""
        return self._stream.handovers

    async def run(self, emit: Emit) -> None:
        """Emit the private stream and alarms until cancelled; orders of others are emitted too."""
        self._client.gate.report_breaches(wire_mismatch_alarm(emit, self._now_ns))
        async with asyncio.TaskGroup() as tasks:
            events = self._private_events
            stream = self._stream.run(emit, trades=events.trades, orders=events.orders)
            spawn(tasks, "stream", stream)
            spawn(tasks, "key_rights", self.key_monitor.run(emit))

    async def place(self, order: PlaceOrder) -> OrderAck | OrderReject | OrderUnknown:
        """Send one limit order, at most once and never queued; return the result."""
        refusal = self._client.limiter.admit_create(self._now_ns(), order.client_id)
        if refusal:
            return self._rejected(order, RejectReason.NOT_SENT, refusal)
        gate = self._client.gate
        gate.register(order)
        asked_s = time.monotonic()
        try:
            venue_id = await self._sender.create(
                order.client_id,
                lambda: self._create(order),
                lambda answer: acknowledged_id(answer, order.client_id, self._profile),
            )
        finally:
            gate.forget(order.client_id)
        if isinstance(venue_id, FailedCall):
            return self._failed(order, venue_id)
        self._private_events.opened(venue_id, order.client_id)
        self._stream.expect(asked_s)
        return OrderAck(ts_ns=self._now_ns(), client_id=order.client_id, venue_id=venue_id)

    async def cancel(self, order: CancelOrder) -> OrderDone | CancelReject:
        """Cancel by the venue's id when known, else by ours; return the result. May be repeated."""
        return await self._cancellation.cancel(order)

    async def query(self, order: QueryOrder) -> OrderOpen | OrderDone | OrderNotFound | None:
        """Return one order by the venue's id when known, else by ours; None without an answer."""
        return await self._cancellation.query(order)

    async def report(self, request: RequestReport) -> ReportEvent:
        """Return the requested report; ReportFailed without an answer.

        ReportFailed for BOOK and BEST_PRICES too: these are reports of the market feed.
        """
        if request.kind is ReportKind.RULES:
            return await self._startup.report()
        if request.kind is ReportKind.MAKER_FEE:
            return await self._startup.maker_fee_report()
        return await self._reports.report(request)

    def adopt_orders(self, orders: KnownOrders) -> None:
        """Treat these orders of another process as ours; they replace those adopted before."""
        self._private_events.adopt(orders)

    async def cancel_all(self) -> int:
        """Cancel own orders until none is open, in a few rounds; return how many are left.

        Raises VenueError if the venue can't list the open orders.
        """
        self._assume_market()
        return await self._cancellation.cancel_all()

    async def count_own_open(self) -> int:
        """Return how many own orders the venue lists. Raises VenueError."""
        self._assume_market()
        return len(await self._cancellation.own_open())

    def _assume_market(self) -> None:
        if self._config.is_cancel_only:
            assume_market(self._client, self._config.symbol, self._profile)

    async def set_dead_man(self, seconds: float) -> None:
        """Make the venue cancel all orders after `seconds` without a renewal; 0: never.

        Raises VenueError.
        """
        await set_dead_man(self._client, self._sender, self._config, seconds)

    async def market_history(self) -> MarketHistory:
        """Return bars and trade rate from before the start; empty where not available."""
        return await read_market_history(self._client, self._sender, self._config.symbol)

    def close_gate(self) -> None:
        """Close the egress gate: no create is written after this returns."""
        self._client.gate.is_open = False

    def open_gate(self) -> None:
        """Let creates pass the egress gate."""
        self._client.gate.is_open = True

    def set_reduce_only(self, *, is_on: bool) -> None:
        """Set whether the gate passes only creates that were approved as reducing."""
        self._client.gate.reduces_only = is_on

    def engine_heartbeat(self, ts_ns: int) -> None:
        """Record that the engine processed the tick of `ts_ns`."""
        self._client.gate.engine_heartbeat_ns = ts_ns

    async def clock_sample(self) -> ClockSample | None:
        """Request the venue's time once; None without an answer or where it is not available."""
        sample = await self._startup.clock_sample()
        return None if isinstance(sample, FailedCall) else sample

    def rate_limit_used(self) -> float:
        """Return the used share of the venue's tightest rate limit; above 1: overdrawn."""
        return self._client.limiter.used_share(self._now_ns())

    def rate_limit_pause(self) -> RateLimited | None:
        """Return the pause that the venue asked for; None if there is none or it is over."""
        return self._client.limiter.active_pause(self._now_ns())

    def wire_ns(self, client_id: str) -> int | None:
        """Return when writing the create began (UTC ns); None if not written or not kept."""
        return self._client.gate.wire_ns(client_id)

    async def close(self) -> None:
        """Close every socket; ccxt's own close may hang on a dead peer."""
        with suppress(Exception):
            async with asyncio.timeout(self._config.close_s_max):
                await self._client.close()

    def _private_stream(self, random: Random) -> PrivateStream:
        return PrivateStream(
            client=self._client,
            make_second=lambda: make_second_client(self._client, self._config, self._now_ns),
            sender=self._sender,
            symbol=self._config.symbol,
            profile=self._profile,
            timings=self._config.stream,
            stall_s=self._config.keep_alive_ms / 1000 + self._config.stream.stall_s,
            now_ns=self._now_ns,
            random=random,
        )

    async def _create(self, order: PlaceOrder) -> JsonDict:
        return await self._client.create_order(
            self._config.symbol,
            "limit",
            order.side.value.lower(),
            f"{order.size:f}",
            f"{order.price:f}",
            self._profile.parameters(order, self._config),
        )

    def _failed(self, order: PlaceOrder, failed: FailedCall) -> OrderReject | OrderUnknown:
        meaning = error_mapping.create_outcome(
            failed.error,
            was_sent=failed.was_sent,
            family=self._profile.family,
            status=failed.status,
        )
        if meaning.reason is None:
            return OrderUnknown(ts_ns=self._now_ns(), client_id=order.client_id, text=failed.text)
        return self._rejected(order, meaning.reason, failed.text)

    def _rejected(self, order: PlaceOrder, reason: RejectReason, text: str) -> OrderReject:
        return OrderReject(
            ts_ns=self._now_ns(), client_id=order.client_id, reason=reason, text=text
        )
