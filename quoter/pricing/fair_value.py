"""What one unit is worth now. The book must have both sides: there is no fallback price."""

from math import inf

from quoter.domain.errors import InvalidInput


def mid(*, best_bid: float, best_ask: float) -> float:
    """Return the middle of the book, quote/base; our own orders must already be out of it.

    Raises InvalidInput when a side is missing (not finite, not above zero) or the book is crossed
    or locked: no price is better than an invented one.
    """
    if not (0.0 < best_bid < inf):
        raise InvalidInput("best_bid", best_bid)
    if not (best_bid < best_ask < inf):
        raise InvalidInput("best_ask", best_ask)
    return (best_bid + best_ask) / 2.0
