"""The order rules: an order intent becomes an order only if every rule allows it.

A rule returns the reason for which it denies the order, or None. A rule that can't be evaluated
denies the order.
"""

from collections.abc import Callable
from decimal import Decimal

from quoter.domain.commands import (
    Denied,
    OrderIntent,
    OrderRule,
    PlaceOrder,
    TimeInForce,
    Verdict,
)
from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.trading import Phase, TradingState
from quoter.domain.units import NS_PER_MS
from quoter.risk.view import Limits, RiskView, reduces, reducing_headroom


def check_trading_state(intent: OrderIntent, view: RiskView, _: Limits) -> str | None:
    """Deny unless RUNNING, or REDUCE_ONLY and the order can't grow or flip the inventory.

    An order that takes liquidity is allowed in REDUCE_ONLY only: nothing but `flatten` sends one.
    """
    if view.phase is not Phase.LIVE:
        return f"no orders are sent in phase {view.phase}"
    if view.state is TradingState.RUNNING:
        takes = intent.time_in_force is TimeInForce.IOC
        return "an order that takes liquidity is only allowed in REDUCE_ONLY" if takes else None
    if view.state is not TradingState.REDUCE_ONLY:
        return f"no orders are sent in state {view.state.name}"
    headroom = reducing_headroom(intent.side, view)
    if not intent.size <= headroom:
        size, most = plain(intent.size), plain(max(headroom, 0 * headroom))
        return f"REDUCE_ONLY: a {intent.side} of {size}, but at most {most} reduces the inventory"
    return None


