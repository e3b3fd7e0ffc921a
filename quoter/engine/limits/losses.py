"""Loss limits, and the check that inventory is within its hard limit.

Equity is the profit since the start of this process, realised and unrealised, after fees, in quote
currency. Drawdown is the distance of equity below its highest value, in quote currency. It is not a
share of the profit, because the profit may be zero or negative.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from quoter.domain.number_text import plain
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder
from quoter.risk.expected_market import ExpectedMarket
from quoter.risk.monitors.markout_loss import MarkoutLossMonitor
from quoter.risk.view import Limits
from quoter.state.attribution import Attribution
from quoter.state.inventory import Inventory

MARK_MISSING_NS = 10_000 * NS_PER_MS
MINUTE_HORIZON_S = 5  # horizon of the markouts whose loss within a minute is limited


class Losses:
    """Checks equity, drawdown and markout losses after every fill and on every tick."""

    def __init__(
        self,
        *,
        limits: Limits,
        market: MarketView,
        inventory: Inventory,
        attribution: Attribution,
        causes: HaltCauses,
        markout_loss_max: Decimal,
        order_size: Decimal,
        expected: Callable[[], ExpectedMarket],
    ) -> None:
        """Store the collaborators. expected: returns the usual market; order_size: base units."""
        self._limits = limits
        self._market = market
        self._inventory = inventory
        self._attribution = attribution
        self._causes = causes
        self._minute = MarkoutLossMonitor(markout_loss_max)
        self._markout_loss_max, self._order_size = float(markout_loss_max), float(order_size)
        self._expected = expected
        self._marked_ns = 0  # when a mid was last known
        self._peak = Decimal(0)
        self.equity = Decimal(0)

    @property
    def drawdown(self) -> Decimal:
        """Quote currency below the highest equity since the start, >= 0."""
        return self._peak - self.equity

    def on_fills(self, step: StepBuilder) -> None:
        """Raise INVENTORY_BREACH if a fill grew inventory past the limit; then run `check`.

        The order rules prevent a breach. If one happens, there is a bug, or an order that is not in
        our books.
        """
        inventory = self._inventory.net
        is_growing = any(booked.fill.side.sign * inventory > 0 for booked in step.booked)
        if is_growing and not abs(inventory) <= self._limits.inventory_max:
            limit = plain(self._limits.inventory_max)
            text = f"inventory {plain(inventory)}, limit {limit} (QUOTER_INVENTORY_MAX)"
            self._causes.raise_cause(step, Cause.INVENTORY_BREACH, text)
        self.check(step)

    def check(self, step: StepBuilder) -> None:
        """Mark the inventory to the mid and compare equity with its limits."""
        mid = self._market.mid
        self.equity = self._attribution.see(mid, step.ts_ns)
        self._peak = max(self._peak, self.equity)
        for cause, text in self.breaches():
            self._causes.raise_cause(step, cause, text)
        markouts = self._attribution.markouts(MINUTE_HORIZON_S)
        if self._minute.update(step.ts_ns, markouts):
            rate, text = self._expected_losses_per_s(), self._minute.text
            self._causes.raise_cause(step, Cause.MARKOUT_LOSS, text, expected_per_s=rate)
        else:
            self._causes.clear(step, Cause.MARKOUT_LOSS)
        self._check_mark(mid, step)

    def _expected_losses_per_s(self) -> float:
        """Upper bound on the rate, 1/s, at which the market alone causes MARKOUT_LOSS."""
        return self._expected().markout_losses_per_s(
            self._markout_loss_max, order_size=self._order_size, horizon_s=MINUTE_HORIZON_S
        )

    def breaches(self) -> Iterator[tuple[Cause, str]]:
        """Limits that equity exceeded at the last check: cause, and text with the figures."""
        limits = self._limits
        if not self.equity > -limits.loss_max:
            loss = f"loss {-self.equity:.4f} since the start"
            yield Cause.LOSS_LIMIT, f"{loss}, limit {plain(limits.loss_max)} (QUOTER_LOSS_MAX)"
        if not self.drawdown < limits.drawdown_max:
            text = f"equity {self.equity:.4f} is {self.drawdown:.4f} below its highest"
            limit = plain(limits.drawdown_max)
            yield Cause.DRAWDOWN_LIMIT, f"{text}, limit {limit} (QUOTER_DRAWDOWN_MAX)"

    def _check_mark(self, mid: float | None, step: StepBuilder) -> None:
        """Raise MARK_MISSING if inventory could not be valued by a mid for MARK_MISSING_NS."""
        if mid is not None or not self._marked_ns:
            self._marked_ns = step.ts_ns
        missing_ns = step.ts_ns - self._marked_ns
        is_missing = missing_ns > MARK_MISSING_NS and self._inventory.net != 0
        if is_missing:
            text = (
                f"for {missing_ns / NS_PER_S:.0f} s there was no mid to value the inventory of "
                f"{plain(self._inventory.net)}"
            )
            self._causes.raise_cause(step, Cause.MARK_MISSING, text)
        else:
            self._causes.clear(step, Cause.MARK_MISSING)
