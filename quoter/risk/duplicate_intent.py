"""The same order twice in a moment is a loop of ours, not a wish (PT-10)."""

from quoter.domain.commands import OrderIntent
from quoter.risk.view import Limits, RiskView

APART_NS = 500_000_000


def check(_: OrderIntent, view: RiskView, __: Limits) -> str | None:
    """Denied while an equal order, younger than half a second, may still live."""
    if view.twin_ns is not None and not view.ts_ns - view.twin_ns >= APART_NS:
        return f"an equal order is {(view.ts_ns - view.twin_ns) / 1e6:.0f} ms old"
    return None
