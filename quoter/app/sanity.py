"""Limits that no order could ever pass, found once a price is known (PT-02): told by name."""

from decimal import Decimal

from quoter.app.start import StartFailed
from quoter.app.wiring import limits
from quoter.domain.market import MarketPast
from quoter.domain.quotes import QuoteTerms
from quoter.risk.position_notional import ORDERS_SHARE
from quoter.risk.view import Limits
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings


def hopeless(limits: Limits, order_size: Decimal, price: float) -> list[str]:
    """A line for each limit that forbids every order of this size at this price, quote/base."""
    lines = []
    worth = order_size * Decimal(repr(price))
    if not worth <= limits.notional_max:
        lines.append(
            f"QUOTER_NOTIONAL_MAX: one order of QUOTER_ORDER_SIZE ({order_size:f}) is worth "
            f"{worth:.2f} at {price:g}: none could pass (got {limits.notional_max:f})"
        )
    held = limits.position_notional_max
    if held is not None and not worth * (1 + limits.collar) <= ORDERS_SHARE * held:
        lines.append(
            f"QUOTER_POSITION_NOTIONAL_MAX: holding one order ({order_size:f}) is worth "
            f"{worth:.2f} at {price:g}, and a collar: none could pass (got {held:f})"
        )
    return lines


def refuse_hopeless(settings: Settings, past: MarketPast) -> None:
    """Raise StartFailed for such a limit, where the venue tells what the price was last."""
    if past.bars:
        lines = hopeless(limits(settings), settings.order_size, past.bars[-1].close)
        if lines:
            raise StartFailed(ExitCode.USAGE, "; ".join(lines))


def beyond_collar(limits: Limits, terms: QuoteTerms) -> list[str]:
    """A line if a side of this quote is farther from fair value than orders may be."""
    fair, collar_bps = terms.inputs.fair, float(limits.collar) * 1e4
    deltas = [delta for delta in (terms.delta_bid, terms.delta_ask) if delta is not None]
    farthest_bps = max(deltas, default=0.0) / fair * 1e4
    if farthest_bps <= collar_bps:
        return []
    return [
        f"QUOTER_COLLAR_BPS: the quote stands {farthest_bps:.0f} bps from fair value, its orders "
        f"would be denied (got {collar_bps:g})"
    ]
