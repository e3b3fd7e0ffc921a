"""Post-only adds to the book and takes from nobody; no order meets one of ours (PT-05)."""

from quoter.domain.commands import OrderIntent, TimeInForce
from quoter.domain.market import Side
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, view: RiskView, _: Limits) -> str | None:
    """Denied at or through our own live orders, and the other side unless it is meant to take."""
    price, rests = intent.price, intent.time_in_force is not TimeInForce.IOC
    if intent.side is Side.BUY:
        if rests and not price < view.best_ask:
            return f"buy at {price} would take the ask {view.best_ask}"
        if view.own_ask is not None and not price < view.own_ask:
            return f"buy at {price} would meet our own sell at {view.own_ask}"
    else:
        if rests and not price > view.best_bid:
            return f"sell at {price} would take the bid {view.best_bid}"
        if view.own_bid is not None and not price > view.own_bid:
            return f"sell at {price} would meet our own buy at {view.own_bid}"
    return None
