"""Where the profit comes from, exact to the last digit (quant.md section 9).

total = spread + inventory - fees, at every instant: summation by parts over fills and marks. The
mark only matters where the inventory changes: it is taken at fills, and kept for lack of a mid.
"""

from decimal import Context, Decimal

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.step import Pnl

EXACT = Context(prec=80)  # products of three venue numbers never need rounding at this width
ZERO = Decimal(0)


class Attribution:
    """Splits profit in quote currency into spread earned, inventory drift and fees."""

    def __init__(self, instrument: Instrument, *, position: Decimal, cash: Decimal) -> None:
        self._instrument = instrument
        self._position = position
        self._cash = cash
        self._opening_position = position
        self._opening_cash = cash
        self._mark: Decimal | None = None
        self._opening_mark: Decimal | None = None
        self._spread = ZERO
        self._inventory = ZERO
        self._fees = ZERO

    def mark_of(self, mid: float) -> Decimal:
        """The mid on the half-tick grid, exact."""
        half_tick = self._instrument.tick / 2
        return half_tick * round(mid / float(half_tick))

    def mark(self, mid: Decimal) -> None:
        """Value the inventory at a new mid."""
        if self._mark is None:
            self._opening_mark = mid
        else:
            move = EXACT.subtract(mid, self._mark)
            drift = EXACT.multiply(self._position, move)
            self._inventory = EXACT.add(self._inventory, drift)
        self._mark = mid

    def fill(self, fill: Fill, mid: Decimal | None) -> None:
        """Book a fill against the mid just before it; without one, the last known mark."""
        if mid is not None:
            self.mark(mid)
        mark = self._mark
        if mark is None:
            self.mark(fill.price)
            mark = fill.price
        signed = fill.size * fill.side.sign
        edge = EXACT.multiply(signed, EXACT.subtract(mark, fill.price))
        self._spread = EXACT.add(self._spread, edge)
        self._position = EXACT.add(self._position, signed)
        self._cash = EXACT.subtract(self._cash, EXACT.multiply(signed, fill.price))
        self._charge(fill, mark)

    def _charge(self, fill: Fill, mark: Decimal) -> None:
        if fill.fee_asset == self._instrument.base:
            self._position = EXACT.subtract(self._position, fill.fee)
            self._fees = EXACT.add(self._fees, EXACT.multiply(fill.fee, mark))
        elif fill.fee_asset == self._instrument.quote:
            self._cash = EXACT.subtract(self._cash, fill.fee)
            self._fees = EXACT.add(self._fees, fill.fee)
        # A third coin has no price here: `Inventory.fees_paid` shows it in its own units.

    def see(self, mid: float | None) -> Pnl:
        """Profit since start, and a mid to keep as the mark for when there is none."""
        if mid is not None:
            self.mark(self.mark_of(mid))
        return self.pnl(None)

    def pnl(self, mid: float | None) -> Pnl:
        """Profit since start, valued at `mid`, else at the last mark. Looking changes nothing."""
        mark = self._mark if mid is None else self.mark_of(mid)
        if mark is None:
            return Pnl(total=ZERO, spread=ZERO, inventory=ZERO, fees=ZERO)
        move = EXACT.subtract(mark, mark if self._mark is None else self._mark)
        drift = EXACT.multiply(self._position, move)
        return Pnl(
            total=self._total(mark),
            spread=self._spread,
            inventory=EXACT.add(self._inventory, drift),
            fees=self._fees,
        )

    def _total(self, mark: Decimal) -> Decimal:
        opening_mark = mark if self._opening_mark is None else self._opening_mark
        now = EXACT.fma(self._position, mark, self._cash)
        then = EXACT.fma(self._opening_position, opening_mark, self._opening_cash)
        return EXACT.subtract(now, then)
