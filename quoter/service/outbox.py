"""Send the engine's commands to the venue; the engine itself never waits for the network.

Creates, cancels, cancels of a kill, cancel-all and queries have lanes with workers of their own, so
that a request that hangs never delays a kill. A cancel whose create is still queued removes that
create instead. Every reply goes back to the inbox as an event.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import chain, repeat

import structlog

from quoter.domain.commands import (
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
    QueryOrder,
    ReconnectFeed,
    RequestReport,
)
from quoter.domain.errors import VenueError
from quoter.domain.events import Event, OrderReject, OrderSent
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.trading import CancelReason
from quoter.domain.units import S_PER_NS
from quoter.service.clock import Clock
from quoter.telemetry.latency import Latency
from quoter.telemetry.metrics import Metrics
from quoter.venues.ports import Emit, MarketFeed, OrderGateway
from quoter.venues.supervised_tasks import spawn

log = structlog.get_logger()

QUEUE_MAX = 1_000
# Kills have one worker per order that can be live (10 levels on 2 sides): each cancel may hang.
WORKERS = {"creates": 4, "cancels": 4, "kills": 20, "all": 1, "queries": 2}
CANCEL_ALL_S_MAX = 10.0
CANCEL_ALL_AGAIN_S = (0.25, 0.5, 1.0, 2.0)  # then every 2 s; the engine asks again after 5 s


async def may_always_send(_order: PlaceOrder) -> bool:
    """Return True at once: without a ledger, no order waits for the disk."""
    return True


class Lane:
    """A bounded queue of commands; waiting commands can be removed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.queue: deque[Command] = deque()
        self._wake = asyncio.Event()

    def put(self, command: Command) -> bool:
        """Queue a command; return False if the lane is full."""
        if len(self.queue) >= QUEUE_MAX:
            return False
        self.queue.append(command)
        self._wake.set()
        return True

    async def take(self) -> Command:
        while not self.queue:
            self._wake.clear()
            await self._wake.wait()
        return self.queue.popleft()


