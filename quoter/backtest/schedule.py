"""Virtual time: callbacks in a deterministic order."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from quoter.domain.units import NEVER_NS

type Act = Callable[[], None]


class Schedule:
    """Runs callbacks in order of time; at equal times, in the order in which they were added."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._due: list[tuple[int, int, Act]] = []
        self._number = count()

    @property
    def next_ns(self) -> int:
        return self._due[0][0] if self._due else NEVER_NS

    def at(self, at_ns: int, act: Act) -> None:
        """Run `act` at `at_ns`, or now if that time is past."""
        heappush(self._due, (max(at_ns, self.now_ns), next(self._number), act))

    def step(self) -> None:
        """Advance to the next callback and run it. Raises IndexError if there is none."""
        self.now_ns, _, act = heappop(self._due)
        act()

    def run_until(self, until_ns: int) -> None:
        """Run everything due up to `until_ns`, and set the time to it."""
        due = self._due
        while due and due[0][0] <= until_ns:
            self.step()
        self.now_ns = max(self.now_ns, until_ns)
