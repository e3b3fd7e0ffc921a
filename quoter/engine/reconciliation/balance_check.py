"""The venue's balances against our books: is there a difference that stays?"""

from collections.abc import Mapping
from decimal import Decimal

from quoter.domain.events import BalanceReport
from quoter.state.inventory import Inventory, is_amount

MISMATCH_PATIENCE_NS = 3_000_000_000
MISMATCH_TIMES = 3


class BalanceCheck:
    """Counts reports that differ from our books by the same amounts.

    A fill that is on its way differs once, and by another amount the next time; what is really
    missing differs by the same each time, however much is traded meanwhile.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._difference = ""
        self._since_ns = 0
        self._times = 0
        self.text = ""  # the difference that stayed; empty if there is none

    def compare(self, report: BalanceReport, ts_ns: int) -> bool:
        """Take a report; True if it says exactly what our books say."""
        books = {asset: self._inventory.balances[asset] for asset in self._inventory.touched}
        held = _totals(report, books)
        wrong = sorted(asset for asset, ours in books.items() if held[asset] != ours)
        if not wrong:
            self._difference, self._times, self.text = "", 0, ""
            return True
        difference = ", ".join(f"{asset} {_less(held[asset], books[asset])}" for asset in wrong)
        if difference != self._difference:
            self._difference, self._since_ns, self._times = difference, ts_ns, 0
        self._times += 1
        lasts = ts_ns - self._since_ns >= MISMATCH_PATIENCE_NS
        if lasts and self._times >= MISMATCH_TIMES:
            self.text = ", ".join(f"{a}: venue {held[a]}, books {books[a]}" for a in wrong)
        return False


def _less(venue: Decimal, books: Decimal) -> Decimal:
    """The venue's amount less ours; a NaN stays one."""
    return venue - books if is_amount(venue) else venue


def _totals(report: BalanceReport, assets: Mapping[str, Decimal]) -> dict[str, Decimal]:
    zero = Decimal(0)
    totals = {}
    for asset in assets:
        parts = report.free.get(asset, zero), report.locked.get(asset, zero)
        # adding what is no number may raise; as a NaN it equals nothing, and so is a difference
        totals[asset] = sum(parts, start=zero) if all(map(is_amount, parts)) else Decimal("NaN")
    return totals
