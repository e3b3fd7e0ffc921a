"""Detects prices that move farther in a short time than a market does (rule PT-04)."""

from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.units import BPS_PER_UNIT, NS_PER_S
from quoter.risk.expected_market import ExpectedMarket
from quoter.risk.monitors.sliding import SlidingRange

JUMP_WINDOW_NS = NS_PER_S
DRIFT_WINDOW_NS = 60 * NS_PER_S
JUMP_SLOTS, DRIFT_SLOTS = 10, 60


class PriceJump:
    """Compares the mid with its range of the last second, and our quotes with that of a minute.

    jump: limit for the mid in 1 s; drift: for our own quotes in 60 s; fractions, 0 for off.
    """

    def __init__(self, *, jump: float, drift: float) -> None:
        if not (jump >= 0.0 and drift >= 0.0):
            raise ValueError(f"out of domain: {jump=} {drift=}")
        self._jump, self._drift = jump, drift
        self._mids = SlidingRange(window_ns=JUMP_WINDOW_NS, slots=JUMP_SLOTS)
        self._quotes = {
            side: SlidingRange(window_ns=DRIFT_WINDOW_NS, slots=DRIFT_SLOTS) for side in Side
        }
        self._quoted: dict[Side, float] = {}  # newest price by side; none if it drifted too far

    def restart(self) -> None:
        """Drop earlier prices, after a new snapshot has confirmed the present price level."""
        self._mids.restart()
        self._quoted.clear()
        for quotes in self._quotes.values():
            quotes.restart()

    def expected_per_s(self, market: ExpectedMarket, mid: float) -> float:
        """Return an upper bound on the rate, 1/s, at which the market alone exceeds these limits.

        mid: quote/base. Our own quotes are assumed to move like the mid.
        """
        limits = (self._jump, self._drift)
        return sum(market.moves_per_s(limit * mid) for limit in limits if limit)

    def on_mid(self, ts_ns: int, mid: float) -> str | None:
        """Add a mid, quote/base. Return the jump as text if it is too large, else None."""
        if not self._jump:
            return None
        moved = _beyond(self._jump, mid, *self._mids.see(ts_ns, mid))
        if not moved:
            return None
        figures = f"{_bps(moved)} bps to {plain(mid)} within 1 s"
        return f"the mid moved {figures}, limit {_bps(self._jump)} (QUOTER_PRICE_JUMP_BPS)"

    def on_quote(self, ts_ns: int, side: Side, price: float) -> str | None:
        """Add our wanted best price of a side; return the drift as text if it is too large."""
        if not self._drift or price == self._quoted.get(side):
            return None  # a price holds until the next one: a repetition changes no range
        moved = _beyond(self._drift, price, *self._quotes[side].see(ts_ns, price))
        if not moved:
            self._quoted[side] = price
            return None
        self._quoted.pop(side, None)
        figures = f"{_bps(moved)} bps to {plain(price)} within 60 s"
        limit = f"{_bps(self._drift)} (QUOTER_QUOTE_DRIFT_BPS)"
        return f"our {side} quote moved {figures}, limit {limit}"


def _bps(fraction: float) -> str:
    return plain(fraction * BPS_PER_UNIT, 4)


def _beyond(allowed: float, price: float, low: float, high: float) -> float:
    """Move from the farther end of the range, as a fraction of that end; 0 if it is allowed."""
    if high * (1.0 - allowed) <= price <= low * (1.0 + allowed):
        return 0.0
    return max(price / low - 1.0, 1.0 - price / high)
