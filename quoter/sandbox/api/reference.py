"""Public requests: clock, symbols, order book and trades.

Each function answers a request, or raises ApiError if the exchange refuses it.
"""

from dataclasses import replace

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.api.operation import Request, limited, listed, symbols
from quoter.sandbox.exchange.faults import BOOK_SIDES, FaultKind, without
from quoter.sandbox.exchange.rate_limits import rules
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.answers import bad_request
from quoter.sandbox.protocol.filters import filter_rows
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sandbox.protocol.payloads import Json
from quoter.sim.messages import MarketSpec, OrderKind, SelfTrade

DEPTH_DEFAULT = 100
DEPTH_MAX = 5_000
ASSET_DECIMALS = 8
SELF_TRADE_DEFAULT = SelfTrade.EXPIRE_MAKER


def ping(_request: Request) -> Json:
    """Return an empty answer."""
    return {}


def server_time(request: Request) -> Json:
    """Return the exchange's clock in milliseconds."""
    return {"serverTime": request.clock_ns // NS_PER_MS}


def exchange_info(request: Request) -> Json:
    """Return the rate limits and the requested symbols (all by default)."""
    venue = request.venue
    chosen = [listed(venue, symbol) for symbol in symbols(request.parameters)]
    return {
        "timezone": "UTC",
        "serverTime": request.clock_ns // NS_PER_MS,
        "rateLimits": rules(venue.config.limits),
        "exchangeFilters": [],
        "symbols": [_symbol_row(venue, market) for market in chosen or venue.markets.values()],
    }


def depth(request: Request) -> Json:
    """Return the order book of a symbol, best level first."""
    market = request.market()
    limit = request.parameters.integer("limit", DEPTH_DEFAULT)
    if limit < 1:
        raise bad_request(-1130, "Data sent for parameter 'limit' is not valid.")
    book, faults = (
        request.venue.exchange.depth(market.symbol, min(limit, DEPTH_MAX)),
        request.venue.faults,
    )
    if armed := faults.take(FaultKind.SNAPSHOT_IDS_SHIFTED, symbol=market.symbol):
        book = replace(book, last=book.last + armed.fault.shift)
    if armed := faults.take(FaultKind.ONE_SIDED_BOOK, symbol=market.symbol, events=BOOK_SIDES):
        book = without(book, armed.fault)
    return payloads.depth(book)


def depth_weight(parameters: Parameters) -> int:
    """Return the request weight, which grows with the depth."""
    limit = parameters.integer("limit", DEPTH_DEFAULT)
    steps = ((100, 5), (500, 25), (1_000, 50))
    return next((weight for most, weight in steps if limit <= most), 250)


def recent_trades(request: Request) -> list[Json]:
    """Return the newest public trades, oldest first."""
    symbol = request.market().symbol
    limit = limited(request.parameters)
    return [payloads.public_trade(item) for item in request.venue.history.prints(symbol, limit)]


def historical_trades(request: Request) -> list[Json]:
    """Return public trades from `fromId` on, oldest first; without it the newest."""
    symbol, given = request.market().symbol, request.parameters
    limit = limited(given)
    prints = request.venue.history.prints(symbol)
    if "fromId" in given:
        first = given.integer("fromId")
        rows = [item for item in prints if item.trade_id >= first][:limit]
    else:
        rows = prints[-limit:]
    return [payloads.public_trade(item) for item in rows]


def aggregate_trades(request: Request) -> list[Json]:
    """Return aggregate trades; each one consists of a single trade here.

    `fromId` is the first id; `startTime` and `endTime` (ms) bound the time, both included.
    """
    given = request.parameters
    limit = limited(given)
    first, begin_ms = given.integer("fromId", 0), given.integer("startTime", 0)
    end_ms = given.integer("endTime", request.now_ns // NS_PER_MS)
    prints = request.venue.history.prints(request.market().symbol)
    chosen = [
        item
        for item in prints
        if item.trade_id >= first and begin_ms <= item.ts_ns // NS_PER_MS <= end_ms
    ]
    is_from_start = first > 0 or begin_ms > 0
    rows = chosen[:limit] if is_from_start else chosen[-limit:]
    return [payloads.aggregate_trade(item) for item in rows]


def _symbol_row(venue: Venue, market: MarketSpec) -> Json:
    return {
        "symbol": market.symbol,
        "status": "BREAK" if market.symbol in venue.halted else "TRADING",
        "baseAsset": market.base,
        "baseAssetPrecision": ASSET_DECIMALS,
        "quoteAsset": market.quote,
        "quotePrecision": ASSET_DECIMALS,
        "quoteAssetPrecision": ASSET_DECIMALS,
        "baseCommissionPrecision": ASSET_DECIMALS,
        "quoteCommissionPrecision": ASSET_DECIMALS,
        "orderTypes": [kind.value for kind in OrderKind],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filter_rows(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": SELF_TRADE_DEFAULT.value,
        "allowedSelfTradePreventionModes": [mode.value for mode in SelfTrade],
    }
