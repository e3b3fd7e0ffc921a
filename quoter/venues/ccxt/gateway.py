"""Orders and our private stream at any ccxt exchange: commands in, events out."""

import asyncio
import time
from contextlib import suppress
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
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.venues.ccxt import error_mapping
from quoter.venues.ccxt.account_reports import Reporter
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.client import make_client, make_twin
from quoter.venues.ccxt.dead_man import set_dead_man
from quoter.venues.ccxt.key_monitor import KeyMonitor
from quoter.venues.ccxt.market_history import market_past
from quoter.venues.ccxt.order_closing import OrderClosing
from quoter.venues.ccxt.private_events import PrivateEvents
from quoter.venues.ccxt.private_stream import PrivateStream
from quoter.venues.ccxt.startup import Startup
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.clock import ClockSample
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import BlockReason, never_blocked
from quoter.venues.egress.wire_mismatch import wire_mismatch_alarm
from quoter.venues.json_values import text
from quoter.venues.ports import Emit
from quoter.venues.profiles import profile_of, with_self_trade
from quoter.venues.supervised_tasks import spawn

NOT_PREVENTED = (
    "the venue is not asked to prevent trades with ourselves: only our own check keeps the orders"
    " of this daemon apart, so let nobody else trade on the account"
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
        self._dialect = with_self_trade(profile_of(config.exchange), self._client.features)
        self._caller = Caller(self._client, config, now_ns)
        self._news = PrivateEvents(dialect=self._dialect, is_own=self.is_own, now_ns=now_ns)
        self.key_monitor = KeyMonitor(
            client=self._client, caller=self._caller, config=config, now_ns=now_ns
        )
        self._startup = Startup(
            client=self._client,
            caller=self._caller,
            config=config,
            dialect=self._dialect,
            now_ns=now_ns,
            key_monitor=self.key_monitor,
        )
        self.clock = self._startup.clock  # as of connect(); kept by whoever asks `clock_sample`
        self._reporter = Reporter(
            client=self._client,
            caller=self._caller,
            symbol=config.symbol,
            dialect=self._dialect,
            now_ns=now_ns,
            name_order=self._news.name,
        )
        self._endings = OrderClosing(
            client=self._client,
            caller=self._caller,
            config=config,
            dialect=self._dialect,
            now_ns=now_ns,
            reporter=self._reporter,
            remember=self._news.remember,
        )
        self._stream = self._private_stream(random)

    def is_own(self, client_id: str) -> bool:
        """Is this the id of an order of ours?"""
        return self._config.is_own(client_id)

    async def connect(self) -> Instrument:
        """The market's rules, with clock and key checked; without a key only the public part.

        Raises KeyRefused, or VenueError with what is wrong.
        """
        return await self._startup.connect()

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """What a person should know of this venue and key, with a name each: after `connect`."""
        found = (("key_rights", self.key_monitor.doubts), ("self_trade", self._unprevented()))
        return tuple((name, text) for name, text in found if text)

    def _unprevented(self) -> str:
        return "" if self._dialect.self_trade else NOT_PREVENTED

    @property
    def handovers(self) -> int:
        """How often another private connection took over from one that still lived."""
        return self._stream.handovers

    async def run(self, emit: Emit) -> None:
        """Pump fills and order news until cancelled; foreign orders pass through as they are."""
        self._client.gate.report_breaches(wire_mismatch_alarm(emit, self._now_ns))
        async with asyncio.TaskGroup() as tasks:
            stream = self._stream.run(emit, trades=self._news.trades, orders=self._news.orders)
            spawn(tasks, "stream", stream)
            spawn(tasks, "key_rights", self.key_monitor.run(emit))

    async def place(self, order: PlaceOrder) -> OrderAck | OrderReject | OrderUnknown:
        """Send one limit order, at most once; never queued."""
        refusal = self._client.limiter.admit_create(self._now_ns())
        if refusal:
            return self._rejected(order, RejectReason.NOT_SENT, refusal)
        gate = self._client.gate
        gate.register(order)
        asked_s = time.monotonic()
        try:
            answer = await self._caller.create(order.client_id, lambda: self._create(order))
        finally:
            gate.forget(order.client_id)
        if isinstance(answer, Failed):
            return self._failed(order, answer)
        venue_id = text(answer.get("id"))
        self._news.remember(venue_id, order.client_id)
        self._stream.expect(asked_s)
        return OrderAck(ts_ns=self._now_ns(), client_id=order.client_id, venue_id=venue_id)

    async def cancel(self, order: CancelOrder) -> OrderDone | CancelReject:
        """Cancel by the venue's id when known, else by ours; may be repeated freely."""
        return await self._endings.cancel(order)

    async def query(self, order: QueryOrder) -> OrderOpen | OrderDone | OrderNotFound | None:
        """One order by the venue's id when known, else by ours; None without an answer."""
        return await self._endings.query(order)

    async def report(self, request: RequestReport) -> ReportEvent:
        """All kinds but BOOK; ReportFailed if the venue did not answer."""
        if request.kind is ReportKind.RULES:
            return await self._startup.report()
        return await self._reporter.report(request)

    async def cancel_all(self) -> int:
        """Cancel own orders until none is open, or some rounds long; how many are left.

        Raises VenueError if the venue can't be asked.
        """
        return await self._endings.cancel_all()

    async def count_own_open(self) -> int:
        """How many own orders the venue lists. Raises VenueError."""
        return len(await self._endings.own_open())

    async def set_dead_man(self, seconds: float) -> None:
        """Have the venue cancel everything so long from now, 0: never. Raises VenueError."""
        await set_dead_man(self._client, self._caller, self._config, seconds)

    async def market_history(self) -> MarketHistory:
        """Bars and trade rate from before our time; empty where the venue does not tell."""
        return await market_past(self._client, self._caller, self._config.symbol)

    def close_gate(self) -> None:
        """Nothing that creates an order is written after this returns."""
        self._client.gate.is_open = False

    def open_gate(self) -> None:
        self._client.gate.is_open = True

    def set_reduce_only(self, *, is_on: bool) -> None:
        """From now on, or no longer, only orders leave that were approved as reducing ones."""
        self._client.gate.reduces_only = is_on

    def engine_heartbeat(self, ts_ns: int) -> None:
        """Another tick was handled."""
        self._client.gate.pulse_ns = ts_ns

    async def clock_sample(self) -> ClockSample | None:
        """One question for the venue's time; None without an answer."""
        sample = await self._startup.clock_sample()
        return None if isinstance(sample, Failed) else sample

    def rate_limit_used(self) -> float:
        return self._client.limiter.used_share(self._now_ns())

    def rate_limit_pause(self) -> RateLimited | None:
        return self._client.limiter.silent(self._now_ns())

    def wire_ns(self, client_id: str) -> int | None:
        """When the write of a create began, for the latency of decision to wire."""
        return self._client.gate.wire_ns(client_id)

    async def close(self) -> None:
        """Close every socket; ccxt's own close may hang on a dead peer."""
        with suppress(Exception):
            async with asyncio.timeout(self._config.close_s_max):
                await self._client.close()

    def _private_stream(self, random: Random) -> PrivateStream:
        return PrivateStream(
            client=self._client,
            twin=lambda: make_twin(self._client, self._config, self._now_ns),
            caller=self._caller,
            symbol=self._config.symbol,
            dialect=self._dialect,
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
            self._dialect.parameters(order, self._config),
        )

    def _failed(self, order: PlaceOrder, failed: Failed) -> OrderReject | OrderUnknown:
        meaning = error_mapping.create_outcome(
            failed.error,
            was_sent=failed.was_sent,
            family=self._dialect.family,
            status=failed.status,
        )
        if meaning.reason is None:
            return OrderUnknown(ts_ns=self._now_ns(), client_id=order.client_id, text=failed.text)
        return self._rejected(order, meaning.reason, failed.text)

    def _rejected(self, order: PlaceOrder, reason: RejectReason, text: str) -> OrderReject:
        return OrderReject(
            ts_ns=self._now_ns(), client_id=order.client_id, reason=reason, text=text
        )
