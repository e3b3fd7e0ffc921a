"""Splits the profit into its sources, exact to the last digit (deploy/docs/strategy.md).

    total = spread + inventory - fees - funding
    inventory = held + markout + residual, summed over both sides, for each horizon

Both equations hold at every moment (summation by parts over fills and marks). `markout` is the
effect of the mid's moves on a side's fills within the horizon, `residual` the effect after it.
`held` is the effect on units that did not come from our fills.

The mark matters only where the inventory changes and where a fill's horizon ends. It is taken at
fills and at `Tick` events, so a horizon may end late by one `Tick`.
"""

from decimal import Decimal

from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.step import MarkoutPnl, Pnl, SidePnl
from quoter.domain.units import NEVER_NS
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.markout_ledger import ZERO, MarkoutLedger, OpenFill, Units

HORIZONS_S = (1, 5, 30)


class _SideLedger:
    """The fills of one side: spread earned, fees, and drift afterwards."""

    def __init__(self) -> None:
        self.spread = ZERO
        self.fees = ZERO
        self._notional = ZERO
        self._units = Units()
        self._markouts = {horizon_s: MarkoutLedger(horizon_s) for horizon_s in HORIZONS_S}
        self._due_ns = NEVER_NS  # when the next horizon of a fill ends

    def fill(self, fill: Fill, mark: Decimal, ts_ns: int) -> None:
        """Book a fill at `mark` (quote/base), without its fee, which `charge` adds."""
        signed = fill.size * fill.side.sign
        self.spread += signed * (mark - fill.price)
        self._notional += fill.size * fill.price
        self._units.add(signed, mark)
        opened = OpenFill(ts_ns, signed, fill.price, mark)
        for ledger in self._markouts.values():
            ledger.fill(opened)
        self._find_due()

    def _find_due(self) -> None:
        self._due_ns = min(ledger.due_ns for ledger in self._markouts.values())

    def charge(self, worth: Decimal) -> None:
        """Add a fee of this value, quote currency."""
        self.fees += worth

    def charge_base(self, fee: Decimal, mark: Decimal) -> None:
        """Add a fee paid in base. Later moves of the mid exclude the units paid."""
        self.charge(fee * mark)
        self._units.take_back(fee, mark)

    def see(self, mark: Decimal, ts_ns: int) -> None:
        if ts_ns >= self._due_ns:
            for ledger in self._markouts.values():
                ledger.see(mark, ts_ns)
            self._find_due()

    def markout(self, mark: Decimal, horizon_s: int) -> Decimal:
        """Effect of the mid's moves on this side's fills within a horizon, quote."""
        return self._markouts[horizon_s].total(mark)

    def drift(self, mark: Decimal) -> Decimal:
        """Effect of the mid's moves on the units from this side's fills, less base fees, quote."""
        return self._units.drift(mark)

    def pnl(self, mark: Decimal) -> SidePnl:
        drift = self.drift(mark)
        horizons = {}
        for horizon_s, ledger in self._markouts.items():
            markout = ledger.total(mark)
            residual = drift - markout
            horizons[horizon_s] = MarkoutPnl(markout=markout, residual=residual)
        return SidePnl(
            notional=self._notional, spread=self.spread, fees=self.fees, horizons=horizons
        )


