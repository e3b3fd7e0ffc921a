"""A price must be near fair value, and a quote must not take."""

from quoter.domain.commands import OrderIntent, TimeInForce
from quoter.domain.market import Side
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Denied outside the collar, on the wrong side of the book, or without a book."""
    if not view.book_ready:
        return "no trustworthy book"
    if not (intent.price.is_finite() and intent.price > 0):
        return f"price {intent.price} is not above zero"
    if not view.fair.is_finite():
        return f"fair value {view.fair}"
    if not abs(intent.price - view.fair) <= limits.collar * view.fair:
        return f"price {intent.price} outside {limits.collar} of fair value {view.fair}"
    if intent.time_in_force is TimeInForce.IOC:
        return None  # it is meant to take, within the collar
    if intent.side is Side.BUY and not intent.price < view.best_ask:
        return f"buy at {intent.price} would take the ask {view.best_ask}"
    if intent.side is Side.SELL and not intent.price > view.best_bid:
        return f"sell at {intent.price} would take the bid {view.best_bid}"
    return None
