"""What must hold before a kill may be lifted (reliability.md, section 5)."""

from collections.abc import Callable
from decimal import Decimal

from quoter.domain.events import OperatorCommand
from quoter.domain.units import NS_PER_MS
from quoter.engine.reconciliation.reconcile import Reconcile
from quoter.engine.step_builder import StepBuilder
from quoter.state.book import Book
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders

LOOK_AFTER_NS = 1_000 * NS_PER_MS  # after a kill: its cancels are mostly answered by then


class Rearming:
    """Knows since when we are killed, and what still speaks against going on."""

    def __init__(
        self,
        *,
        orders: OpenOrders,
        inventory: Inventory,
        inventory_max: Decimal,
        reconcile: Reconcile,
        book: Book,
        standing: Callable[[], str],
    ) -> None:
        """`standing` names what would kill us again at once, empty if nothing would."""
        self._orders = orders
        self._inventory = inventory
        self._inventory_max = inventory_max
        self._reconcile = reconcile
        self._book = book
        self._standing = standing
        self._killed_ns = 0  # of the newest kill

    def killed(self, step: StepBuilder) -> None:
        """What was known before a kill proves nothing after it."""
        self._killed_ns = step.ts_ns
        self._reconcile.make_all_due(step.ts_ns + LOOK_AFTER_NS)

    def refusal(self, event: OperatorCommand, step: StepBuilder) -> str:
        """Why not now; empty if nothing speaks against it. Asks the venue for what is missing."""
        held = self._inventory.net
        if len(self._orders):
            return f"{len(self._orders)} orders may be alive"
        if not self._reconcile.is_clean_since(self._killed_ns):
            self._reconcile.make_all_due(step.ts_ns)
            return "orders, trades and balances have not been found clean since the kill"
        if not self._book.ready:
            return "the book is not in sync"
        if not abs(held) <= self._inventory_max and event.accept_inventory != held:
            return (
                f"inventory {held} is past the limit of {self._inventory_max}: "
                "name it with accept_inventory"
            )
        return self._standing()
