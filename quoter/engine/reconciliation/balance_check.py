"""Compares the venue's balances with our books and finds lasting differences."""

from collections.abc import Mapping
from decimal import Decimal

from quoter.domain.events import BalanceReport
from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S
from quoter.state.inventory import Inventory, is_amount

# A difference is lasting once it is this old and was in this many consecutive reports.
MISMATCH_AGE_MAX_NS = 3 * NS_PER_S
MISMATCH_TIMES = 3


class BalanceCheck:
    """Counts consecutive reports that differ from our books by the same amounts.

    A fill that is not reported yet causes one difference, and the next such fill another one. A
    real difference stays the same, whatever is traded.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._difference = ""
        self._since_ns = 0
        self._times = 0
        self.text = ""  # the lasting difference; empty if there is none

    def compare(self, report: BalanceReport, ts_ns: int) -> bool:
        """Compare a report with our books; return whether they are equal."""
        books = {asset: self._inventory.balances[asset] for asset in self._inventory.touched}
        held = _totals(report, books)
        wrong = sorted(asset for asset, ours in books.items() if held[asset] != ours)
        if not wrong:
            self._difference, self._times, self.text = "", 0, ""
            return True
        difference = ", ".join(
            f"{asset} {plain(_less(held[asset], books[asset]))}" for asset in wrong
        )
        if difference != self._difference:
            self._difference, self._since_ns, self._times = difference, ts_ns, 0
        self._times += 1
        lasts = ts_ns - self._since_ns >= MISMATCH_AGE_MAX_NS
        if lasts and self._times >= MISMATCH_TIMES:
            self.text = ", ".join(
                f"{a}: the venue has {plain(held[a])}, our books {plain(books[a])}" for a in wrong
            )
        return False


def _less(venue: Decimal, books: Decimal) -> Decimal:
    """The venue's amount minus ours; NaN if the venue's is NaN."""
    return venue - books if is_amount(venue) else venue


def _totals(report: BalanceReport, assets: Mapping[str, Decimal]) -> dict[str, Decimal]:
    zero = Decimal(0)
    totals = {}
    for asset in assets:
        parts = report.free.get(asset, zero), report.locked.get(asset, zero)
        # Adding a number that is not finite may raise. NaN equals no number, so it is a difference.
        totals[asset] = sum(parts, start=zero) if all(map(is_amount, parts)) else Decimal("NaN")
    return totals
