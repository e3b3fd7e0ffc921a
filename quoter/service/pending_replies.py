"""Events whose turn somebody waits for: what the engine made of them comes back as the step."""

import asyncio

from quoter.domain.events import Event
from quoter.domain.step import Step
from quoter.venues.ports import Emit


class PendingReplies:
    """`ask` from any task of the loop, `answered` from the engine's."""

    def __init__(self, post: Emit) -> None:
        self._post = post
        self._waiting: dict[int, asyncio.Future[Step]] = {}  # by the event's identity

    async def ask(self, event: Event, seconds: float) -> Step | None:
        """Hand an event to the engine; its step, or None if that takes longer than `seconds`.

        What was asked for stays asked for, whoever stops waiting.
        """
        future: asyncio.Future[Step] = asyncio.get_running_loop().create_future()
        self._waiting[id(event)] = future
        self._post(event)
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            del self._waiting[id(event)]

    def answered(self, step: Step) -> None:
        """Wake whoever waits for this step."""
        future = self._waiting.get(id(step.event))
        if future is not None and not future.done():
            future.set_result(step)
