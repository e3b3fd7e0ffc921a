"""The reference prices of the price collar: mid, last trade, and mean mid of the last minute."""

from math import exp, isfinite

from quoter.domain.units import NS_PER_S, S_PER_NS

EWMA_S = 60.0
TRADE_NS_MAX = 60 * NS_PER_S  # older trades are not used


class PriceReferences:
    """Collects the reference prices, quote/base, in O(1) per mid and trade."""

    def __init__(self) -> None:
        self._ewma: float | None = None
        self._mid = 0.0
        self._mid_ns = 0
        self._trade = 0.0
        self._trade_ns: int | None = None

    def on_mid(self, ts_ns: int, mid: float) -> None:
        """Set the mid from now on; the mean is weighted by time. Ignores an impossible price."""
        if not (isfinite(mid) and mid > 0.0):
            return
        self._ewma = mid if self._ewma is None else self._mean(ts_ns, self._ewma)
        self._mid, self._mid_ns = mid, ts_ns

    def on_trade(self, ts_ns: int, price: float) -> None:
        """Set the price of the last public trade; an impossible price is ignored."""
        if isfinite(price) and price > 0.0:
            self._trade, self._trade_ns = price, ts_ns

    def _mean(self, ts_ns: int, ewma: float) -> float:
        passed_s = max(0, ts_ns - self._mid_ns) * S_PER_NS
        return ewma + (1.0 - exp(-passed_s / EWMA_S)) * (self._mid - ewma)

    def at(self, ts_ns: int) -> tuple[float, float] | None:
        """Return the lowest and highest reference price; None before the first mid.

        A last trade older than a minute is not used.
        """
        if self._ewma is None:
            return None
        found = [self._mid, self._mean(ts_ns, self._ewma)]
        if self._trade_ns is not None and ts_ns - self._trade_ns <= TRADE_NS_MAX:
            found.append(self._trade)
        return min(found), max(found)
