"""A price must be near what the market says from several sides (PT-03)."""

from quoter.domain.commands import OrderIntent
from quoter.risk.view import Limits, RiskView, reduces


def check(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Denied outside the collar around the references, or without any.

    An order that adds must be near each of them: mid, last trade, mean of the last minute. One that
    can only reduce needs to be near one, or a fast market would lock us into what we hold.
    """
    price, low, high = intent.price, view.reference_low, view.reference_high
    if not (price.is_finite() and price > 0):
        return f"price {price} is not above zero"
    if not (low.is_finite() and high.is_finite() and 0 < low <= high):
        return f"no reference price: {low} .. {high}"
    least, most = low * (1 - limits.collar), high * (1 + limits.collar)
    if not reduces(intent, view):
        least, most = high * (1 - limits.collar), low * (1 + limits.collar)
    if not least <= price <= most:
        return f"price {price} outside {limits.collar} of {low} .. {high}"
    return None
