"""Exact sums of many fills, so that a start need not read each of them again.

Fills whose orders have ended are folded into one row of sums per epoch (`upkeep.py`). The books are
the opening balances plus that row plus the fills that are not yet folded.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from quoter.domain.market import Side

ZERO = Decimal(0)

FIND_FOLD = "SELECT base, quote, fees, fills FROM folds WHERE epoch = ?"

# Side, price, size, fee, fee asset, as stored.
type SumRow = tuple[str, str, str, str, str]
type FoldRow = tuple[str, str, str, int]


@dataclass(slots=True, kw_only=True)
class Sums:
    """Changes from booked fills: base and quote without fees, fees by asset, number of fills."""

    base: Decimal = ZERO
    quote: Decimal = ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)
    fills: int = 0

    def add(self, rows: Iterable[SumRow]) -> None:
        """Add fills. A million fills take about two seconds."""
        base, quote, fees, fills = self.base, self.quote, self.fees, self.fills
        for side, price, size, fee, fee_asset in rows:
            amount = Decimal(size) if side == Side.BUY else -Decimal(size)
            base += amount
            quote -= amount * Decimal(price)
            fees[fee_asset] = fees.get(fee_asset, ZERO) + Decimal(fee)
            fills += 1
        self.base, self.quote, self.fills = base, quote, fills

    def balances(self, base: str, quote: str) -> dict[str, Decimal]:
        """Return the change of each balance by asset, after fees."""
        changes = {base: self.base, quote: self.quote}
        for asset, fee in self.fees.items():
            changes[asset] = changes.get(asset, ZERO) - fee
        return changes

    def row(self) -> FoldRow:
        """Return the values as stored."""
        fees = json.dumps({asset: str(fee) for asset, fee in sorted(self.fees.items())})
        return str(self.base), str(self.quote), fees, self.fills


def sums_of(row: FoldRow | None) -> Sums:
    """Return the sums of a stored row; zero sums for None."""
    if row is None:
        return Sums()
    base, quote, fees, fills = row
    by_asset = {asset: Decimal(fee) for asset, fee in json.loads(fees).items()}
    return Sums(base=Decimal(base), quote=Decimal(quote), fees=by_asset, fills=fills)


def added(opening: Mapping[str, Decimal], changes: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return `opening` plus `changes`, for the assets of `changes` only."""
    return {asset: opening.get(asset, ZERO) + change for asset, change in changes.items()}
