"""What we hold: the opening balances plus every unique fill, and nothing else."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument

TRADE_IDS_MAX = 200_000  # remembered for deduplication; venues re-tell hours, not months
ZERO = Decimal(0)
AMOUNT_MAX = Decimal("1e24")  # of anything


def is_amount(number: Decimal) -> bool:
    """Can a venue mean this much? Reckoning with what is no number, or endless, would raise."""
    return number.is_finite() and 0 <= number <= AMOUNT_MAX


def is_execution(fill: Fill) -> bool:
    """Can this have happened? What can't is never booked."""
    are_amounts = all(map(is_amount, (fill.size, fill.price, fill.fee.copy_abs())))
    return are_amounts and fill.size > 0 and fill.price > 0


class LedgerConflict(Exception):
    """One trade id was told with two different contents."""


class Inventory:
    """Balances by asset, exact. A fill twice is a no-op; the order of arrival is irrelevant."""

    def __init__(
        self,
        instrument: Instrument,
        opening: Mapping[str, Decimal],
        *,
        target: Decimal = ZERO,
        known: Iterable[Fill] = (),
    ) -> None:
        """`known`: fills that happened before `opening` was taken and are not to be booked."""
        self._instrument = instrument
        self.target = target
        self.opening = dict(opening)
        self.balances = {instrument.base: ZERO, instrument.quote: ZERO, **opening}
        self.fees_paid: dict[str, Decimal] = {}
        self.fills_buy = 0
        self.fills_sell = 0
        self.newest_trade_id = ""
        self._seen: dict[str, Fill] = {}
        for fill in known:
            self._remember(fill)

    @property
    def position(self) -> Decimal:
        """Base holdings."""
        return self.balances[self._instrument.base]

    @property
    def net(self) -> Decimal:
        """The inventory q of every formula: position minus target, long > 0."""
        return self.position - self.target

    @property
    def touched(self) -> frozenset[str]:
        """The assets that our trading moves: base, quote, and what fees were paid in."""
        return frozenset((self._instrument.base, self._instrument.quote, *self.fees_paid))

    @property
    def cash(self) -> Decimal:
        """Quote holdings."""
        return self.balances[self._instrument.quote]

    def has(self, trade_id: str) -> bool:
        """Is this trade remembered, so that it can't be booked again?"""
        return trade_id in self._seen

    def book(self, fill: Fill) -> bool:
        """Book a fill; False if this trade id was booked before. Raises LedgerConflict."""
        known = self._seen.get(fill.trade_id)
        if known is not None:
            if payload(known) != payload(fill):
                raise LedgerConflict(f"trade {fill.trade_id}: {known} and {fill}")
            return False
        self._remember(fill)
        sign = fill.side.sign
        self._add(self._instrument.base, sign * fill.size)
        self._add(self._instrument.quote, -sign * fill.size * fill.price)
        self._add(fill.fee_asset, -fill.fee)
        self.fees_paid[fill.fee_asset] = self.fees_paid.get(fill.fee_asset, ZERO) + fill.fee
        if sign > 0:
            self.fills_buy += 1
        else:
            self.fills_sell += 1
        return True

    def _remember(self, fill: Fill) -> None:
        self._seen[fill.trade_id] = fill
        if _id_key(fill.trade_id) > _id_key(self.newest_trade_id):
            self.newest_trade_id = fill.trade_id
        if len(self._seen) > TRADE_IDS_MAX:
            del self._seen[next(iter(self._seen))]

    def _add(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] = self.balances.get(asset, ZERO) + amount


def _id_key(trade_id: str) -> tuple[int, str]:
    """Numeric ids sort by value, others by text."""
    return (int(trade_id), "") if trade_id.isdecimal() else (0, trade_id)


def payload(fill: Fill) -> tuple[object, ...]:
    """What must be the same each time one trade id is told."""
    return fill.side, fill.price, fill.size, fill.fee, fill.fee_asset