class Attribution:
    """Splits profit in quote currency into spread earned, inventory drift, fees and funding."""

    def __init__(self, instrument: CurrentInstrument, *, position: Decimal, cash: Decimal) -> None:
        """Measure profit from the start amounts `position` (base) and `cash` (quote currency)."""
        self._instrument = instrument
        self._position = position
        self._cash = cash
        self._funding = ZERO
        self._held = Units()
        self._sides = {side: _SideLedger() for side in Side}
        self._mark: Decimal | None = None
        self._marked_from: tuple[object, ...] = ()  # the mid and rules of `_newest_mark`
        self._newest_mark = ZERO  # the last result of `mark_of`
        self.marked_ns = 0  # when the last mark was taken
        self._paid_in = ZERO  # capital paid in, at the marks of that time

    def mark_of(self, mid: float) -> Decimal:
        """Exact mid on the half-tick grid, quote/base."""
        figures = mid, self._instrument.now
        if figures != self._marked_from:
            half_tick = self._instrument.now.tick / 2
            self._newest_mark = half_tick * round(mid / float(half_tick))
            self._marked_from = figures
        return self._newest_mark

    @property
    def last_mark(self) -> Decimal | None:
        """The newest mark, quote/base; None before the first."""
        return self._mark

    def mark(self, mid: Decimal, ts_ns: int) -> None:
        """Value all holdings at a new mid and end the horizons that are due."""
        if self._mark is None:
            self._held.add(self._position, mid)
            # Funding before the first mark changed the cash, but is not capital.
            given = self._cash + self._funding
            self._paid_in = self._position * mid + given
        self._mark, self.marked_ns = mid, ts_ns
        for ledger in self._sides.values():
            ledger.see(mid, ts_ns)

    def fill(self, fill: Fill, mid: Decimal | None, ts_ns: int) -> None:
        """Book a fill against the mid just before it, quote/base.

        If `mid` is None, the last mark is used, and before the first mark the fill's own price.
        Horizons start at `ts_ns`, when the fill was received, and the mid is of that time: for a
        late fill the market at the true time is not known. A fee in a coin that is neither base nor
        quote is left out; `coin_fee` adds it once the coin has a price.
        """
        if mid is not None:
            self.mark(mid, ts_ns)
        mark = self._mark
        if mark is None:
            self.mark(fill.price, ts_ns)
            mark = fill.price
        signed = fill.size * fill.side.sign
        self._position += signed
        self._cash -= signed * fill.price
        self._sides[fill.side].fill(fill, mark, ts_ns)
        self._charge(fill, mark)

    def _charge(self, fill: Fill, mark: Decimal) -> None:
        ledger = self._sides[fill.side]
        if fill.fee_asset == self._instrument.now.base:
            self._position -= fill.fee
            ledger.charge_base(fill.fee, mark)
        elif fill.fee_asset == self._instrument.now.quote:
            self._cash -= fill.fee
            ledger.charge(fill.fee)

    def coin_fee(self, side: Side, fee: Decimal, price: Decimal) -> None:
        """Add a fee in a third coin to a side: `fee` units at `price` quote each; < 0: a rebate.

        Raises ValueError if `price` or `fee` is not a valid number.
        """
        if not (price.is_finite() and price > 0):
            raise ValueError(f"price of a fee's coin must be above zero, not {plain(price)}")
        _require_finite(fee)
        worth = fee * price
        self._cash -= worth
        self._sides[side].charge(worth)

    def transfer(self, *, base: Decimal = ZERO, quote: Decimal = ZERO) -> None:
        """Add deposited amounts (negative: withdrawn), which are capital and not profit.

        Raises ValueError for an amount that is not finite.
        """
        _require_finite(base, quote)
        self._position += base
        self._cash += quote
        if self._mark is not None:
            self._held.add(base, self._mark)
            self._paid_in += base * self._mark + quote

    def funding(self, *, paid: Decimal) -> None:
        """Add quote currency paid for holding a perpetual; negative if received.

        Raises ValueError for an amount that is not finite.
        """
        _require_finite(paid)
        self._cash -= paid
        self._funding += paid

    def markouts(self, horizon_s: int) -> Decimal:
        """Markout of all fills at `horizon_s`, quote currency; 0 before the first mark.

        horizon_s: one of HORIZONS_S.
        """
        if self._mark is None:
            return ZERO
        both = ZERO
        for ledger in self._sides.values():
            both += ledger.markout(self._mark, horizon_s)
        return both

    def see(self, mid: float | None, ts_ns: int) -> Decimal:
        """Take `mid` as the mark unless it is None; return the total profit since start, quote."""
        if mid is not None:
            self.mark(self.mark_of(mid), ts_ns)
        return self._total(self._mark)

    def pnl(self, mid: float | None) -> Pnl:
        """Return the profit since start, valued at `mid`, or at the last mark if it is None."""
        mark = self._mark if mid is None else self.mark_of(mid)
        at = ZERO if mark is None else mark  # before the first mark there is nothing to value
        spread = fees = ZERO
        held = inventory = self._held.drift(at)
        for ledger in self._sides.values():
            spread += ledger.spread
            fees += ledger.fees
            inventory += ledger.drift(at)
        return Pnl(
            total=self._total(mark),
            spread=spread,
            inventory=inventory,
            fees=fees,
            funding=self._funding,
            held=held,
            sides={side: ledger.pnl(at) for side, ledger in self._sides.items()},
        )

    def _total(self, mark: Decimal | None) -> Decimal:
        """Present value minus capital paid in, quote; before the first mark, minus funding only."""
        if mark is None or self._mark is None:
            return -self._funding
        return self._position * mark + self._cash - self._paid_in


def _require_finite(*amounts: Decimal) -> None:
    for amount in amounts:
        if not amount.is_finite():
            raise ValueError(f"a fee, funding or transfer must be finite, not {plain(amount)}")
