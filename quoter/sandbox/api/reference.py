"""Public requests: clock, symbols, order book, trades, bars and tickers."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS
from quoter.sandbox.api.operation import Request, limited, listed
from quoter.sandbox.exchange.faults import BOOK_SIDES, FaultKind, without
from quoter.sandbox.exchange.history import INTERVALS_MS, PRINTS_MAX
from quoter.sandbox.exchange.rate_limits import rules
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.answers import bad_request, missing
from quoter.sandbox.protocol.filters import filter_rows
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sandbox.protocol.payloads import Json, number
from quoter.sim.messages import MarketSpec, OrderKind, SelfTrade

DEPTH_DEFAULT = 100
DEPTH_MAX = 5_000
ROWS_DEFAULT = 500
ROWS_MAX = 1_000
ASSET_DECIMALS = 8
SELF_TRADE_DEFAULT = SelfTrade.EXPIRE_MAKER

type Row = Callable[[Request, str], Json]


def ping(_request: Request) -> Json:
    """Return an empty answer."""
    return {}


def server_time(request: Request) -> Json:
    """Return the exchange's clock in milliseconds."""
    return {"serverTime": request.clock_ns // NS_PER_MS}


def exchange_info(request: Request) -> Json:
    """Return the rate limits and the requested symbols (all by default)."""
    venue = request.venue
    markets = [listed(venue, symbol) for symbol in _symbols(request.parameters)]
    return {
        "timezone": "UTC",
        "serverTime": request.clock_ns // NS_PER_MS,
        "rateLimits": rules(venue.config.limits),
        "exchangeFilters": [],
        "symbols": [_symbol_row(venue, market) for market in markets or venue.markets.values()],
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
        book = without(book, armed.fault.event)
    return payloads.depth(book)


def depth_weight(parameters: Parameters) -> int:
    """Return the request weight, which grows with the depth."""
    limit = parameters.integer("limit", DEPTH_DEFAULT)
    steps = ((100, 5), (500, 25), (1_000, 50))
    return next((weight for most, weight in steps if limit <= most), 250)


def recent_trades(request: Request) -> list[Json]:
    """Return the newest public trades, oldest first."""
    symbol = request.market().symbol
    limit = limited(request.parameters, default=ROWS_DEFAULT, most=ROWS_MAX)
    return [payloads.public_trade(item) for item in request.venue.history.prints(symbol, limit)]


def aggregate_trades(request: Request) -> list[Json]:
    """Return aggregate trades; each one consists of a single trade here.

    `fromId` is the first id; `startTime` and `endTime` (ms) bound the time, both included.
    """
    given = request.parameters
    limit = limited(given, default=ROWS_DEFAULT, most=ROWS_MAX)
    first, begin_ms = given.integer("fromId", 0), given.integer("startTime", 0)
    end_ms = given.integer("endTime", request.now_ns // NS_PER_MS)
    prints = request.venue.history.prints(request.market().symbol, PRINTS_MAX)
    chosen = [
        item
        for item in prints
        if item.trade_id >= first and begin_ms <= item.ts_ns // NS_PER_MS <= end_ms
    ]
    is_from_start = first > 0 or begin_ms > 0
    rows = chosen[:limit] if is_from_start else chosen[-limit:]
    return [payloads.aggregate_trade(item) for item in rows]


def klines(request: Request) -> list[list[object]]:
    """Return bars of the mid price, `1s` or `1m`, oldest first."""
    symbol = request.market().symbol
    parameters = request.parameters
    interval = parameters.text("interval")
    if interval not in INTERVALS_MS:
        raise bad_request(-1120, "Invalid interval.")
    limit = limited(parameters, default=ROWS_DEFAULT, most=ROWS_MAX)
    start_ms = parameters.integer("startTime")
    end_ms = parameters.integer("endTime", request.now_ns // NS_PER_MS)
    bars = request.venue.history.bars(symbol, interval).bars
    rows = [bar.row(INTERVALS_MS[interval]) for bar in bars if start_ms <= bar.start_ms <= end_ms]
    return rows[:limit] if start_ms else rows[-limit:]


def book_ticker(request: Request) -> Json | list[Json]:
    """Return best bid and ask of one symbol or of all."""
    return _one_or_all(request, _best_row)


def price_ticker(request: Request) -> Json | list[Json]:
    """Return the last traded price of one symbol or all; the mid before the first trade."""
    return _one_or_all(request, _price_row)


def ticker_weight(parameters: Parameters) -> int:
    """Return the request weight: 2 for one symbol, 4 for all."""
    return 2 if "symbol" in parameters else 4


def best(request: Request, symbol: str, side: Side) -> tuple[str, str]:
    """Return price and size of the best level of a side, zeros if it is empty."""
    book = request.venue.exchange.depth(symbol, 1)
    levels = book.bids if side is Side.BUY else book.asks
    return (number(levels[0][0]), number(levels[0][1])) if levels else (payloads.ZERO,) * 2


def _best_row(request: Request, symbol: str) -> Json:
    bid, ask = best(request, symbol, Side.BUY), best(request, symbol, Side.SELL)
    return {
        "symbol": symbol,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
    }


def _price_row(request: Request, symbol: str) -> Json:
    prints = request.venue.history.prints(symbol, 1)
    price = prints[-1].price if prints else request.venue.markets[symbol].mid
    return {"symbol": symbol, "price": number(price)}


def _one_or_all(request: Request, row: Row) -> Json | list[Json]:
    if "symbol" in request.parameters:
        return row(request, request.market().symbol)
    symbols = _symbols(request.parameters) or list(request.venue.markets)
    return [row(request, listed(request.venue, symbol).symbol) for symbol in symbols]


def _symbols(parameters: Parameters) -> list[str]:
    if "symbol" in parameters:
        return [parameters.symbol()]
    if "symbols" not in parameters:
        return []
    try:
        symbols = msgspec.json.decode(parameters.text("symbols"), type=list[str])
    except msgspec.DecodeError:
        raise missing("symbols") from None
    if len(set(symbols)) != len(symbols):
        raise bad_request(-1151, "Symbol is present multiple times in the list.")
    return symbols


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
        "quoteOrderQtyMarketAllowed": False,
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
