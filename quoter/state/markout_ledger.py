"""Exact effect of the mid's moves on units after they were traded (deploy/docs/strategy.md)."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from quoter.domain.units import NEVER_NS, NS_PER_S

ZERO = Decimal(0)
PENDING_MAX = 1_024  # open fills of one side and horizon; beyond it the oldest is valued early


class Units:
    """Base units with their value at arrival; gives the drift at any mark in O(1)."""

    __slots__ = ("_size", "_worth")

    def __init__(self) -> None:
        self._size = ZERO
        self._worth = ZERO

    def add(self, size: Decimal, mark: Decimal) -> None:
        """Add `size` base (below zero: remove) while the mark is `mark` quote/base."""
        self._size += size
        self._worth += size * mark

    def take_back(self, size: Decimal, mark: Decimal) -> None:
        """Remove units that arrived at this mark."""
        self.add(size.copy_negate(), mark)

    def drift(self, mark: Decimal) -> Decimal:
        """Sum of size times the mark's move since the units arrived, quote currency."""
        return self._size * mark - self._worth


class OpenFill(NamedTuple):
    """A fill whose horizon has not ended: size signed in base, price and mark quote/base."""

    filled_ns: int
    size: Decimal
    price: Decimal
    mark: Decimal  # the mid just before it


type OnMatured = Callable[[OpenFill, Decimal], None]


class MarkoutLedger:
    """Markouts of one side's fills at one horizon, quote currency; matured and open fills.

    A fill matures at the first mark at or after its horizon. If more than PENDING_MAX fills are
    open, the oldest matures early, at the present mark.
    """

    def __init__(self, horizon_s: int, on_matured: OnMatured | None = None) -> None:
        """Call `on_matured`, unless None, with each fill that matures and its mark."""
        self._horizon_ns = horizon_s * NS_PER_S
        self._on_matured = on_matured
        self._pending: deque[OpenFill] = deque()
        self._open = Units()
        self._matured = ZERO

    @property
    def due_ns(self) -> int:
        """End of the horizon of the oldest open fill, ns; NEVER_NS without one."""
        return self._pending[0].filled_ns + self._horizon_ns if self._pending else NEVER_NS

    def fill(self, fill: OpenFill) -> None:
        """Add a fill at the present mark."""
        if len(self._pending) >= PENDING_MAX:
            self._mature(fill.mark)
        self._pending.append(fill)
        self._open.add(fill.size, fill.mark)

    def see(self, mark: Decimal, ts_ns: int) -> None:
        """Mature every open fill whose horizon has ended, at this mark."""
        due_ns = ts_ns - self._horizon_ns
        while self._pending and self._pending[0].filled_ns <= due_ns:
            self._mature(mark)

    def total(self, mark: Decimal) -> Decimal:
        """Sum of all markouts, quote, with open fills valued at `mark`; < 0: adverse selection."""
        return self._matured + self._open.drift(mark)

    def open_notional(self) -> Decimal:
        """Sum of size times price of the open fills, quote."""
        return sum((abs(fill.size) * fill.price for fill in self._pending), start=ZERO)

    def _mature(self, mark: Decimal) -> None:
        fill = self._pending.popleft()
        self._matured += fill.size * (mark - fill.mark)
        self._open.take_back(fill.size, fill.mark)
        if self._on_matured is not None:
            self._on_matured(fill, mark)
