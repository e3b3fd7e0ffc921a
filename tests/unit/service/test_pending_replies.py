"""A client that waits for an event gets the outcome of that event, or None if it takes too long."""

import asyncio

from quoter.domain.events import Event, Tick
from quoter.domain.outcomes import Done, EngineOutcome, RefusalReason, Refused
from quoter.service.pending_replies import PendingReplies


async def test_two_equal_events_get_an_outcome_each() -> None:
    queue: list[Event] = []
    replies = PendingReplies(queue.append)
    both = [asyncio.create_task(replies.ask(Tick(ts_ns=1), 20.0)) for _ in range(2)]
    await asyncio.sleep(0)
    outcomes: list[EngineOutcome] = [Done(), Refused(RefusalReason.KILLED, "no")]
    for event, outcome in zip(queue, outcomes, strict=True):
        replies.resolve(event, outcome)
    assert await asyncio.gather(*both) == outcomes


async def test_no_outcome_in_time_is_none_and_a_late_one_is_ignored() -> None:
    queue: list[Event] = []
    replies = PendingReplies(queue.append)
    assert await replies.ask(Tick(ts_ns=1), 0.01) is None
    replies.resolve(queue[0], Done())
    replies.resolve(Tick(ts_ns=1), Done())


def test_a_callback_gets_the_outcome_once() -> None:
    queue: list[Event] = []
    found: list[EngineOutcome] = []
    replies = PendingReplies(queue.append)
    replies.post(Tick(ts_ns=1), found.append)
    replies.resolve(queue[0], Done())
    replies.resolve(queue[0], Done())
    assert found == [Done()]
