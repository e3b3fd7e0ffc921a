"""Pauses quoting for a minute after a minute in which our fills lost too much (rule KS-09)."""

from collections import deque
from decimal import Decimal

from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S

WINDOW_NS = PAUSE_NS = 60 * NS_PER_S
TOTALS_MAX = 64  # one a second, and a few to spare


class MarkoutLossMonitor:
    """Compares the total of markouts with the total a minute ago.

    `text` is the reason for the last pause.
    """

    def __init__(self, loss_max: Decimal) -> None:
        """Pause at a loss of `loss_max`, quote currency, within a minute; 0 for off."""
        self._loss_max = loss_max
        self._totals: deque[tuple[int, Decimal]] = deque(maxlen=TOTALS_MAX)  # oldest first
        self._until_ns = 0
        self.text = ""

    def update(self, ts_ns: int, markouts: Decimal) -> bool:
        """Return whether to pause.

        markouts: total of all fills since the start, quote currency; a fall is a loss.
        """
        if ts_ns < self._until_ns:
            return True
        totals = self._totals
        while totals and ts_ns - totals[0][0] > WINDOW_NS:
            totals.popleft()
        lost = totals[0][1] - markouts if totals else Decimal(0)
        if 0 < self._loss_max <= lost:
            limit = f"{plain(self._loss_max)} (QUOTER_MARKOUT_LOSS_MAX)"
            self.text = f"moves after our fills lost {lost:.4f} within a minute, limit {limit}"
            self._until_ns = ts_ns + PAUSE_NS
            totals.clear()
            return True
        if not totals or ts_ns - totals[-1][0] >= NS_PER_S:
            totals.append((ts_ns, markouts))
        return False
