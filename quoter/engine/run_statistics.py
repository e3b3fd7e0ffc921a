"""Statistics of a run: time with orders on both sides, and the range of the inventory."""

from dataclasses import dataclass
from decimal import Decimal

from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.engine.engine import Engine

RESTING = frozenset({OrderState.OPEN, OrderState.PARTIAL, OrderState.PENDING_CANCEL})


@dataclass(slots=True)
class RunStatistics:
    """Figures of a run; `warm_ns`: observed time since orders first rested on both sides.

    Sizes are base units.
    """

    engine: Engine
    warm_ns: int = 0
    two_sided_ns: int = 0
    inventory_min: Decimal = Decimal(0)
    inventory_max: Decimal = Decimal(0)
    _last_ns: int = 0
    _start_ns: int = 0
    _is_two_sided: bool = False

    def observe(self, step: Step) -> None:
        """Update from the step that the engine has just made."""
        ts_ns = self.engine.ts_ns
        if self._start_ns:
            elapsed = ts_ns - self._last_ns
            self.warm_ns += elapsed
            self.two_sided_ns += elapsed if self._is_two_sided else 0
        self._last_ns = ts_ns
        if step.orders:
            self._is_two_sided = (
                len({o.side for o in self.engine.orders if o.state in RESTING}) == 2
            )
        if self._is_two_sided and not self._start_ns:
            self._start_ns = ts_ns
        for booked in step.booked:
            self.inventory_min = min(self.inventory_min, booked.inventory)
            self.inventory_max = max(self.inventory_max, booked.inventory)

    @property
    def two_sided_share(self) -> float:
        """Share of `warm_ns` with orders resting on both sides."""
        return self.two_sided_ns / self.warm_ns if self.warm_ns else 0.0
