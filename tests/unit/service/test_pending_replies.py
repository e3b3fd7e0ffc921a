"""Whoever asks gets the step of his own event, or is told that it takes too long."""

import asyncio

from quoter.domain.events import Event, Tick
from quoter.domain.step import Step
from quoter.service.pending_replies import PendingReplies


async def test_two_equal_events_get_a_step_each() -> None:
    queue: list[Event] = []
    asks = PendingReplies(queue.append)
    both = [asyncio.create_task(asks.ask(Tick(ts_ns=1), 20.0)) for _ in range(2)]
    await asyncio.sleep(0)
    for seq, event in enumerate(queue):
        asks.answered(Step(seq, event))
    found = await asyncio.gather(*both)
    assert [step.seq for step in found if step is not None] == [0, 1]


async def test_no_answer_in_time_is_none_and_a_late_one_harms_nobody() -> None:
    queue: list[Event] = []
    asks = PendingReplies(queue.append)
    assert await asks.ask(Tick(ts_ns=1), 0.01) is None
    asks.answered(Step(1, queue[0]))
    asks.answered(Step(2, Tick(ts_ns=1)))