class Outbox:
    """Sends commands through the gateway and posts the replies."""

    def __init__(
        self,
        *,
        gateway: OrderGateway | None,
        feed: MarketFeed,
        post: Emit,
        clock: Clock,
        metrics: Metrics,
        may_send: Callable[[PlaceOrder], Awaitable[bool]],
    ) -> None:
        """`gateway` is None in a dry run, whose engine requests market data only.

        `may_send` returns once an order is recorded on disk; False: it must not be sent.
        """
        self._gateway = gateway
        self._feed = feed
        self._post = post
        self._clock = clock
        self._creates = Lane("creates")
        self._cancels = Lane("cancels")
        self._kills = Lane("kills")
        self._all = Lane("all")
        self._queries = Lane("queries")
        self.lanes = (self._creates, self._cancels, self._kills, self._all, self._queries)
        self._metrics = metrics
        self._may_send = may_send

    def submit(self, commands: tuple[Command, ...]) -> None:
        """Queue the commands of one step; never waits."""
        for command in commands:
            match command:
                case PlaceOrder():
                    if not self._creates.put(command):
                        self._unsent(command, "the outbox is full")
                case CancelOrder():
                    if not self._remove_queued_create(command):
                        is_kill = command.reason is CancelReason.KILL
                        self._put(self._kills if is_kill else self._cancels, command)
                case CancelAll():
                    self._move_cancels_to_kill_lane()
                    if not self._all.queue:  # a second one would add nothing
                        self._put(self._all, command)
                case RequestReport(kind=ReportKind.BOOK):
                    self._feed.resync()
                case RequestReport(kind=ReportKind.BEST_PRICES):
                    self._feed.confirm()
                case ReconnectFeed():
                    self._feed.reconnect(command.text)
                case RequestReport() | QueryOrder():
                    self._put(self._queries, command)

    def _put(self, lane: Lane, command: Command) -> None:
        """Queue, or log a full lane: the engine's timers repeat the command."""
        if not lane.put(command):
            log.error("outbox_full", lane=lane.name, command=type(command).__name__)

    def _remove_queued_create(self, cancel: CancelOrder) -> bool:
        for waiting in self._creates.queue:
            if isinstance(waiting, PlaceOrder) and waiting.client_id == cancel.client_id:
                self._creates.queue.remove(waiting)
                self._unsent(waiting, "cancelled before it was sent")
                return True
        return False

    def _move_cancels_to_kill_lane(self) -> None:
        """Move queued cancels to the lane of a kill, where hung requests do not delay them."""
        while self._cancels.queue and self._kills.put(self._cancels.queue[0]):
            self._cancels.queue.popleft()

    def drop_creates(self) -> None:
        """Reject every queued create; called when the kill switch is triggered."""
        while self._creates.queue:
            command = self._creates.queue.popleft()
            if isinstance(command, PlaceOrder):
                self._unsent(command, "killed before it was sent")

    def _unsent(self, order: PlaceOrder, text: str) -> None:
        self._post(
            OrderReject(
                ts_ns=self._clock.now_ns(),
                client_id=order.client_id,
                reason=RejectReason.NOT_SENT,
                text=text,
            )
        )

    def spawn(self, tasks: asyncio.TaskGroup) -> None:
        """Start the workers of all lanes."""
        if self._gateway is None:
            return
        for lane in self.lanes:
            for number in range(WORKERS[lane.name]):
                name = f"outbox-{lane.name}-{number}"
                spawn(tasks, name, self._work(self._gateway, lane))

    async def _work(self, gateway: OrderGateway, lane: Lane) -> None:
        while True:
            await self._run(gateway, await lane.take())
            limited = gateway.rate_limit_pause()
            if limited is not None:
                self._post(limited)

    async def _run(self, gateway: OrderGateway, command: Command) -> None:
        reply: Event | None = None
        match command:
            case PlaceOrder():
                self._post(OrderSent(ts_ns=self._clock.now_ns(), client_id=command.client_id))
                if await self._may_send(command):
                    reply = await gateway.place(command)
                    self._time(gateway, command)
                else:
                    self._unsent(command, "the order could not be written to the ledger")
            case CancelOrder():
                asked_ns = self._clock.now_ns()
                reply = await gateway.cancel(command)
                waited_ns = self._clock.now_ns() - asked_ns
                self._metrics.observe_latency(Latency.CANCEL_TO_ANSWER, waited_ns * S_PER_NS)
            case QueryOrder():
                reply = await gateway.query(command)
            case RequestReport():
                reply = await gateway.report(command)
            case CancelAll():
                await self._cancel_all(gateway)
            case ReconnectFeed():
                raise AssertionError("unreachable: a reconnect is not queued")
        if reply is not None:
            self._post(reply)

    def _time(self, gateway: OrderGateway, order: PlaceOrder) -> None:
        """Record the latencies of a create that was sent: decision to socket, socket to reply."""
        wire_ns = gateway.wire_ns(order.client_id)
        if wire_ns is not None:
            self._metrics.observe_latency(
                Latency.DECISION_TO_WIRE, (wire_ns - order.decided_ns) * S_PER_NS
            )
            self._metrics.observe_latency(
                Latency.WIRE_TO_ACK, (self._clock.now_ns() - wire_ns) * S_PER_NS
            )

    async def _cancel_all(self, gateway: OrderGateway) -> None:
        """Cancel until the venue lists no own order, for at most CANCEL_ALL_S_MAX."""
        try:
            async with asyncio.timeout(CANCEL_ALL_S_MAX):
                for pause_s in chain(CANCEL_ALL_AGAIN_S, repeat(CANCEL_ALL_AGAIN_S[-1])):
                    if await self._is_none_left(gateway):
                        return
                    await asyncio.sleep(pause_s)
        except TimeoutError:
            log.error("cancel_all_not_verified", seconds=CANCEL_ALL_S_MAX)

    async def _is_none_left(self, gateway: OrderGateway) -> bool:
        try:
            left = await gateway.cancel_all()
        except VenueError as error:
            log.warning("cancel_all_failed", error=str(error))
            return False
        log.info("cancel_all", own_orders_left=left)
        return left == 0
