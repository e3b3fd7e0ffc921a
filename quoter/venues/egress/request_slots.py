"""Slots for signed requests, where a venue refuses a nonce below the last one that arrived.

Requests on parallel connections overtake each other (Kraken: `EAPI:Invalid nonce`). So each request
is signed and sent in a slot, cancels first. A slot ends with the answer, or after SLOT_S_MAX, so
that a hung request does not delay a cancel for longer. If the hung request arrives after the
cancel, the venue refuses it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from heapq import heapify, heappop, heappush
from itertools import count

from quoter.venues.egress.gate import Purpose

SLOT_S_MAX = 0.2  # longer than most answers take
RANKS = {Purpose.CANCEL: 0, Purpose.DEAD_MAN: 0, Purpose.CREATE: 1, Purpose.READ: 2}


class RequestSlots:
    """Queue that runs one signed request at a time; all clients of a key share it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._holder = 0  # number of the present slot; 0: none

    async def run[T](self, purpose: Purpose, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work`, which signs and sends one request, in a slot; return its result."""
        number = await self._take(RANKS[purpose])
        timer = asyncio.get_running_loop().call_later(SLOT_S_MAX, self._end, number)
        try:
            return await work()
        finally:
            timer.cancel()
            self._end(number)

    async def _take(self, rank: int) -> int:
        """Wait for a slot, the lowest rank first; return its number."""
        number = next(self._numbers) + 1
        if not self._holder:
            self._holder = number
            return number
        slot = asyncio.get_running_loop().create_future()
        entry = (rank, number, slot)
        heappush(self._waiting, entry)
        try:
            await slot
        except asyncio.CancelledError:
            if self._holder == number:
                self._end(number)
            else:
                self._waiting.remove(entry)
                heapify(self._waiting)
            raise
        return number

    def _end(self, number: int) -> None:
        """End a slot, if it has not ended yet, and start the next one in the queue."""
        if self._holder != number:
            return
        self._holder = 0
        if self._waiting:
            _, self._holder, slot = heappop(self._waiting)
            slot.set_result(None)
