"""The traded symbol and its grid: where estimates (float) become exact amounts (Decimal)."""

from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil, floor

from quoter.domain.number_text import plain
from quoter.domain.units import exact

# A float price within this many ticks of a tick is that tick: 100.01 / 0.01 is 10000.999999999998.
TICK_TOLERANCE = 1e-6
LOT_TOLERANCE = Decimal("1E-6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One symbol of one venue with its grid; prices quote/base, sizes base, all exact.

    Bids round down and asks round up (never more aggressive than the model), sizes round down.
    Raises ValueError unless tick and lot are finite and above zero.
    """

    symbol: str  # ccxt's unified name, "BTC/USDT"
    venue_symbol: str  # the venue's own name, "BTCUSDT"
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    size_min: Decimal
    size_max: Decimal
    notional_min: Decimal
    fee_maker: Decimal  # fraction of notional; negative is a rebate
    tick_float: float = field(init=False)
    fee_maker_float: float = field(init=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("tick", "lot"):
            value = getattr(self, name)
            if not (value.is_finite() and value > 0):
                raise ValueError(f"{self.symbol}: {name} must be above zero, not {value}")
        object.__setattr__(self, "tick_float", float(self.tick))
        object.__setattr__(self, "fee_maker_float", float(self.fee_maker))
        # Computed once: every quote looks up its levels by instrument.
        object.__setattr__(self, "_hash", hash((self.symbol, self.tick, self.lot, self.fee_maker)))

    def __hash__(self) -> int:
        return self._hash

    def floor_ticks(self, price: float) -> int:
        """Number of ticks of the highest grid price at or below `price` (for bids)."""
        ticks = price / self.tick_float
        nearest = round(ticks)
        return nearest if abs(ticks - nearest) <= TICK_TOLERANCE else floor(ticks)

    def ceil_ticks(self, price: float) -> int:
        """Number of ticks of the lowest grid price at or above `price` (for asks)."""
        ticks = price / self.tick_float
        nearest = round(ticks)
        return nearest if abs(ticks - nearest) <= TICK_TOLERANCE else ceil(ticks)

    def price(self, ticks: int) -> Decimal:
        """Exact price, quote/base, of a number of ticks."""
        return self.tick * ticks

    def ticks(self, price: Decimal) -> int:
        """Number of ticks of an exact price. Raises ValueError for a price off the grid."""
        ticks, rest = divmod(price, self.tick)
        if rest:
            raise ValueError(
                f"{self.symbol}: {plain(price)} is not a multiple of the tick {plain(self.tick)}"
            )
        return int(ticks)

    def share_of(self, size: Decimal, share: float) -> Decimal:
        """Largest size on the lot grid, base, that is at most `share` times `size`; >= 0.

        The product is a Decimal: a float would lose digits of `size`, even at a share of 1.
        """
        lots = size * exact(share) / self.lot
        nearest = lots.to_integral_value()
        whole = nearest if abs(lots - nearest) <= LOT_TOLERANCE else lots // 1
        return self.lot * max(0, int(whole))

    def floor_size(self, size: Decimal) -> Decimal:
        """Largest size on the lot grid, base, that is at most `size`; >= 0."""
        return self.lot * (size // self.lot) if size > 0 else Decimal(0)

    def is_tradable(self, *, price: Decimal, size: Decimal) -> bool:
        """Whether the venue's size and notional filters would accept this order."""
        return self.size_min <= size <= self.size_max and price * size >= self.notional_min

    def accepts(self, *, price: Decimal, size: Decimal) -> bool:
        """Whether an order is on the grid and would pass the size and notional filters."""
        is_on_grid = not price % self.tick and not size % self.lot
        return is_on_grid and self.is_tradable(price=price, size=size)
