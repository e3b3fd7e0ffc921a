"""Sending of commands: order, priorities, limits and repeated cancel-alls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from quoter.domain.commands import (
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
    QueryOrder,
    RequestReport,
)
from quoter.domain.errors import VenueError
from quoter.domain.events import (
    CancelReject,
    Event,
    OrderAck,
    OrderNotFound,
    OrderReject,
    OrderSent,
    RateLimited,
    ReportFailed,
)
from quoter.domain.instrument import Instrument
from quoter.domain.market import MarketHistory
from quoter.domain.orders import KnownOrders
from quoter.domain.reasons import CancelRejectReason, RejectReason, ReportKind
from quoter.domain.trading import CancelReason
from quoter.service import outbox as module
from quoter.service.clock import Clock
from quoter.service.outbox import Outbox
from quoter.telemetry.metrics import Metrics
from quoter.venues.clock import ClockSample
from quoter.venues.ports import Emit
from tests.unit.state.cases import ABC, START_NS, place


@dataclass
class Gateway:
    """A gateway that answers once `is_open` is set; records the commands in order."""

    arrived: list[Command] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    limited: RateLimited | None = None
    is_broken: bool = False
    running: int = 0
    running_max: int = 0  # cancel-alls at once

    async def connect(self) -> Instrument:
        return ABC

    async def run(self, emit: Emit) -> None:
        """Do nothing: there is no stream."""

    async def _take(self, command: Command) -> None:
        self.arrived.append(command)
        await self.is_open.wait()

    async def place(self, order: PlaceOrder) -> OrderAck:
        await self._take(order)
        return OrderAck(ts_ns=START_NS, client_id=order.client_id, venue_id="v")

    async def cancel(self, order: CancelOrder) -> CancelReject:
        await self._take(order)
        return CancelReject(
            ts_ns=START_NS,
            client_id=order.client_id,
            reason=CancelRejectReason.NOT_FOUND,
            text="",
        )

    async def query(self, order: QueryOrder) -> OrderNotFound | None:
        await self._take(order)
        return None

    async def report(self, request: RequestReport) -> ReportFailed:
        await self._take(request)
        return ReportFailed(ts_ns=START_NS, kind=request.kind, text="no")

    async def market_history(self) -> MarketHistory:
        raise AssertionError("the outbox must not call this")

    async def cancel_all(self) -> int:
        self.running += 1
        self.running_max = max(self.running, self.running_max)
        await asyncio.sleep(0)
        await self._take(CancelAll(reason=CancelReason.KILL))
        self.running -= 1
        if self.is_broken:
            raise VenueError("away")
        return 0

    def adopt_orders(self, orders: KnownOrders) -> None:
        """Do nothing: there is no earlier run."""

    def close_gate(self) -> None:
        """Do nothing: there is no gate."""

    def open_gate(self) -> None:
        """Do nothing: there is no gate."""

    def set_reduce_only(self, *, is_on: bool) -> None:
        """Do nothing: there is no gate."""

    def engine_heartbeat(self, ts_ns: int) -> None:
        """Do nothing: there is no gate."""

    async def clock_sample(self) -> ClockSample | None:
        raise AssertionError("the outbox must not call this")

    def wire_ns(self, client_id: str) -> int | None:
        return START_NS

    def rate_limit_used(self) -> float:
        raise AssertionError("the outbox must not call this")

    def rate_limit_pause(self) -> RateLimited | None:
        return self.limited

    async def close(self) -> None:
        """Do nothing: no socket is open."""


@dataclass
class Feed:
    resyncs: int = 0

    async def run(self, emit: Emit) -> None:
        """Do nothing: there is no stream."""

    def rejected(self) -> dict[str, int]:
        return {}

    def confirm(self) -> None:
        raise AssertionError("not requested in these tests")

    def reconnect(self, text: str) -> None:
        raise AssertionError(text)

    def resync(self) -> None:
        self.resyncs += 1


@dataclass
class Ledger:
    """A ledger that accepts every order unless it is full; records the ids."""

    order_ids: list[str] = field(default_factory=list)
    is_full: bool = False
    is_done: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_done.set()

    async def may_send(self, order: PlaceOrder) -> bool:
        await self.is_done.wait()
        if not self.is_full:
            self.order_ids.append(order.client_id)
        return not self.is_full


@dataclass
class OutboxRig:
    """An outbox with its workers and the posted events."""

    outbox: Outbox
    gateway: Gateway
    feed: Feed
    posted: list[Event]
    ledger: Ledger

    async def settle(self) -> None:
        """Let every task run until all of them wait."""
        for _ in range(20):
            await asyncio.sleep(0)

    def names(self) -> list[str]:
        return [
            command.client_id
            for command in self.gateway.arrived
            if isinstance(command, PlaceOrder | CancelOrder | QueryOrder)
        ]


def make() -> OutboxRig:
    gateway, feed, posted = Gateway(), Feed(), list[Event]()
    metrics = Metrics(symbol="ABC/USD", venue="test", environment="test")
    ledger = Ledger()
    outbox = Outbox(
        gateway=gateway,
        feed=feed,
        post=posted.append,
        clock=Clock(),
        metrics=metrics,
        may_send=ledger.may_send,
    )
    return OutboxRig(outbox, gateway, feed, posted, ledger)


@asynccontextmanager
async def working() -> AsyncIterator[OutboxRig]:
    rig = make()

    async def serve() -> None:
        async with asyncio.TaskGroup() as tasks:
            rig.outbox.spawn(tasks)

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    try:
        yield rig
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def cancel(client_id: str, reason: CancelReason = CancelReason.REQUOTE) -> CancelOrder:
    return CancelOrder(client_id=client_id, venue_id="", reason=reason)


async def test_order_sent_is_posted_before_the_answer() -> None:
    async with working() as rig:
        rig.outbox.submit((place("q1"),))
        await rig.settle()
        assert [type(event) for event in rig.posted] == [OrderSent]
        rig.gateway.is_open.set()
        await rig.settle()
        assert [type(event) for event in rig.posted] == [OrderSent, OrderAck]


async def test_cancels_are_sent_before_waiting_creates() -> None:
    async with working() as rig:
        busy = [place(f"q{number}") for number in range(module.WORKERS["creates"] + 3)]
        rig.outbox.submit((*busy, cancel("old")))
        await rig.settle()
        assert len(rig.names()) == module.WORKERS["creates"] + 1
        assert "old" in rig.names()


async def test_a_cancel_removes_its_create_from_the_queue() -> None:
    rig = make()
    rig.outbox.submit((place("q1"), place("q2"), cancel("q1")))
    (event,) = rig.posted
    assert isinstance(event, OrderReject)
    assert (event.client_id, event.reason) == ("q1", RejectReason.NOT_SENT)
    rig.outbox.drop_creates()
    assert [e.client_id for e in rig.posted if isinstance(e, OrderReject)] == ["q1", "q2"]


async def test_neither_a_removed_create_nor_its_cancel_is_sent() -> None:
    async with working() as rig:
        busy = [place(f"q{number}") for number in range(module.WORKERS["creates"])]
        rig.outbox.submit((*busy,))
        await rig.settle()
        rig.outbox.submit((place("late"), cancel("late")))
        rig.gateway.is_open.set()
        await rig.settle()
        assert "late" not in rig.names()


async def test_drop_creates_rejects_every_waiting_create() -> None:
    rig = make()
    rig.outbox.submit(tuple(place(f"q{number}") for number in range(200)))
    rig.outbox.drop_creates()
    assert len(rig.posted) == 200
    assert all(
        isinstance(event, OrderReject) and event.reason is RejectReason.NOT_SENT
        for event in rig.posted
    )


async def test_a_create_for_a_full_queue_is_reported_as_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 2)
    rig = make()
    rig.outbox.submit(tuple(place(f"q{number}") for number in range(3)))
    (event,) = rig.posted
    assert isinstance(event, OrderReject)
    assert event.client_id == "q2"


async def test_a_request_for_the_book_resyncs_the_feed() -> None:
    rig = make()
    rig.outbox.submit((RequestReport(kind=ReportKind.BOOK),))
    assert rig.feed.resyncs == 1


async def test_a_query_without_an_answer_posts_nothing_and_a_failed_report_is_posted() -> None:
    async with working() as rig:
        rig.gateway.is_open.set()
        rig.outbox.submit(
            (QueryOrder(client_id="q1", venue_id=""), RequestReport(kind=ReportKind.TRADES))
        )
        await rig.settle()
        assert [type(event) for event in rig.posted] == [ReportFailed]


async def test_a_rate_limit_pause_of_the_venue_is_posted() -> None:
    async with working() as rig:
        rig.gateway.limited = RateLimited(ts_ns=START_NS, until_ns=START_NS + 1, text="429")
        rig.gateway.is_open.set()
        rig.outbox.submit((cancel("q1"),))
        await rig.settle()
        assert rig.gateway.limited in rig.posted


@pytest.mark.parametrize("is_broken", [False, True])
async def test_a_failed_cancel_all_does_not_end_the_worker(is_broken: bool) -> None:
    async with working() as rig:
        rig.gateway.is_broken = is_broken
        rig.gateway.is_open.set()
        rig.outbox.submit((CancelAll(reason=CancelReason.KILL), cancel("q1")))
        await rig.settle()
        assert rig.names() == ["q1"]


async def test_a_dry_run_has_no_workers_and_sends_nothing() -> None:
    feed, posted = Feed(), list[Event]()
    metrics = Metrics(symbol="ABC/USD", venue="test", environment="test")
    outbox = Outbox(
        gateway=None,
        feed=feed,
        post=posted.append,
        clock=Clock(),
        metrics=metrics,
        may_send=Ledger().may_send,
    )
    async with asyncio.TaskGroup() as tasks:  # it would not end with a running worker
        outbox.spawn(tasks)
    outbox.submit((RequestReport(kind=ReportKind.BOOK),))
    assert (feed.resyncs, posted) == (1, [])


async def test_an_order_is_written_to_the_ledger_before_it_is_sent() -> None:
    async with working() as rig:
        rig.ledger.is_done.clear()
        rig.outbox.submit((place("q1"),))
        await rig.settle()
        assert rig.names() == []
        rig.ledger.is_done.set()
        await rig.settle()
        assert rig.ledger.order_ids == ["q1"]
        assert rig.names() == ["q1"]


async def test_an_order_that_can_not_be_written_is_not_sent() -> None:
    async with working() as rig:
        rig.ledger.is_full = True
        rig.outbox.submit((place("q1"),))
        await rig.settle()
        assert rig.names() == []
        (reject,) = (event for event in rig.posted if isinstance(event, OrderReject))
        assert reject.reason is RejectReason.NOT_SENT
        assert "ledger" in reject.text


async def test_an_unverified_cancel_all_is_repeated_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """KS-04: the engine issues one every 5 s; several at once would block single cancels."""
    monkeypatch.setattr(module, "CANCEL_ALL_AGAIN_S", (0.01,))
    async with working() as rig:
        rig.gateway.is_broken = True
        rig.gateway.is_open.set()
        rig.outbox.submit((CancelAll(reason=CancelReason.KILL),) * 8)
        await asyncio.sleep(0.2)
        assert rig.gateway.running_max == 1
        assert len(rig.gateway.arrived) > 2
        rig.gateway.is_broken = False
        await asyncio.sleep(0.1)
        asked = len(rig.gateway.arrived)
        await asyncio.sleep(0.1)
        assert len(rig.gateway.arrived) == asked
        rig.outbox.submit((CancelAll(reason=CancelReason.KILL),))
        await rig.settle()
        assert len(rig.gateway.arrived) == asked + 1


async def test_cancels_of_a_kill_do_not_wait_for_cancels_that_hang() -> None:
    """KS-04: a hanging cancel lasts until the call times out."""
    async with working() as rig:  # the gateway does not answer
        hung = tuple(cancel(f"old{number}") for number in range(module.WORKERS["cancels"]))
        rig.outbox.submit(hung)
        await rig.settle()
        kills = tuple(cancel(f"q{number}", CancelReason.KILL) for number in range(2))
        rig.outbox.submit((*kills, CancelAll(reason=CancelReason.KILL)))
        await rig.settle()
        assert rig.gateway.arrived == [*hung, *kills, CancelAll(reason=CancelReason.KILL)]


async def test_the_cancel_all_of_a_kill_does_not_wait_for_its_cancels() -> None:
    async with working() as rig:
        hung = tuple(cancel(f"q{n}", CancelReason.KILL) for n in range(module.WORKERS["kills"] + 1))
        rig.outbox.submit((*hung, CancelAll(reason=CancelReason.KILL)))
        await rig.settle()
        assert rig.gateway.running_max == 1
        assert len(rig.names()) == module.WORKERS["kills"]


async def test_a_cancel_all_also_sends_the_cancels_that_wait() -> None:
    """The engine issues the cancel of an order once, so a waiting one must be sent."""
    async with working() as rig:
        workers = module.WORKERS["cancels"]
        rig.outbox.submit(tuple(cancel(f"old{number}") for number in range(workers + 3)))
        await rig.settle()
        assert len(rig.names()) == workers
        rig.outbox.submit((CancelAll(reason=CancelReason.KILL),))
        await rig.settle()
        assert len(rig.names()) == workers + 3


async def test_waiting_cancel_alls_are_merged_into_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with working() as rig:
        rig.outbox.submit((CancelAll(reason=CancelReason.DRAIN),) * 3)
        await rig.settle()
        rig.outbox.submit((CancelAll(reason=CancelReason.KILL),) * 3)
        rig.gateway.is_open.set()
        await rig.settle()
        assert len(rig.gateway.arrived) == 2


async def test_every_queue_has_a_maximum_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 2)
    rig = make()
    rig.outbox.submit(tuple(cancel(f"q{n}", CancelReason.KILL) for n in range(5)))
    rig.outbox.submit(tuple(cancel(f"old{n}") for n in range(5)))
    rig.outbox.submit((CancelAll(reason=CancelReason.KILL),))
    waiting = {lane.name: len(lane.queue) for lane in rig.outbox.lanes}
    assert waiting == {"creates": 0, "cancels": 2, "kills": 2, "all": 1, "queries": 0}
