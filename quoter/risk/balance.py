"""A spot account can't sell what it does not hold, nor buy with money it does not have."""

from quoter.domain.commands import OrderIntent
from quoter.domain.market import Side
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, view: RiskView, _: Limits) -> str | None:
    """Denied if the free balance, by our own books, does not cover the order, or is not known."""
    if view.is_spot is False:
        return None
    if view.base_held is None or view.quote_held is None:
        return "balance not known"
    if intent.side is Side.SELL:
        free = view.base_held - view.leaves_sell
        if not intent.size <= free:
            return f"sell {intent.size}, free {free}"
    else:
        free = view.quote_held - view.notional_buy
        if not intent.size * intent.price <= free:
            return f"buy for {intent.size * intent.price}, free {free}"
    return None
