"""Commands leave without the engine ever waiting; cancels overtake and annihilate creates."""

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
    """Answers at once while `is_open`; remembers the order of what arrived."""

    arrived: list[Command] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    limited: RateLimited | None = None
    is_broken: bool = False
    running: int = 0
    running_max: int = 0  # cancel-alls at once

    async def connect(self) -> Instrument:
        return ABC

    async def run(self, emit: Emit) -> None:
        """Nothing to pump."""

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
        raise AssertionError("the outbox never asks")

    async def cancel_all(self) -> int:
        self.running += 1
        self.running_max = max(self.running, self.running_max)
        await asyncio.sleep(0)
        await self._take(CancelAll(reason=CancelReason.KILL))
        self.running -= 1
        if self.is_broken:
            raise VenueError("away")
        return 0

    def close_gate(self) -> None:
        """No gate here."""

    def open_gate(self) -> None:
        """No gate here."""

    def set_reduce_only(self, *, is_on: bool) -> None:
        """No gate here."""

    def engine_heartbeat(self, ts_ns: int) -> None:
        """No gate here."""

    async def clock_sample(self) -> ClockSample | None:
        raise AssertionError("the outbox never asks")

    def wire_ns(self, client_id: str) -> int | None:
        return START_NS

    def rate_limit_used(self) -> float:
        raise AssertionError("the outbox never asks")

    def rate_limit_pause(self) -> RateLimited | None:
        return self.limited

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Feed:
    resyncs: int = 0

    async def run(self, emit: Emit) -> None:
        """Nothing to pump."""

    def confirm(self) -> None:
        raise AssertionError("nobody asked for it")

    def reconnect(self, text: str) -> None:
        raise AssertionError(text)

    def resync(self) -> None:
        self.resyncs += 1


@dataclass
class Ledger:
    """Takes every order unless it is full; remembers what it took."""

    taken: list[str] = field(default_factory=list)
    is_full: bool = False
    is_done: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_done.set()

    async def may_send(self, order: PlaceOrder) -> bool:
        await self.is_done.wait()
        if not self.is_full:
            self.taken.append(order.client_id)
        return not self.is_full


@dataclass
class Office:
    """An outbox with its workers, and what it posted."""

    outbox: Outbox
    gateway: Gateway
    feed: Feed
    posted: list[Event]
    ledger: Ledger

    async def settle(self) -> None:
        """Let every task run until nothing moves."""
        for _ in range(20):
            await asyncio.sleep(0)

    def names(self) -> list[str]:
        return [
            command.client_id
            for command in self.gateway.arrived
            if isinstance(command, PlaceOrder | CancelOrder | QueryOrder)
        ]


def make() -> Office:
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
    return Office(outbox, gateway, feed, posted, ledger)


@asynccontextmanager
async def working() -> AsyncIterator[Office]:
    office = make()

    async def serve() -> None:
        async with asyncio.TaskGroup() as tasks:
            office.outbox.spawn(tasks)

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    try:
        yield office
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def cancel(client_id: str, reason: CancelReason = CancelReason.REQUOTE) -> CancelOrder:
    return CancelOrder(client_id=client_id, venue_id="", reason=reason)


async def test_a_create_is_reported_as_sent_before_it_is_answered() -> None:
    async with working() as office:
        office.outbox.submit((place("q1"),))
        await office.settle()
        assert [type(event) for event in office.posted] == [OrderSent]
        office.gateway.is_open.set()
        await office.settle()
        assert [type(event) for event in office.posted] == [OrderSent, OrderAck]


async def test_cancels_overtake_creates_that_wait() -> None:
    async with working() as office:
        busy = [place(f"q{number}") for number in range(module.WORKERS["creates"] + 3)]
        office.outbox.submit((*busy, cancel("old")))
        await office.settle()
        assert len(office.names()) == module.WORKERS["creates"] + 1
        assert "old" in office.names()


async def test_a_cancel_annihilates_its_own_create_while_that_still_waits() -> None:
    office = make()
    office.outbox.submit((place("q1"), place("q2"), cancel("q1")))
    (event,) = office.posted
    assert isinstance(event, OrderReject)
    assert (event.client_id, event.reason) == ("q1", RejectReason.NOT_SENT)
    office.outbox.drop_creates()
    assert [e.client_id for e in office.posted if isinstance(e, OrderReject)] == ["q1", "q2"]


async def test_an_annihilated_create_never_leaves_and_neither_does_its_cancel() -> None:
    async with working() as office:
        busy = [place(f"q{number}") for number in range(module.WORKERS["creates"])]
        office.outbox.submit((*busy,))
        await office.settle()
        office.outbox.submit((place("late"), cancel("late")))
        office.gateway.is_open.set()
        await office.settle()
        assert "late" not in office.names()


async def test_a_kill_drops_every_create_that_waits() -> None:
    office = make()
    office.outbox.submit(tuple(place(f"q{number}") for number in range(200)))
    office.outbox.drop_creates()
    assert len(office.posted) == 200
    assert all(
        isinstance(event, OrderReject) and event.reason is RejectReason.NOT_SENT
        for event in office.posted
    )


async def test_a_create_for_a_full_lane_is_reported_as_never_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 2)
    office = make()
    office.outbox.submit(tuple(place(f"q{number}") for number in range(3)))
    (event,) = office.posted
    assert isinstance(event, OrderReject)
    assert event.client_id == "q2"


async def test_a_fresh_book_is_the_feeds_business() -> None:
    office = make()
    office.outbox.submit((RequestReport(kind=ReportKind.BOOK),))
    assert office.feed.resyncs == 1


