"""Virtual time: what is due when, in an order that is the same every time."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

NEVER_NS = 2**63 - 1

type Act = Callable[[], None]


class Schedule:
    """Things of the same instant happen in the order they were asked for."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._due: list[tuple[int, int, Act]] = []
        self._number = count()

    @property
    def next_ns(self) -> int:
        return self._due[0][0] if self._due else NEVER_NS

    def at(self, at_ns: int, act: Act) -> None:
        """Do `act` at a time; what lies in the past is done now."""
        heappush(self._due, (max(at_ns, self.now_ns), next(self._number), act))

    def step(self) -> None:
        """Go to the next thing that is due, and do it."""
        self.now_ns, _, act = heappop(self._due)
        act()
