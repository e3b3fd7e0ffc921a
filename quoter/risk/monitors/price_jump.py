"""Prices that move farther in a stretch of time than a market does (PT-04): told, not judged."""

from quoter.domain.market import Side
from quoter.risk.monitors.sliding import SlidingRange

JUMP_WINDOW_NS = 1_000_000_000
DRIFT_WINDOW_NS = 60_000_000_000
JUMP_SLOTS, DRIFT_SLOTS = 10, 60


class PriceJump:
    """jump: most that the mid may move in 1 s; drift: our own quotes in 60 s; fractions, 0 off."""

    def __init__(self, *, jump: float, drift: float) -> None:
        if not (jump >= 0.0 and drift >= 0.0):
            raise ValueError(f"out of domain: {jump=} {drift=}")
        self._jump, self._drift = jump, drift
        self._mids = SlidingRange(window_ns=JUMP_WINDOW_NS, slots=JUMP_SLOTS)
        self._quotes = {
            side: SlidingRange(window_ns=DRIFT_WINDOW_NS, slots=DRIFT_SLOTS) for side in Side
        }

    def restart(self) -> None:
        """The level was confirmed: what was before it no longer counts."""
        self._mids.restart()
        for quotes in self._quotes.values():
            quotes.restart()

    def on_mid(self, ts_ns: int, mid: float) -> str | None:
        """Take a mid; how far it jumped, or None."""
        if not self._jump:
            return None
        moved = _beyond(self._jump, mid, *self._mids.see(ts_ns, mid))
        return f"the mid moved {moved * 1e4:.0f} bps to {mid:g} within 1 s" if moved else None

    def on_quote(self, ts_ns: int, side: Side, price: float) -> str | None:
        """Take our wanted best price of a side; how far it drifted, or None."""
        if not self._drift:
            return None
        moved = _beyond(self._drift, price, *self._quotes[side].see(ts_ns, price))
        if not moved:
            return None
        return f"our {side} quote moved {moved * 1e4:.0f} bps to {price:g} within 60 s"


def _beyond(allowed: float, price: float, low: float, high: float) -> float:
    """How far it is from the farther end, as a fraction of that end; 0 if that is allowed."""
    if high * (1.0 - allowed) <= price <= low * (1.0 + allowed):
        return 0.0
    return max(price / low - 1.0, 1.0 - price / high)
