"""Finds limits in basis points that are smaller than one tick, the smallest move of a price."""

from decimal import Decimal
from math import ceil

from quoter.domain.number_text import plain
from quoter.domain.units import BPS_PER_UNIT
from quoter.risk.view import Limits


def limits_below_tick(
    tick: Decimal, price: float, limits: Limits, *, price_jump: float, quote_drift: float
) -> list[str]:
    """Return a line for each limit that a move or a distance of one tick exceeds at this price.

    `price_jump` and `quote_drift` are fractions of the price, 0 for off.
    """
    one = float(tick)
    share = one / (price - one) if price > one else 1.0  # of the lower of two neighbouring prices
    found = (
        ("QUOTER_PRICE_JUMP_BPS", price_jump, "each move of the mid pauses quoting"),
        ("QUOTER_QUOTE_DRIFT_BPS", quote_drift, "each move of our quotes pauses quoting"),
        ("QUOTER_PRICE_COLLAR_BPS", float(limits.price_collar), "orders are denied"),
        ("QUOTER_BOOK_SPREAD_MAX_BPS", float(limits.book_spread_max), "no order is sent"),
    )
    return [
        f"{name}: one tick ({tick:f}) is {share * BPS_PER_UNIT:.0f} bps of the price "
        f"{plain(price)}, so "
        f"{effect}: at least {ceil(share * BPS_PER_UNIT)} is needed "
        f"(got {limit * BPS_PER_UNIT:g})"
        for name, limit, effect in found
        if 0.0 < limit < share
    ]
