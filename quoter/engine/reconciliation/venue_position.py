"""Checks the inventory that the venue reports against the hard limit (cause INVENTORY_BREACH)."""

from decimal import Decimal

from quoter.domain.events import BalanceReport
from quoter.domain.number_text import plain
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder
from quoter.state.inventory import Inventory, is_amount

ZERO = Decimal(0)
REPORTS = 2  # consecutive reports: a single one may be an error of the venue


class VenuePosition:
    """Counts consecutive balance reports with an inventory beyond the limit.

    Orders in flight can't cause a false alarm, because their size was reserved within the limit.
    """

    def __init__(
        self, *, inventory: Inventory, base: str, inventory_max: Decimal, causes: HaltCauses
    ) -> None:
        self._inventory = inventory
        self._base = base
        self._inventory_max = inventory_max
        self._causes = causes
        self._beyond = 0  # consecutive reports beyond the limit

    def check(self, report: BalanceReport, *, booked_ns: int, step: StepBuilder) -> None:
        """Check a report that was requested after `booked_ns`, the time of the newest fill."""
        parts = (report.free.get(self._base, ZERO), report.locked.get(self._base, ZERO))
        if not (report.asked_ns > booked_ns and all(map(is_amount, parts))):
            return
        books = self._inventory.net
        held = sum(parts, start=ZERO) - self._inventory.target
        if abs(held) <= max(self._inventory_max, abs(books)):
            self._beyond = 0
            return
        self._beyond += 1
        if self._beyond >= REPORTS:
            text = f"inventory {plain(held)} at the venue, {plain(books)} in our books"
            text = f"{text}, limit {plain(self._inventory_max)} (QUOTER_INVENTORY_MAX)"
            self._causes.raise_cause(step, Cause.INVENTORY_BREACH, text)
