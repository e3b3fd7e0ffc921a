"""A market's tick, lot and minimums as exact decimals, and whether quoter can quote it."""

from decimal import Decimal

from quoter.domain.errors import MarketUnfit, VenueError, VenueUnavailable
from quoter.domain.instrument import Instrument
from quoter.venues.ccxt.types import Exchange
from quoter.venues.json_values import ZERO, Json, as_list, as_map, decimal, text
from quoter.venues.profiles import VenueProfile

IDENTITY = ("id", "base", "quote", "type")  # fields that identify a market in requests and balances
DECIMAL_PLACES, SIGNIFICANT_DIGITS, TICK_SIZE = 2, 3, 4  # ccxt's precision modes
SIZE_MAX = Decimal(10**12)  # where the venue gives no maximum


def instrument(
    market: Json, *, precision_mode: int, fee_maker: Decimal | None, has_filters: bool
) -> Instrument:
    """Return the instrument of a ccxt market. Raises VenueError if tick, lot or fee is unknown.

    `fee_maker`: a fraction of notional; None: the one that ccxt lists. `has_filters`: the rules
    come from Binance's filters, and a missing one raises VenueError; elsewhere the market's own
    `filters` field is ignored.
    """
    symbol = text(market.get("symbol"))
    limits, precision = as_map(market.get("limits")), as_map(market.get("precision"))
    size_limits = as_map(limits.get("amount"))
    filters = _filters(market) if has_filters else None
    tick = _number(filters, "PRICE_FILTER", "tickSize")
    lot = _number(filters, "LOT_SIZE", "stepSize")
    tick = tick or _grid(precision.get("price"), precision_mode)
    lot = lot or _grid(precision.get("amount"), precision_mode)
    if tick is None or lot is None:
        raise VenueError(f"{symbol}: tick or lot is not known exactly")
    notional_kind = "NOTIONAL" if "NOTIONAL" in (filters or {}) else "MIN_NOTIONAL"
    notional = _number(filters, notional_kind, "minNotional")
    fee = fee_maker if fee_maker is not None else decimal(market.get("maker"))
    if fee is None:  # a fee of zero instead would make every spread too narrow
        raise VenueError(f"{symbol}: the maker fee is not known: set QUOTER_FEE_MAKER_BPS")
    return Instrument(
        symbol=symbol,
        venue_symbol=text(market.get("id")),
        base=text(market.get("base")),
        quote=text(market.get("quote")),
        tick=tick,
        lot=lot,
        size_min=_number(filters, "LOT_SIZE", "minQty") or decimal(size_limits.get("min")) or lot,
        size_max=_number(filters, "LOT_SIZE", "maxQty")
        or decimal(size_limits.get("max"))
        or SIZE_MAX,
        # ZERO: many venues have no such rule; where ccxt does not know it, the venue refuses orders
        # that break it. Binance's filter must be there.
        notional_min=notional or decimal(as_map(limits.get("cost")).get("min")) or ZERO,
        fee_maker=fee,
    )


def check_same_market(held: Json, market: Json) -> None:
    """Raise VenueError if the venue's row names another market than the one in use.

    A create for it would differ from the approved order, and our resting orders have the old name.
    """
    for name in IDENTITY:
        before, now = text(held.get(name)), text(market.get(name))
        if now != before:
            raise VenueError(
                f"{text(held.get('symbol'))}: the venue changed its {name} from {before} to {now}:"
                " restart quoter"
            )


def check_quotable(exchange: Exchange, market: Json) -> None:
    """Raise VenueUnavailable unless the market trades now, MarketUnfit if it can't be quoted."""
    symbol = text(market.get("symbol"))
    if market.get("active") is False:
        raise VenueUnavailable(f"{symbol} is not trading")
    if market.get("spot") is not True:
        raise MarketUnfit(f"{symbol} is not a spot market")
    order_types = as_list(as_map(market.get("info")).get("orderTypes"))
    create = as_map(as_map(exchange.features.get("spot")).get("createOrder"))
    has_post_only = bool(as_map(create.get("timeInForce")).get("PO"))
    if not has_post_only or (order_types and "LIMIT_MAKER" not in order_types):
        raise MarketUnfit(f"{exchange.id} {symbol}: no post-only orders, so it can't be quoted")


def check_self_trade(profile: VenueProfile, market: Json) -> None:
    """Raise VenueError if a Binance market lacks the self-trade prevention of our creates.

    Other venues do not list the modes of a market: there nothing is checked.
    """
    if profile.family != "binance":
        return
    modes = as_list(as_map(market.get("info")).get("allowedSelfTradePreventionModes"))
    if profile.self_trade and profile.self_trade not in modes:
        raise VenueError(
            f"{profile.name} {text(market.get('symbol'))}: does not allow self-trade "
            f"prevention {profile.self_trade}, so it can't be quoted (it allows {list(modes)})"
        )


def _filters(market: Json) -> dict[str, Json]:
    """Return Binance's filters by their type; none where the market's row lacks them."""
    rows = as_list(as_map(market.get("info")).get("filters"))
    return {text(row.get("filterType")): row for row in map(as_map, rows)}


def _number(filters: dict[str, Json] | None, kind: str, name: str) -> Decimal | None:
    """Return a number of a filter; None for zero ("no rule") and at venues without filters.

    Raises VenueError where there are filters, but the number is missing or below zero.
    """
    if filters is None:
        return None
    value = decimal(filters.get(kind, {}).get(name))
    if value is None or value < 0:
        raise VenueError(f"the venue's filter {kind} has no {name} of zero or more")
    return value.normalize() if value else None


def _grid(precision: object, mode: int) -> Decimal | None:
    """Return the step of ccxt's precision; None for significant digits: they have no step."""
    value = decimal(precision)
    if value is None or mode == SIGNIFICANT_DIGITS:
        return None
    if mode == DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(value))
    return value if value > 0 else None
