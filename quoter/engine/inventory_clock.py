"""Statistics of the inventory over time."""

from quoter.domain.units import NS_PER_S


class InventoryClock:
    """Time-weighted mean and mean square of the inventory, and its largest size, in lots.

    Reading a figure while `seconds` is 0 raises ZeroDivisionError or ValueError.
    """

    def __init__(self, now_ns: int, lots: float = 0.0) -> None:
        self._now_ns = now_ns
        self._lots = lots
        self.restart()

    def restart(self) -> None:
        """Drop all measurements: the start of a run is not typical."""
        self._sum_s = self._sum_squares = self.seconds = 0.0
        self._held_s: dict[float, float] = {}

    def moved(self, now_ns: int, lots: float) -> None:
        """Record that the inventory is `lots` from now on."""
        passed_s = (now_ns - self._now_ns) / NS_PER_S
        self.seconds += passed_s
        self._sum_s += passed_s * self._lots
        self._sum_squares += passed_s * self._lots**2
        held = abs(self._lots)
        self._held_s[held] = self._held_s.get(held, 0.0) + passed_s
        self._now_ns, self._lots = now_ns, lots

    @property
    def mean(self) -> float:
        return self._sum_s / self.seconds

    @property
    def mean_square(self) -> float:
        return self._sum_squares / self.seconds

    @property
    def lots_max(self) -> float:
        return max(self._held_s)

    def share_at(self, lots: float) -> float:
        """Return the share of the time, 0 to 1, in which |inventory| was at least `lots`."""
        return sum(s for held, s in self._held_s.items() if held >= lots) / self.seconds