def check_market_data(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Deny without a usable, fresh book, or if it is too wide, too thin or newer than the price."""
    if not view.book_ready:
        return "no usable book"
    if not view.is_fresh:
        return "the book is too old, or was proven wrong"
    spread, mid = view.best_ask - view.best_bid, (view.best_ask + view.best_bid) / 2
    if not (spread.is_finite() and 0 < spread <= limits.book_spread_max * mid):
        prices = f"bid {plain(view.best_bid)} and ask {plain(view.best_ask)}"
        most = _bps(limits.book_spread_max)
        return f"{prices} are crossed, or above {most} bps apart (QUOTER_BOOK_SPREAD_MAX_BPS)"
    depth = min(view.depth_bid, view.depth_ask)
    least = intent.size if limits.book_depth_min is None else limits.book_depth_min
    if not depth >= least:
        return (
            f"a side of the book has {plain(depth)} in its best levels, less than {plain(least)} "
            "(QUOTER_BOOK_DEPTH_MIN, or the size of the order)"
        )
    if intent.book_seq != view.book_seq:
        return f"priced from update {intent.book_seq} of the book, which is at {view.book_seq} now"
    return None


def check_order_size(intent: OrderIntent, _: RiskView, limits: Limits) -> str | None:
    """Deny a size that is not finite, not positive, or above the limit of one order."""
    if not (intent.size.is_finite() and intent.size > 0):
        return f"size {plain(intent.size)} is not above zero"
    if not intent.size <= limits.size_max:
        return f"size {plain(intent.size)} is above the order limit {plain(limits.size_max)}"
    return None


def check_order_notional(intent: OrderIntent, _: RiskView, limits: Limits) -> str | None:
    """Deny a notional that is not a number, not positive, or above the limit of one order."""
    notional = intent.size * intent.price
    if not 0 < notional <= limits.notional_max:
        most = plain(limits.notional_max)
        return f"the order is worth {plain(notional)}, not within 0 to {most} (QUOTER_NOTIONAL_MAX)"
    return None


def check_price_collar(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Deny a price outside the collar around the reference prices, or if there are none.

    The references are mid, last trade and mean mid of the last minute. An order that may add
    inventory must be near all of them. An order that can only reduce must be near one of them, so
    that a fast market does not prevent us from reducing.
    """
    price, low, high = intent.price, view.reference_low, view.reference_high
    if not (price.is_finite() and price > 0):
        return f"price {plain(price)} is not above zero"
    if not (low.is_finite() and high.is_finite() and 0 < low <= high):
        return f"no reference price can be used: lowest {plain(low)}, highest {plain(high)}"
    least, most = low * (1 - limits.price_collar), high * (1 + limits.price_collar)
    if not reduces(intent, view):
        least, most = high * (1 - limits.price_collar), low * (1 + limits.price_collar)
    if not least <= price <= most:
        collar = f"{_bps(limits.price_collar)} bps (QUOTER_PRICE_COLLAR_BPS)"
        references = f"the references {plain(low)} to {plain(high)}"
        return f"price {plain(price)} is outside {collar} of {references}"
    return None


def check_aggressive_price(intent: OrderIntent, view: RiskView, _: Limits) -> str | None:
    """Deny an order that would match one of ours, or that is not IOC and would take liquidity."""
    price, is_resting = intent.price, intent.time_in_force is not TimeInForce.IOC
    if intent.side is Side.BUY:
        if is_resting and not price < view.best_ask:
            return f"buy at {plain(price)} would take the ask {plain(view.best_ask)}"
        if view.own_ask is not None and not price < view.own_ask:
            return f"buy at {plain(price)} would cross our own sell at {plain(view.own_ask)}"
    else:
        if is_resting and not price > view.best_bid:
            return f"sell at {plain(price)} would take the bid {plain(view.best_bid)}"
        if view.own_bid is not None and not price > view.own_bid:
            return f"sell at {plain(price)} would cross our own buy at {plain(view.own_bid)}"
    return None


def check_worst_case_exposure(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Deny if this order and all of ours on its side could take inventory past the limit."""
    if intent.side is Side.BUY:
        worst = view.inventory + view.leaves_buy + intent.size
        if not worst <= limits.inventory_max:
            return f"inventory could reach {plain(worst)}, limit {plain(limits.inventory_max)}"
    else:
        worst = view.inventory - view.leaves_sell - intent.size
        if not worst >= -limits.inventory_max:
            return f"inventory could reach {plain(worst)}, limit {plain(-limits.inventory_max)}"
    return None


# share of the limit that orders may use, and below which NOTIONAL_LIMIT clears
ORDERS_SHARE = Decimal("0.95")


def worst_notional(
    *, inventory: Decimal, leaves_buy: Decimal, leaves_sell: Decimal, price: Decimal, limits: Limits
) -> Decimal:
    """Largest possible value of the inventory, quote: max(|q+B|, |q-S|) at `price` plus the collar.

    q, B, S: inventory and leaves, base. `price` is the higher of mid and best ask.
    """
    worst = max(abs(inventory + leaves_buy), abs(inventory - leaves_sell))
    return worst * price * (1 + limits.price_collar)


def base_headroom(limits: Limits, price: Decimal) -> Decimal:
    """Largest inventory, base, that orders may lead to at `price` (quote/base).

    Raises ArithmeticError at a price of zero.
    """
    if limits.position_notional_max is None:
        return limits.inventory_max
    worth = ORDERS_SHARE * limits.position_notional_max / (price * (1 + limits.price_collar))
    return min(limits.inventory_max, worth)


def check_position_notional(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Deny if this side could take the inventory's value past ORDERS_SHARE of its limit.

    An order that only reduces passes.
    """
    if limits.position_notional_max is None:
        return None
    if intent.side is Side.BUY:
        worst = view.inventory + view.leaves_buy + intent.size
    else:
        worst = view.leaves_sell + intent.size - view.inventory
    if not worst <= base_headroom(limits, view.best_ask):
        reach = f"inventory could reach {plain(worst)}; at {plain(view.best_ask)} plus the collar"
        share = f"{plain(ORDERS_SHARE * 100)} % of {plain(limits.position_notional_max)}"
        return f"{reach} its value exceeds {share} (QUOTER_POSITION_NOTIONAL_MAX)"
    return None


def check_balance(intent: OrderIntent, view: RiskView, _: Limits) -> str | None:
    """Deny on a spot account if the free balance in our books is too small or unknown."""
    if view.is_spot is False:
        return None
    if view.base_held is None or view.quote_held is None:
        return "our balances are not known"
    if intent.side is Side.SELL:
        free = view.base_held - view.leaves_sell
        if not intent.size <= free:
            return f"a sell of {plain(intent.size)}, but only {plain(free)} is free"
    else:
        free = view.quote_held - view.notional_buy
        if not intent.size * intent.price <= free:
            cost = plain(intent.size * intent.price)
            return f"a buy for {cost}, but only {plain(free)} of the quote currency is free"
    return None


APART_NS = 500 * NS_PER_MS  # minimum time between two equal orders while the first may be live


def check_duplicate_intent(_: OrderIntent, view: RiskView, __: Limits) -> str | None:
    """Deny while an equal order, younger than half a second, may still be live."""
    if view.duplicate_ns is not None and not view.ts_ns - view.duplicate_ns >= APART_NS:
        age_ms = (view.ts_ns - view.duplicate_ns) / NS_PER_MS
        return f"an equal order, {age_ms:.0f} ms old, may still be live"
    return None


def _bps(fraction: Decimal) -> str:
    return plain(float(fraction * 10_000))


type Rule = Callable[[OrderIntent, RiskView, Limits], str | None]

RULES: tuple[tuple[OrderRule, Rule], ...] = (
    (OrderRule.TRADING_STATE, check_trading_state),
    (OrderRule.MARKET_DATA, check_market_data),
    (OrderRule.ORDER_SIZE, check_order_size),
    (OrderRule.ORDER_NOTIONAL, check_order_notional),
    (OrderRule.PRICE_COLLAR, check_price_collar),
    (OrderRule.AGGRESSIVE_PRICE, check_aggressive_price),
    (OrderRule.WORST_CASE_EXPOSURE, check_worst_case_exposure),
    (OrderRule.POSITION_NOTIONAL, check_position_notional),
    (OrderRule.BALANCE, check_balance),
    (OrderRule.DUPLICATE_INTENT, check_duplicate_intent),
)


def check_order(intent: OrderIntent, view: RiskView, limits: Limits) -> Verdict:
    """Return the approved order, or the first rule that denies it, with its figures."""
    for name, rule in RULES:
        try:
            text = rule(intent, view, limits)
        except Exception as error:  # noqa: BLE001 - a NaN, a None: what can't be judged is denied
            text = f"can't be evaluated: {type(error).__name__}: {error}"
        if text is not None:
            return Denied(intent=intent, rule=name, text=text)
    return PlaceOrder(
        client_id=intent.client_id,
        side=intent.side,
        price=intent.price,
        size=intent.size,
        decided_ns=view.ts_ns,
        time_in_force=intent.time_in_force,
        book_seq=intent.book_seq,
        # Where both sides are allowed, a later order may use the headroom of this one.
        reduces=view.state is TradingState.REDUCE_ONLY,
    )
