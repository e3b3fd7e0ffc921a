"""What a price of ours is held against: the mid, the last trade, the mean of the last minute."""

from math import exp, isfinite

from quoter.domain.units import S_PER_NS

EWMA_S = 60.0
TRADE_NS_MAX = 60_000_000_000  # an older print says nothing of the price now


class PriceReferences:
    """O(1) for every mid and every trade; all prices quote/base."""

    def __init__(self) -> None:
        self._ewma: float | None = None
        self._mid = 0.0
        self._mid_ns = 0
        self._trade = 0.0
        self._trade_ns: int | None = None

    def on_mid(self, ts_ns: int, mid: float) -> None:
        """From now on the mid is this; the mean is weighted by time."""
        if not (isfinite(mid) and mid > 0.0):
            return
        self._ewma = mid if self._ewma is None else self._mean(ts_ns, self._ewma)
        self._mid, self._mid_ns = mid, ts_ns

    def on_trade(self, ts_ns: int, price: float) -> None:
        """A public print."""
        if isfinite(price) and price > 0.0:
            self._trade, self._trade_ns = price, ts_ns

    def _mean(self, ts_ns: int, ewma: float) -> float:
        passed_s = max(0, ts_ns - self._mid_ns) * S_PER_NS
        return ewma + (1.0 - exp(-passed_s / EWMA_S)) * (self._mid - ewma)

    def at(self, ts_ns: int) -> tuple[float, float] | None:
        """Lowest and highest of what there is; None before the first mid.

        A market without a print within the last minute is judged by its mids alone.
        """
        if self._ewma is None:
            return None
        found = [self._mid, self._mean(ts_ns, self._ewma)]
        if self._trade_ns is not None and ts_ns - self._trade_ns <= TRADE_NS_MAX:
            found.append(self._trade)
        return min(found), max(found)