async def test_a_question_without_an_answer_posts_nothing_and_a_failed_list_says_so() -> None:
    async with working() as office:
        office.gateway.is_open.set()
        office.outbox.submit(
            (QueryOrder(client_id="q1", venue_id=""), RequestReport(kind=ReportKind.TRADES))
        )
        await office.settle()
        assert [type(event) for event in office.posted] == [ReportFailed]


async def test_rate_limit_pause_of_the_venue_reaches_the_engine() -> None:
    async with working() as office:
        office.gateway.limited = RateLimited(ts_ns=START_NS, until_ns=START_NS + 1, text="429")
        office.gateway.is_open.set()
        office.outbox.submit((cancel("q1"),))
        await office.settle()
        assert office.gateway.limited in office.posted


@pytest.mark.parametrize("is_broken", [False, True])
async def test_a_venue_that_is_away_does_not_break_the_worker(is_broken: bool) -> None:
    async with working() as office:
        office.gateway.is_broken = is_broken
        office.gateway.is_open.set()
        office.outbox.submit((CancelAll(reason=CancelReason.KILL), cancel("q1")))
        await office.settle()
        assert office.names() == ["q1"]


async def test_in_a_dry_run_nothing_works_and_nothing_leaves() -> None:
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
    async with asyncio.TaskGroup() as tasks:  # it would not end with a worker in it
        outbox.spawn(tasks)
    outbox.submit((RequestReport(kind=ReportKind.BOOK),))
    assert (feed.resyncs, posted) == (1, [])


async def test_an_order_is_on_the_disk_before_it_leaves() -> None:
    async with working() as office:
        office.ledger.is_done.clear()
        office.outbox.submit((place("q1"),))
        await office.settle()
        assert office.names() == []
        office.ledger.is_done.set()
        await office.settle()
        assert office.ledger.taken == ["q1"]
        assert office.names() == ["q1"]


async def test_an_order_that_it_could_not_be_written_never_leaves() -> None:
    async with working() as office:
        office.ledger.is_full = True
        office.outbox.submit((place("q1"),))
        await office.settle()
        assert office.names() == []
        (reject,) = (event for event in office.posted if isinstance(event, OrderReject))
        assert reject.reason is RejectReason.NOT_SENT
        assert "ledger" in reject.text


async def test_a_cancel_all_that_is_not_verified_is_repeated_and_never_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """KS-04: the engine asks anew every 5 s; more than one at once would block single cancels."""
    monkeypatch.setattr(module, "CANCEL_ALL_AGAIN_S", (0.01,))
    async with working() as office:
        office.gateway.is_broken = True
        office.gateway.is_open.set()
        office.outbox.submit((CancelAll(reason=CancelReason.KILL),) * 8)
        await asyncio.sleep(0.2)
        assert office.gateway.running_max == 1
        assert len(office.gateway.arrived) > 2
        office.gateway.is_broken = False
        await asyncio.sleep(0.1)
        asked = len(office.gateway.arrived)
        await asyncio.sleep(0.1)
        assert len(office.gateway.arrived) == asked
        office.outbox.submit((CancelAll(reason=CancelReason.KILL),))
        await office.settle()
        assert len(office.gateway.arrived) == asked + 1


async def test_a_kills_cancels_and_its_cancel_all_wait_for_no_cancel_that_hangs() -> None:
    """KS-04: each of the others may hang for as long as a call may take."""
    async with working() as office:  # its gateway answers nothing
        hung = tuple(cancel(f"old{number}") for number in range(module.WORKERS["cancels"]))
        office.outbox.submit(hung)
        await office.settle()
        kills = tuple(cancel(f"q{number}", CancelReason.KILL) for number in range(2))
        office.outbox.submit((*kills, CancelAll(reason=CancelReason.KILL)))
        await office.settle()
        assert office.gateway.arrived == [*hung, *kills, CancelAll(reason=CancelReason.KILL)]


async def test_a_kills_cancels_that_hang_do_not_hold_up_its_cancel_all() -> None:
    async with working() as office:
        hung = tuple(cancel(f"q{n}", CancelReason.KILL) for n in range(module.WORKERS["kills"] + 1))
        office.outbox.submit((*hung, CancelAll(reason=CancelReason.KILL)))
        await office.settle()
        assert office.gateway.running_max == 1
        assert len(office.names()) == module.WORKERS["kills"]


async def test_cancels_that_wait_behind_hung_ones_leave_with_a_cancel_all() -> None:
    """The engine asks for the end of an order once: what waits here is all that is on its way."""
    async with working() as office:
        workers = module.WORKERS["cancels"]
        office.outbox.submit(tuple(cancel(f"old{number}") for number in range(workers + 3)))
        await office.settle()
        assert len(office.names()) == workers
        office.outbox.submit((CancelAll(reason=CancelReason.KILL),))
        await office.settle()
        assert len(office.names()) == workers + 3


async def test_cancel_alls_that_nobody_runs_yet_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with working() as office:
        office.outbox.submit((CancelAll(reason=CancelReason.DRAIN),) * 3)
        await office.settle()
        office.outbox.submit((CancelAll(reason=CancelReason.KILL),) * 3)
        office.gateway.is_open.set()
        await office.settle()
        assert len(office.gateway.arrived) == 2


async def test_every_lane_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 2)
    office = make()
    office.outbox.submit(tuple(cancel(f"q{n}", CancelReason.KILL) for n in range(5)))
    office.outbox.submit(tuple(cancel(f"old{n}") for n in range(5)))
    office.outbox.submit((CancelAll(reason=CancelReason.KILL),))
    waiting = {lane.name: len(lane.queue) for lane in office.outbox.lanes}
    assert waiting == {"creates": 0, "cancels": 2, "kills": 2, "all": 1, "queries": 0}
