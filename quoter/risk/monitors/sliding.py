"""Sliding windows: range and sum of recent values, O(1) per value in a fixed number of slots."""

from collections import deque
from math import inf


class SlidingRange:
    """Lowest and highest value of the last `window_ns`, or of up to one slot longer.

    A value holds until the next one arrives. slots: number of parts of the window; the oldest part
    is dropped as a whole.
    """

    def __init__(self, *, window_ns: int, slots: int) -> None:
        if not (window_ns > 0 and slots > 0):
            raise ValueError(f"out of domain: {window_ns=} {slots=}")
        self._slot_ns = max(1, window_ns // slots)
        self._closed: deque[tuple[float, float]] = deque(maxlen=slots)
        self.restart()

    def restart(self) -> None:
        """Drop all values: the next one is the first."""
        self._closed.clear()
        self._slot = 0
        self._last: float | None = None
        self._low, self._high = inf, -inf  # of the present slot
        self._closed_low, self._closed_high = inf, -inf

    def see(self, ts_ns: int, value: float) -> tuple[float, float]:
        """Add a value; return the lowest and the highest of the window, this one included."""
        slot = ts_ns // self._slot_ns
        if slot > self._slot:
            self._roll(slot)
        self._last = value
        self._low, self._high = min(self._low, value), max(self._high, value)
        return min(self._low, self._closed_low), max(self._high, self._closed_high)

    def _roll(self, slot: int) -> None:
        """Close slots up to `slot`; a slot without a value takes the last value before it."""
        last, slots = self._last, self._closed.maxlen or 1
        if last is not None:
            self._closed.append((self._low, self._high))
            for _ in range(min(slot - self._slot - 1, slots)):
                self._closed.append((last, last))
            self._low = self._high = last
            self._closed_low = min(low for low, _ in self._closed)
            self._closed_high = max(high for _, high in self._closed)
        self._slot = slot


class SlidingSum:
    """Sum of the amounts of the last `window_ns`, or of up to one slot longer."""

    def __init__(self, *, window_ns: int, slots: int) -> None:
        if not (window_ns > 0 and slots > 0):
            raise ValueError(f"out of domain: {window_ns=} {slots=}")
        self._slot_ns = max(1, window_ns // slots)
        self._closed: deque[float] = deque(maxlen=slots)
        self._slot = 0
        self._current = 0.0
        self._closed_sum = 0.0

    def add(self, ts_ns: int, amount: float) -> float:
        """Add an amount and return the sum with it."""
        total = self.total(ts_ns)
        self._current += amount
        return total + amount

    def total(self, ts_ns: int) -> float:
        """The sum of the window that ends at `ts_ns`."""
        slot = ts_ns // self._slot_ns
        if slot > self._slot:
            slots = self._closed.maxlen or 1
            self._closed.append(self._current)
            for _ in range(min(slot - self._slot - 1, slots)):
                self._closed.append(0.0)
            self._current, self._slot = 0.0, slot
            self._closed_sum = sum(self._closed)
        return self._closed_sum + self._current
