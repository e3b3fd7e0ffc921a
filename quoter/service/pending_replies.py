"""Events whose senders wait for the outcome."""

import asyncio
from collections.abc import Callable

from quoter.domain.events import Event
from quoter.domain.outcomes import EngineOutcome
from quoter.venues.ports import Emit

type OnOutcome = Callable[[EngineOutcome], None]


class PendingReplies:
    """Queues events and reports the outcome of each: `resolve` is called by the engine's task."""

    def __init__(self, post: Emit) -> None:
        self._post = post
        # Keyed by `id`: equal events are different requests. The event is kept, so that its id is
        # not reused.
        self._waiting: dict[int, tuple[Event, OnOutcome]] = {}

    def post(self, event: Event, on_outcome: OnOutcome) -> None:
        """Queue an event; `on_outcome` is called once, when it was handled or refused."""
        self._waiting[id(event)] = event, on_outcome
        self._post(event)

    async def ask(self, event: Event, seconds: float) -> EngineOutcome | None:
        """Queue an event and return its outcome, or None if that takes longer than `seconds`.

        After that the engine still handles the event.
        """
        future: asyncio.Future[EngineOutcome] = asyncio.get_running_loop().create_future()

        def on_outcome(outcome: EngineOutcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self.post(event, on_outcome)
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(id(event), None)

    def resolve(self, event: Event, outcome: EngineOutcome) -> None:
        """Report the outcome of an event to the task that waits for it, if there is one."""
        waiting = self._waiting.pop(id(event), None)
        if waiting is not None:
            waiting[1](outcome)
