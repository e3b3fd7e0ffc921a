"""Limits that no order could ever pass, found once a price is known (PT-02): told by name."""

from decimal import ROUND_CEILING, Decimal

from quoter.app.settings_to_config import limits
from quoter.app.startup import StartFailed
from quoter.domain.instrument import Instrument
from quoter.domain.market import MarketHistory
from quoter.domain.quotes import QuoteTerms
from quoter.domain.units import exact
from quoter.engine.config import EngineConfig
from quoter.risk.order_rules import ORDERS_SHARE
from quoter.risk.view import Limits
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings


def limits_below_one_order(limits: Limits, order_size: Decimal, price: float) -> list[str]:
    """A line for each limit that forbids every order of this size at this price, quote/base."""
    lines = []
    worth = order_size * exact(price)
    if not worth <= limits.notional_max:
        lines.append(
            f"QUOTER_NOTIONAL_MAX: one order of QUOTER_ORDER_SIZE ({order_size:f}) is worth "
            f"{worth:.2f} at {price:g}: none could pass (got {limits.notional_max:f})"
        )
    held = limits.position_notional_max
    if held is not None and not worth * (1 + limits.price_collar) <= ORDERS_SHARE * held:
        lines.append(
            f"QUOTER_POSITION_NOTIONAL_MAX: holding one order ({order_size:f}) is worth "
            f"{worth:.2f} at {price:g}, and a collar: none could pass (got {held:f})"
        )
    return lines


def too_small(
    instrument: Instrument,
    order_size: Decimal,
    price: float | None,
    *,
    levels: int,
    collar: Decimal,
) -> list[str]:
    """A line if the venue takes no order of this size; `price` quote/base, None: not known yet.

    What is too small is carried to the next level, so that it is all levels together that count.
    """
    size = instrument.floor_size(order_size * levels)
    at_price = None if price is None else exact(price)
    worth = None if at_price is None else size * at_price
    is_enough = worth is None or worth >= instrument.notional_min
    if size and size >= instrument.size_min and is_enough:
        return []
    least = max(instrument.size_min, instrument.lot)
    if at_price is not None:  # wherever an order may stand, it must be worth enough
        least = max(least, instrument.notional_min / (at_price * (1 - collar)))
    least = instrument.lot * (least / levels / instrument.lot).to_integral_value(ROUND_CEILING)
    told = (
        "" if worth is None else f", and this is {float(worth):.8g} {instrument.quote} at {price:g}"
    )
    return [
        f"QUOTER_ORDER_SIZE: the venue takes no order below {instrument.size_min:f} "
        f"{instrument.base} or {instrument.notional_min:f} {instrument.quote}{told}: at least "
        f"{least:f} works (got {order_size:f})"
    ]


def forbidden(config: EngineConfig, price: float) -> list[str]:
    """A line for each limit, ours or the venue's, that no order passes at this price."""
    small = too_small(
        config.instrument,
        config.order_size,
        price,
        levels=config.pricing.shape.levels,
        collar=config.limits.price_collar,
    )
    return [*limits_below_one_order(config.limits, config.order_size, price), *small]


def check_limits(settings: Settings, instrument: Instrument, history: MarketHistory) -> None:
    """Raise StartFailed for such a limit; what hangs on the price, where the venue tells it."""
    ours, price = limits(settings), history.bars[-1].close if history.bars else None
    lines = too_small(
        instrument, settings.order_size, price, levels=settings.levels, collar=ours.price_collar
    )
    if price is not None:
        lines += limits_below_one_order(ours, settings.order_size, price)
    if lines:
        raise StartFailed(ExitCode.USAGE, "; ".join(lines))


def beyond_collar(limits: Limits, terms: QuoteTerms) -> list[str]:
    """A line if a side of this quote is farther from fair value than orders may be."""
    fair, price_collar_bps = terms.inputs.fair, float(limits.price_collar) * 1e4
    deltas = [delta for delta in (terms.delta_bid, terms.delta_ask) if delta is not None]
    farthest_bps = max(deltas, default=0.0) / fair * 1e4
    if farthest_bps <= price_collar_bps:
        return []
    return [
        f"QUOTER_PRICE_COLLAR_BPS: the quote stands {farthest_bps:.0f} bps from fair value, "
        f"its orders would be denied (got {price_collar_bps:g})"
    ]
