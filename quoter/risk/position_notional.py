"""Worth of the inventory if everything that could still fill does (R1, reliability.md section 4).

A soft limit: the price moves it without an order of ours. Our own orders stay a little below it, so
that a first tick does not stop them.
"""

from decimal import Decimal

from quoter.domain.commands import OrderIntent
from quoter.domain.market import Side
from quoter.risk.view import Limits, RiskView

ORDERS_SHARE = Decimal("0.95")  # of the limit: what orders may fill up, and below which R1 is over


def worst_notional(
    *, inventory: Decimal, leaves_buy: Decimal, leaves_sell: Decimal, price: Decimal, limits: Limits
) -> Decimal:
    """Quote currency: max(|q+B|, |q-S|) at `price`, the higher of mid and best ask, and a collar.

    q, B, S inventory and leaves, base.
    """
    worst = max(abs(inventory + leaves_buy), abs(inventory - leaves_sell))
    return worst * price * (1 + limits.collar)


def base_room(limits: Limits, price: Decimal) -> Decimal:
    """The base units that orders may fill up at this price. Raises ArithmeticError at zero."""
    if limits.position_notional_max is None:
        return limits.inventory_max
    worth = ORDERS_SHARE * limits.position_notional_max / (price * (1 + limits.collar))
    return min(limits.inventory_max, worth)


def check(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Denied if this order could take the worth of the inventory to the limit; never a way back."""
    if limits.position_notional_max is None:
        return None
    if intent.side is Side.BUY:
        worst = view.inventory + view.leaves_buy + intent.size
    else:
        worst = view.leaves_sell + intent.size - view.inventory
    room = base_room(limits, view.best_ask)
    if not worst <= room:
        return f"inventory could reach {worst}, which at {view.best_ask} is worth too much"
    return None
