"""Check the limits against the price of the market (PT-02).

A blocking line says that no order can be placed at present. A warning says that orders can be
placed, but a setting does not have the effect that its user wants.
"""

from decimal import ROUND_CEILING, Decimal
from math import sqrt

from quoter.app.settings_to_config import activity_policy, limits
from quoter.app.startup import StartFailed
from quoter.domain.instrument import Instrument
from quoter.domain.market import MarketHistory
from quoter.domain.number_text import plain
from quoter.domain.quotes import QuoteTerms
from quoter.domain.units import exact
from quoter.engine.config import ActivityPolicy, EngineConfig
from quoter.engine.engine import Engine
from quoter.engine.limits.risk_views import DEPTH_LEVELS, depth_of
from quoter.pricing.quote.settings_summary import MINUTE_S
from quoter.risk.order_rules import ORDERS_SHARE
from quoter.risk.tick_limits import limits_below_tick
from quoter.risk.view import Limits
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings


def limits_below_one_order(limits: Limits, order_size: Decimal, price: float) -> list[str]:
    """Return one line per limit that a single order exceeds.

    order_size: base; price: quote/base.
    """
    lines = []
    worth = order_size * exact(price)
    if not worth <= limits.notional_max:
        lines.append(
            f"QUOTER_NOTIONAL_MAX: one order of QUOTER_ORDER_SIZE ({order_size:f}) is worth "
            f"{worth:.2f} at {price:g}: no order can pass; raise the limit or lower the order "
            f"size (got {limits.notional_max:f})"
        )
    held = limits.position_notional_max
    if held is not None and not worth * (1 + limits.price_collar) <= ORDERS_SHARE * held:
        lines.append(
            f"QUOTER_POSITION_NOTIONAL_MAX: a position of one order ({order_size:f}) is worth "
            f"{worth:.2f} at {price:g}; with QUOTER_PRICE_COLLAR_BPS added no order can pass: "
            f"raise the limit or lower QUOTER_ORDER_SIZE (got {held:f})"
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
    """Return a line if orders of this size are too small for the venue.

    order_size: base; price: quote/base, None if not known yet; collar: fraction of the price. A
    level that is too small is added to the next one. So only the sum of all levels must be large
    enough.
    """
    size = instrument.floor_size(order_size * levels)
    at_price = None if price is None else exact(price)
    worth = None if at_price is None else size * at_price
    is_enough = worth is None or worth >= instrument.notional_min
    if size and size >= instrument.size_min and is_enough:
        return []
    least = max(instrument.size_min, instrument.lot)
    if at_price is not None:  # large enough also at the lowest price within the collar
        least = max(least, instrument.notional_min / (at_price * (1 - collar)))
    least = instrument.lot * (least / levels / instrument.lot).to_integral_value(ROUND_CEILING)
    notional_text = (
        "" if worth is None else f", and this is {float(worth):.8g} {instrument.quote} at {price:g}"
    )
    return [
        f"QUOTER_ORDER_SIZE: the venue accepts no order below {instrument.size_min:f} "
        f"{instrument.base} or {instrument.notional_min:f} {instrument.quote}{notional_text}: "
        f"at least {least:f} works (got {order_size:f})"
    ]


def blocking_limits(engine: Engine, price: float) -> list[str]:
    """Return one line per limit, ours or the venue's, that no order can pass at this price.

    price: quote/base. The order size is compared with the engine's book too.
    """
    config = engine.config
    small = too_small(
        config.instrument,
        config.order_size,
        price,
        levels=config.pricing.shape.levels,
        collar=config.limits.price_collar,
    )
    coarse = _below_tick(config.instrument, price, config.limits, config.activity)
    thin = thin_book(config.limits, config.order_size, *depth_of(engine.market))
    return [
        *limits_below_one_order(config.limits, config.order_size, price),
        *small,
        *coarse,
        *thin,
    ]


def thin_book(
    limits: Limits, order_size: Decimal, depth_bid: Decimal, depth_ask: Decimal
) -> list[str]:
    """Return a line if one side of the book holds too little for an order.

    Depths: base units on the best DEPTH_LEVELS levels.
    """
    depth = min(depth_bid, depth_ask)
    own = limits.book_depth_min
    if depth >= (order_size if own is None else own):
        return []
    name, got = ("QUOTER_ORDER_SIZE", order_size) if own is None else ("QUOTER_BOOK_DEPTH_MIN", own)
    return [
        f"{name}: the best {DEPTH_LEVELS} levels hold {plain(depth_bid)} to buy and "
        f"{plain(depth_ask)} to sell: no order is placed while a side holds less (got {got:f})"
    ]


def _below_tick(
    instrument: Instrument, price: float, ours: Limits, activity: ActivityPolicy
) -> list[str]:
    return limits_below_tick(
        instrument.tick,
        price,
        ours,
        price_jump=activity.price_jump,
        quote_drift=activity.quote_drift,
    )


def check_limits(settings: Settings, instrument: Instrument, history: MarketHistory) -> None:
    """Raise StartFailed if a limit lets no order pass.

    The price is the last close of `history`. Without a history only the venue's smallest size is
    checked.
    """
    ours, price = limits(settings), history.bars[-1].close if history.bars else None
    lines = too_small(
        instrument, settings.order_size, price, levels=settings.levels, collar=ours.price_collar
    )
    if price is not None:
        lines += limits_below_one_order(ours, settings.order_size, price)
        lines += _below_tick(instrument, price, ours, activity_policy(settings))
    if lines:
        raise StartFailed(ExitCode.USAGE, "; ".join(lines))


def setting_warnings(engine: Engine, terms: QuoteTerms) -> list[str]:
    """Return one warning per setting that does not fit this quote or the present balances."""
    config, held = engine.config, engine.inventory
    return [
        *beyond_collar(config.limits, terms),
        *target_out_of_reach(
            config, position=held.position, cash=held.cash, price=terms.inputs.fair
        ),
        *loss_within_a_minute(config.limits, sigma=terms.inputs.sigma),
    ]


def target_out_of_reach(
    config: EngineConfig, *, position: Decimal, cash: Decimal, price: float
) -> list[str]:
    """Return a line if all balances together are worth less than the target (spot only).

    position: base; cash: quote; price: quote/base.
    """
    if not config.is_spot:
        return []
    most = position + cash / exact(price)
    if config.target <= most:
        return []
    return [
        f"QUOTER_TARGET: the balances, {plain(position)} {config.instrument.base} and "
        f"{plain(cash)} {config.instrument.quote}, are worth {float(most):.8g} "
        f"{config.instrument.base}: the target can't be reached (got {config.target:f})"
    ]


def loss_within_a_minute(limits: Limits, *, sigma: float) -> list[str]:
    """Return a line if a usual move of one minute loses QUOTER_LOSS_MAX at full inventory.

    A usual move is one standard deviation. sigma: quote per base and square root of a second.
    """
    loss = sigma * sqrt(MINUTE_S) * float(limits.inventory_max)
    if loss < float(limits.loss_max):
        return []
    return [
        f"QUOTER_LOSS_MAX: with the inventory at QUOTER_INVENTORY_MAX, a move of one standard "
        f"deviation in a minute loses {loss:.2f}: the loss limit will kill within minutes "
        f"(got {limits.loss_max:f})"
    ]


def check_target(config: EngineConfig) -> None:
    """Raise StartFailed if holdings and target differ by more than QUOTER_INVENTORY_MAX."""
    base, limit = config.instrument.base, config.limits.inventory_max
    distance = config.opening.get(base, Decimal(0)) - config.target
    if not abs(distance) <= limit:
        raise StartFailed(
            ExitCode.USAGE,
            f"QUOTER_TARGET: the holdings are {distance:+f} {base} from the target, "
            f"more than QUOTER_INVENTORY_MAX ({limit:f}): set QUOTER_TARGET=auto, "
            "or buy or sell the difference by hand first",
        )


def beyond_collar(limits: Limits, terms: QuoteTerms) -> list[str]:
    """Return a line if a side of this quote is farther from fair value than the price collar."""
    fair, price_collar_bps = terms.inputs.fair, float(limits.price_collar) * 1e4
    deltas = [delta for delta in (terms.delta_bid, terms.delta_ask) if delta is not None]
    farthest_bps = max(deltas, default=0.0) / fair * 1e4
    if farthest_bps <= price_collar_bps:
        return []
    return [
        f"QUOTER_PRICE_COLLAR_BPS: the quote is {farthest_bps:.0f} bps from fair value, so "
        f"its orders are denied (got {price_collar_bps:g})"
    ]
