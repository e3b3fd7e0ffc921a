"""A schedule that follows the clock; what goes wrong inside of it ends the run."""

import asyncio
from collections.abc import Awaitable

import pytest

from quoter.domain.commands import CancelOrder
from quoter.domain.errors import VenueUnavailable
from quoter.domain.events import Event, OrderAck, OrderDone, OrderOpen
from quoter.domain.trading import CancelReason
from quoter.domain.units import NS_PER_S
from quoter.paper.real_time import RealTimeSchedule
from tests.unit.paper.cases import START_NS, PaperMarket


class Clock:
    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns


def broken() -> None:
    raise ZeroDivisionError


async def test_callbacks_run_by_themselves_when_their_time_has_come() -> None:
    clock, ran, both = Clock(), list[str](), asyncio.Event()
    schedule = RealTimeSchedule(clock, lambda _error: None)
    schedule.at(START_NS, lambda: ran.append("first"))
    schedule.at(START_NS, both.set)
    schedule.at(START_NS + NS_PER_S, lambda: ran.append("later"))
    await both.wait()
    assert ran == ["first"]
    assert schedule.now_ns == START_NS
    clock.now_ns += NS_PER_S
    schedule.advance()
    assert ran == ["first", "later"]
    schedule.close()


async def test_failed_callback_is_raised_where_the_venue_is_watched() -> None:
    failures: list[Exception] = []
    schedule = RealTimeSchedule(Clock(), failures.append)
    schedule.at(START_NS, broken)
    with pytest.raises(ZeroDivisionError):
        await schedule.watch()
    assert len(failures) == 1


async def test_closed_schedule_runs_nothing() -> None:
    ran: list[int] = []
    schedule = RealTimeSchedule(Clock(), lambda _error: None)
    schedule.at(START_NS, lambda: ran.append(1))
    schedule.close()
    schedule.at(START_NS, lambda: ran.append(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ran == []


async def test_pending_request_fails_when_the_venue_does() -> None:
    paper = PaperMarket(1_000.0)
    await paper.open()
    asking = asyncio.create_task(paper.gateway.place(paper.order()))
    await asyncio.sleep(0)
    await paper.gateway.close()
    with pytest.raises(VenueUnavailable):
        await asking


async def test_messages_take_the_latency_there_and_back() -> None:
    paper = PaperMarket(1_000.0)
    await paper.open()
    paper.later(1.0)
    asking = asyncio.create_task(paper.gateway.place(paper.order()))
    await asyncio.sleep(0)
    assert paper.venue.truth().open_client_ids == ()
    paper.later(1.0)
    assert paper.venue.truth().open_client_ids == ("q001",)
    assert not asking.done()
    paper.later(1.0)
    assert isinstance(await asking, OrderAck)


async def test_after_a_busy_loop_no_report_overtakes_an_earlier_answer() -> None:
    """An order that was cancelled before its acknowledgement came would seem to live again."""
    paper = PaperMarket(1.0)
    await paper.open()
    cancel = CancelOrder(client_id="q001", venue_id="", reason=CancelReason.REQUOTE)

    async def receive(answer: Awaitable[Event]) -> None:
        paper.events.append(await answer)

    asking = asyncio.gather(
        receive(paper.gateway.place(paper.order("q001"))), receive(paper.gateway.cancel(cancel))
    )
    await asyncio.sleep(0)
    paper.later(1.0)
    await asking
    ours = [event for event in paper.events if isinstance(event, OrderOpen | OrderAck | OrderDone)]
    assert [type(event) for event in ours] == [OrderOpen, OrderAck, OrderDone, OrderDone]
