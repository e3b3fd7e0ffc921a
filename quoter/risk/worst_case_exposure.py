"""Inventory if everything that could still fill does: the hard limit (reliability.md section 4)."""

from quoter.domain.commands import OrderIntent
from quoter.domain.market import Side
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Denied if this order could take inventory past the limit; no netting of the other side."""
    if intent.side is Side.BUY:
        worst = view.inventory + view.leaves_buy + intent.size
        if not worst <= limits.inventory_max:
            return f"inventory could reach {worst}, limit {limits.inventory_max}"
    else:
        worst = view.inventory - view.leaves_sell - intent.size
        if not worst >= -limits.inventory_max:
            return f"inventory could reach {worst}, limit {-limits.inventory_max}"
    return None
