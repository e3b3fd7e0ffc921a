"""Symbol filters: the checks of new orders, and their rows in exchangeInfo."""

from decimal import Decimal

from quoter.sandbox.protocol.answers import bad_request
from quoter.sandbox.protocol.payloads import ZERO, Json, number
from quoter.sim.messages import MarketSpec, OrderKind

PRICE_TICKS_MAX = 10**9
NOTIONAL_MAX = Decimal(9_000_000)
ORDER_AMENDMENTS_MAX = 10  # of one order


def check_filters(market: MarketSpec, kind: OrderKind, price: Decimal, size: Decimal) -> None:
    """Check PRICE_FILTER, LOT_SIZE and NOTIONAL, in Binance's order. Raises ApiError(-1013).

    price quote/base, for MARKET the best opposite price; size base.
    """
    if size <= 0:
        raise bad_request(-1013, "Invalid quantity.")
    if kind is not OrderKind.MARKET:
        if price <= 0:
            raise bad_request(-1013, "Invalid price.")
        if price % market.tick or price > market.tick * PRICE_TICKS_MAX:
            raise bad_request(-1013, "Filter failure: PRICE_FILTER")
    if size % market.lot or not market.size_min <= size <= market.size_max:
        raise bad_request(-1013, "Filter failure: LOT_SIZE")
    if not market.notional_min <= price * size <= NOTIONAL_MAX:
        raise bad_request(-1013, "Filter failure: NOTIONAL")


def filter_rows(market: MarketSpec) -> list[Json]:
    """Return the filters as exchangeInfo lists them."""
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": number(market.tick),
            "maxPrice": number(market.tick * PRICE_TICKS_MAX),
            "tickSize": number(market.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": number(market.size_min),
            "maxQty": number(market.size_max),
            "stepSize": number(market.lot),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": ZERO,
            "maxQty": number(market.size_max),
            "stepSize": ZERO,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": number(market.notional_min),
            "applyMinToMarket": True,
            "maxNotional": number(NOTIONAL_MAX),
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": ORDER_AMENDMENTS_MAX},
    ]
