"""Symbol filters: the checks of new orders, and their rows in exchangeInfo."""

from decimal import Decimal

from quoter.sandbox.protocol.answers import bad_request
from quoter.sandbox.protocol.payloads import ZERO, Json, number
from quoter.sim.messages import MarketSpec, OrderKind

PRICE_TICKS_MAX = 10**9
NOTIONAL_MAX = Decimal(9_000_000)
ORDER_AMENDMENTS_MAX = 10  # of one order
ORDERS_OPEN_MAX = 200  # of one account on one symbol
PRICE_RATIO_MIN, PRICE_RATIO_MAX = Decimal("0.2"), Decimal(5)  # of the average price
AVERAGE_MINUTES = 5


def check_filters(market: MarketSpec, kind: OrderKind, price: Decimal, size: Decimal) -> None:
    """Check PRICE_FILTER, LOT_SIZE and NOTIONAL, in Binance's order. Raises ApiError(-1013).

    `price`: quote/base; of a MARKET order the best opposite price. `size`: base.
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
    _check_notional(market, price * size)


def check_quote_filters(market: MarketSpec, quote: Decimal, size: Decimal) -> None:
    """Check LOT_SIZE and NOTIONAL of a market order given as an amount of quote currency.

    `size`: base, what the book gives for the amount. Raises ApiError(-1013).
    """
    if quote <= 0:
        raise bad_request(-1013, "Invalid quote order qty.")
    _check_notional(market, quote)
    if not market.size_min <= size <= market.size_max:
        raise bad_request(-1013, "Filter failure: LOT_SIZE")


def check_percent_price(price: Decimal, average: Decimal) -> None:
    """Check PERCENT_PRICE_BY_SIDE, whose limits are the same for both sides here.

    `average`: quote/base, volume-weighted over the last AVERAGE_MINUTES. Raises ApiError(-1013).
    """
    if not PRICE_RATIO_MIN * average <= price <= PRICE_RATIO_MAX * average:
        raise bad_request(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")


def check_open_orders(count: int) -> None:
    """Check MAX_NUM_ORDERS for one more order beside `count` open ones. Raises ApiError(-2010)."""
    if count >= ORDERS_OPEN_MAX:
        raise bad_request(-2010, "Filter failure: MAX_NUM_ORDERS")


def _check_notional(market: MarketSpec, notional: Decimal) -> None:
    if not market.notional_min <= notional <= NOTIONAL_MAX:
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
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{PRICE_RATIO_MAX}",
            "bidMultiplierDown": f"{PRICE_RATIO_MIN}",
            "askMultiplierUp": f"{PRICE_RATIO_MAX}",
            "askMultiplierDown": f"{PRICE_RATIO_MIN}",
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": ORDERS_OPEN_MAX},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": ORDER_AMENDMENTS_MAX},
    ]
