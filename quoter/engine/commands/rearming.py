"""The conditions that must hold before a kill may be cleared (deploy/docs/reliability.md)."""

from collections.abc import Callable
from decimal import Decimal

from quoter.domain.events import Rearm
from quoter.domain.number_text import plain
from quoter.domain.outcomes import RefusalReason, Refused
from quoter.domain.units import NS_PER_MS
from quoter.engine.reconciliation.reconcile import Reconcile
from quoter.engine.step_builder import StepBuilder
from quoter.state.book import Book
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders

# Delay between a kill and the request of reports: most of its cancels are answered by then.
REPORTS_AFTER_KILL_NS = 1_000 * NS_PER_MS


class Rearming:
    """Checks a re-arm against orders, reports, book, inventory and the conditions of kills."""

    def __init__(
        self,
        *,
        orders: OpenOrders,
        inventory: Inventory,
        inventory_max: Decimal,
        reconcile: Reconcile,
        book: Book,
        remaining_kill: Callable[[], str],
    ) -> None:
        """Store the collaborators.

        remaining_kill: returns the condition of a kill that still holds, or an empty text.
        """
        self._orders = orders
        self._inventory = inventory
        self._inventory_max = inventory_max
        self._reconcile = reconcile
        self._book = book
        self._remaining_kill = remaining_kill
        self._killed_ns = 0  # of the newest kill

    def killed(self, step: StepBuilder) -> None:
        """Record a kill and request new reports: earlier ones do not permit a re-arm."""
        self._killed_ns = step.ts_ns
        self._reconcile.make_all_due(step.ts_ns + REPORTS_AFTER_KILL_NS)

    def refusal(self, command: Rearm) -> Refused | None:
        """Return the first condition that does not hold, or None if the kill may be cleared."""
        held = self._inventory.net
        if len(self._orders):
            text = f"{len(self._orders)} orders may be live"
            return Refused(RefusalReason.ORDERS_MAY_BE_LIVE, text)
        if not self._reconcile.is_clean_since(self._killed_ns):
            text = (
                "orders, trades and balances have not been reported equal to our books since the "
                "kill"
            )
            return Refused(RefusalReason.NOT_RECONCILED, text)
        if not self._book.ready:
            return Refused(RefusalReason.BOOK_NOT_READY, "no usable order book has been received")
        if not abs(held) <= self._inventory_max and command.accept_inventory != held:
            text = (
                f"inventory {plain(held)} is beyond QUOTER_INVENTORY_MAX "
                f"({plain(self._inventory_max)}): confirm it with accept_inventory={plain(held)}"
            )
            return Refused(RefusalReason.INVENTORY_ABOVE_LIMIT, text)
        if text := self._remaining_kill():
            return Refused(RefusalReason.WOULD_KILL_AGAIN, text)
        return None

    def refused(self, refused: Refused, step: StepBuilder) -> None:
        """Request the reports that are missing if that was the reason for the refusal."""
        if refused.reason is RefusalReason.NOT_RECONCILED:
            self._reconcile.make_all_due(step.ts_ns)
