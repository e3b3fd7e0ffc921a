"""Resting orders of accounts on one symbol, by price, then by time."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quoter.domain.market import Side
from quoter.sim.fill_models import QueuePosition
from quoter.sim.messages import SimOrder


@dataclass(slots=True, kw_only=True, eq=False)
class Resting:
    """An order in the book. `lots`: its remaining size.

    `queue`: its queue position in a recorded or real-like market; None in a model market.
    """

    order: SimOrder
    ticks: int
    lots: int
    queue: QueuePosition | None = None


class RestingBook:
    """Two sides of price levels. Each level is a queue in order of arrival."""

    def __init__(self) -> None:
        self._levels: dict[Side, dict[int, deque[Resting]]] = {Side.BUY: {}, Side.SELL: {}}
        self._ticks: dict[Side, list[int]] = {Side.BUY: [], Side.SELL: []}  # ascending

    def add(self, resting: Resting) -> None:
        """Add an order at the end of the queue of its price."""
        side = resting.order.side
        level = self._levels[side].get(resting.ticks)
        if level is None:
            level = self._levels[side][resting.ticks] = deque()
            insort(self._ticks[side], resting.ticks)
        level.append(resting)

    def remove(self, resting: Resting) -> None:
        """Remove an order, which must be in the book."""
        side = resting.order.side
        level = self._levels[side][resting.ticks]
        level.remove(resting)
        if not level:
            del self._levels[side][resting.ticks]
            ticks = self._ticks[side]
            del ticks[bisect_left(ticks, resting.ticks)]

    def best(self, side: Side) -> int | None:
        """Return the ticks of the best price, None if that side is empty."""
        ticks = self._ticks[side]
        if not ticks:
            return None
        return ticks[-1] if side is Side.BUY else ticks[0]

    @property
    def is_empty(self) -> bool:
        return not any(self._ticks.values())

    def lots_at(self, side: Side, ticks: int) -> int:
        level = self._levels[side].get(ticks)
        return sum(resting.lots for resting in level) if level else 0

    def at(self, side: Side, ticks: int) -> Iterable[Resting]:
        """Return the orders at one price, oldest first; do not change the book meanwhile."""
        return self._levels[side].get(ticks, ())

    def prices(self, side: Side) -> list[int]:
        """Return all prices with orders, ascending."""
        return list(self._ticks[side])

    def queue(self, side: Side) -> Iterator[Resting]:
        """Yield a side's orders, by price (best first), then by age (oldest first).

        Do not change the book meanwhile.
        """
        ticks = self._ticks[side]
        for price in reversed(ticks) if side is Side.BUY else ticks:
            yield from self._levels[side][price]
