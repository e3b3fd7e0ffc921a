"""Grid of one symbol: prices and sizes as integer ticks and lots, and the venue's filters."""

from decimal import ROUND_DOWN, Decimal

from quoter.sim.messages import MarketSpec, NewOrder, OrderKind, Refused, SimReject

# Balances have eight decimals, as in the venue's messages, or more where the market needs them.
MONEY_STEP = Decimal("0.00000001")
PRICE_TICKS_MAX = 10**12  # larger prices are refused, as a venue would


class Grid:
    """Prices in ticks, sizes in lots, money in units of one tick times one lot (`unit`)."""

    def __init__(self, spec: MarketSpec) -> None:
        """Build the grid of a market. Raises ValueError unless tick and lot are above zero."""
        if not (spec.tick > 0 and spec.lot > 0):
            raise ValueError(f"{spec.symbol}: tick {spec.tick} and lot {spec.lot} must be above 0")
        self.unit = spec.tick * spec.lot
        self._money_step = min(MONEY_STEP, self.unit, spec.lot)
        self.spec = spec
        self.tick = spec.tick
        self.lot = spec.lot
        self.tick_float = float(spec.tick)

    def price(self, ticks: int) -> Decimal:
        return self.tick * ticks

    def size(self, lots: int) -> Decimal:
        return self.lot * lots

    def units(self, money: Decimal) -> int:
        """Return the number of whole units in `money` (quote currency)."""
        return int(money // self.unit)

    def ticks(self, price: Decimal) -> int:
        """Return a price in ticks. Raises ValueError if it is not a multiple of the tick."""
        return self._whole(price, self.tick)

    def lots(self, size: Decimal) -> int:
        """Return a size in lots. Raises ValueError if it is not a multiple of the lot."""
        return self._whole(size, self.lot)

    def _whole(self, value: Decimal, step: Decimal) -> int:
        count, rest = divmod(value, step)
        if rest:
            raise ValueError(f"{self.spec.symbol}: {value} is not a multiple of {step}")
        return int(count)

    def fee(self, amount: Decimal, *, is_maker: bool) -> Decimal:
        """Return the fee on a received amount, in its asset, rounded down to the money step."""
        rate = self.spec.fee_maker if is_maker else self.spec.fee_taker
        return (amount * rate).quantize(self._money_step, rounding=ROUND_DOWN)

    def admit_size(self, size: Decimal) -> int:
        """Return a size in lots. Raises Refused if it breaks a filter."""
        spec = self.spec
        if not (size.is_finite() and spec.size_min <= size <= spec.size_max):
            raise Refused(SimReject.FILTER_LOT)
        if size <= 0 or size % spec.lot:
            raise Refused(SimReject.FILTER_LOT)
        return self.lots(size)

    def admit(self, order: NewOrder) -> tuple[int, int]:
        """Return (ticks, lots) of an order; 0 ticks for MARKET. Raises Refused if a filter fails.

        The notional of a MARKET order is not checked: its price is unknown here.
        """
        spec = self.spec
        lots = self.admit_size(order.size)
        if order.kind is OrderKind.MARKET:
            return 0, lots
        if not (order.price.is_finite() and 0 < order.price <= self.tick * PRICE_TICKS_MAX):
            raise Refused(SimReject.FILTER_PRICE)
        if order.price % spec.tick:
            raise Refused(SimReject.FILTER_PRICE)
        if order.price * order.size < spec.notional_min:
            raise Refused(SimReject.FILTER_NOTIONAL)
        return self.ticks(order.price), lots
