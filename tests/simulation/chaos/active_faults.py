"""Which faults are active now, with one random generator and one count of what fired."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import cast

from quoter.backtest.schedule import Schedule
from quoter.domain.units import NS_PER_S
from tests.simulation.chaos.plan import Fault, Plan, Window
from tests.simulation.harness import START_NS


class ActiveFaults:
    """Active faults of a run by time."""

    def __init__(self, plan: Plan, schedule: Schedule) -> None:
        self.random = Random(f"trouble:{plan.seed}")
        self.fired: Counter[Fault] = Counter()
        self._schedule = schedule
        self._windows: dict[Fault, list[tuple[int, int, float]]] = {}
        self._forms: dict[tuple[Fault, int], object] = {}
        for window in plan.windows:
            self._windows.setdefault(window.fault, []).append(
                (at_ns(window.begin_s), at_ns(window.end_s), window.force)
            )

    def is_on(self, fault: Fault) -> bool:
        """Whether one of the fault's windows is open; does not count as fired."""
        return self._force(fault) > 0

    def fires(self, fault: Fault) -> bool:
        """Draw whether the fault hits this message; counts it if so."""
        force = self._force(fault)
        if not force or self.random.random() >= force:
            return False
        self.fired[fault] += 1
        return True

    def form[T](self, fault: Fault, make: Callable[[], T]) -> T:
        """Return the form of the fault in its open window, made by `make` the first time."""
        now_ns = self._schedule.now_ns
        begin_ns = max(begin for begin, _, _ in self._windows[fault] if begin <= now_ns)
        key = fault, begin_ns
        if key not in self._forms:
            self._forms[key] = make()
        return cast(T, self._forms[key])

    def between_ns(self, low_s: float, high_s: float) -> int:
        """Return a random duration."""
        return round(self.random.uniform(low_s, high_s) * NS_PER_S)

    def _force(self, fault: Fault) -> float:
        windows = self._windows.get(fault)
        if windows is None:
            return 0.0
        now_ns = self._schedule.now_ns
        return max((force for begin, end, force in windows if begin <= now_ns < end), default=0.0)


def at_ns(seconds: float) -> int:
    """Return the virtual time `seconds` after the start."""
    return START_NS + round(seconds * NS_PER_S)


def windows_of(plan: Plan, *faults: Fault) -> list[Window]:
    """Return the windows of these faults, in the order in which they were drawn."""
    return [window for window in plan.windows if window.fault in faults]
