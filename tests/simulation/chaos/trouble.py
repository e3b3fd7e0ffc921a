"""Does a fault strike now? One source of chance, one count of what happened."""

from collections import Counter
from random import Random

from quoter.domain.units import NS_PER_S
from tests.simulation.chaos.plan import Fault, Plan, Window
from tests.simulation.harness import START_NS
from tests.simulation.schedule import Schedule


class Trouble:
    """Asked by everybody who may go wrong."""

    def __init__(self, plan: Plan, schedule: Schedule) -> None:
        self.random = Random(f"trouble:{plan.seed}")
        self.fired: Counter[Fault] = Counter()
        self._schedule = schedule
        self._windows: dict[Fault, list[tuple[int, int, float]]] = {}
        for window in plan.windows:
            self._windows.setdefault(window.fault, []).append(
                (at_ns(window.begin_s), at_ns(window.end_s), window.force)
            )

    def is_on(self, fault: Fault) -> bool:
        """Is one of its windows open? Does not count."""
        return self._force(fault) > 0

    def strikes(self, fault: Fault) -> bool:
        """Draw whether it happens to this message; counts if so."""
        force = self._force(fault)
        if not force or self.random.random() >= force:
            return False
        self.fired[fault] += 1
        return True

    def between_ns(self, low_s: float, high_s: float) -> int:
        """A random length of time."""
        return round(self.random.uniform(low_s, high_s) * NS_PER_S)

    def _force(self, fault: Fault) -> float:
        windows = self._windows.get(fault)
        if windows is None:
            return 0.0
        now_ns = self._schedule.now_ns
        return max((force for begin, end, force in windows if begin <= now_ns < end), default=0.0)


def at_ns(seconds: float) -> int:
    """Virtual time of a number of seconds after the start."""
    return START_NS + round(seconds * NS_PER_S)


def windows_of(plan: Plan, *faults: Fault) -> list[Window]:
    """The windows of these faults, in the order they were drawn."""
    return [window for window in plan.windows if window.fault in faults]
