"""Statistics of a run, computed in the same way for a demo, a backtest and a report."""

from dataclasses import dataclass, field
from decimal import Decimal
from math import inf

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Tick
from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.engine.engine import Engine
from quoter.engine.inventory_clock import InventoryClock

RESTING = frozenset({OrderState.OPEN, OrderState.PARTIAL, OrderState.PENDING_CANCEL})
ZERO = Decimal(0)


@dataclass(slots=True)
class RunStatistics:
    """Counts over the steps of a run; durations end at the engine's last event.

    Sizes are base units. executions: fills of one order in one step are one execution.
    drawdown_max: quote currency, checked at every `Tick`.
    """

    engine: Engine
    orders: int = 0  # sent
    executions: int = 0
    filled_base: Decimal = ZERO
    inventory_min: Decimal = ZERO
    inventory_max: Decimal = ZERO
    drawdown_max: Decimal = ZERO
    _first_ns: int = 0  # of the first step
    _warm_ns: int = 0  # first time with resting orders on both sides
    _two_sided_ns: int = 0  # total of completed periods
    _two_sided_since_ns: int = 0  # start of the present period; 0: not two-sided
    _inventory: InventoryClock = field(default_factory=lambda: InventoryClock(0))
    _causes_since_ns: dict[Cause, int] = field(default_factory=dict)  # by active cause
    _causes_ns: dict[Cause, int] = field(default_factory=dict)  # total of completed periods

    def observe(self, step: Step) -> None:
        """Process the step that the engine has just made."""
        if not self._first_ns:
            self._first_ns = self.engine.ts_ns
            self._inventory = InventoryClock(self._first_ns, self._lots())
        if step.commands:
            self.orders += sum(isinstance(command, PlaceOrder) for command in step.commands)
        if step.booked:
            self._count_fills(step)
        if step.state is not None:
            self._count_causes(step)
        if step.orders:
            self._count_sides()
        if isinstance(step.event, Tick):
            self.drawdown_max = max(self.drawdown_max, self.engine.losses.drawdown)

    @property
    def warm_ns(self) -> int:
        """Nanoseconds since orders first rested on both sides; 0 before."""
        return self.engine.ts_ns - self._warm_ns if self._warm_ns else 0

    @property
    def two_sided_share(self) -> float:
        """Share of `warm_ns` with orders resting on both sides, 0 to 1; 0 before the first time."""
        if not self.warm_ns:
            return 0.0
        since_ns = self._two_sided_since_ns
        present_ns = self.engine.ts_ns - since_ns if since_ns else 0
        return (self._two_sided_ns + present_ns) / self.warm_ns

    @property
    def inventory_sd_lots(self) -> float:
        """Root mean square of the inventory over time, in order sizes; 0 at the start."""
        self._inventory.moved(self.engine.ts_ns, self._lots())
        return self._inventory.mean_square**0.5 if self._inventory.seconds else 0.0

    @property
    def causes_s(self) -> dict[Cause, float]:
        """Seconds with each halt cause that was active during the run."""
        causes_ns = dict(self._causes_ns)
        for cause in self.engine.causes.switch.causes:
            since_ns = self._causes_since_ns.get(cause, self._first_ns or self.engine.ts_ns)
            causes_ns[cause] = causes_ns.get(cause, 0) + self.engine.ts_ns - since_ns
        return {cause: ns / NS_PER_S for cause, ns in causes_ns.items()}

    @property
    def orders_per_fill(self) -> float:
        """Orders sent per execution; infinite without one."""
        return self.orders / self.executions if self.executions else inf

    def _count_fills(self, step: Step) -> None:
        self.executions += len({booked.fill.client_id for booked in step.booked})
        for booked in step.booked:
            self.filled_base += booked.fill.size
            self.inventory_min = min(self.inventory_min, booked.inventory)
            self.inventory_max = max(self.inventory_max, booked.inventory)
        self._inventory.moved(self.engine.ts_ns, self._lots())

    def _count_causes(self, step: Step) -> None:
        if step.state is None:
            return
        now_ns = self.engine.ts_ns
        for cause, _ in step.state.raised:
            self._causes_since_ns.setdefault(cause, now_ns)
        for cause in step.state.cleared:
            since_ns = self._causes_since_ns.pop(cause, self._first_ns)
            self._causes_ns[cause] = self._causes_ns.get(cause, 0) + now_ns - since_ns

    def _count_sides(self) -> None:
        sides = {order.side for order in self.engine.orders if order.state in RESTING}
        is_two_sided, now_ns = len(sides) == 2, self.engine.ts_ns
        if is_two_sided and not self._two_sided_since_ns:
            self._two_sided_since_ns = now_ns
            self._warm_ns = self._warm_ns or now_ns
        elif not is_two_sided and self._two_sided_since_ns:
            self._two_sided_ns += now_ns - self._two_sided_since_ns
            self._two_sided_since_ns = 0

    def _lots(self) -> float:
        return float(self.engine.inventory.net / self.engine.config.order_size)
