"""Public requests for statistics of trades: klines, average price and tickers.

Each function answers a request, or raises ApiError if the exchange refuses it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.api.operation import Request, limited, listed, symbols
from quoter.sandbox.exchange.bars import DAY_MS, HOUR_MS, INTERVALS, MINUTE_MS
from quoter.sandbox.exchange.statistics import (
    MINI,
    average,
    day_ticker,
    kline_row,
    rolling_ticker,
    rounded,
)
from quoter.sandbox.protocol.answers import bad_request, missing_either
from quoter.sandbox.protocol.filters import AVERAGE_MINUTES
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sandbox.protocol.payloads import Json, number
from quoter.sim.messages import MarketSpec

SYMBOLS_MAX = 100
WEIGHT_PER_SYMBOL = 4
WEIGHT_MAX = 200

_WINDOW = re.compile(r"([1-9][0-9]?)([mhd])")
_WINDOW_UNITS = {"m": (MINUTE_MS, 59), "h": (HOUR_MS, 23), "d": (DAY_MS, 7)}
_ZONE = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-9]{2}))?")
_ZONE_MINUTES = (-12 * 60, 14 * 60)

type Row = Callable[[Request, MarketSpec], Json]


def klines(request: Request) -> list[list[object]]:
    """Return bars of the trades, oldest first: from `startTime`, else the newest ones."""
    market, given = request.market(), request.parameters
    interval = given.text("interval")
    if interval not in INTERVALS:
        raise bad_request(-1120, "Invalid interval.")
    if _zone(given.text("timeZone", "0")).utcoffset(None):
        raise bad_request(-1120, "The sandbox has klines of UTC only.")
    limit = limited(given)
    start_ms = given.integer("startTime")
    end_ms = given.integer("endTime", request.now_ns // NS_PER_MS)
    bars = request.venue.history.bars(market, request.now_ns).klines(interval, start_ms)
    rows = [kline_row(bar, interval) for bar in bars if bar.start_ms <= end_ms]
    return rows[:limit] if start_ms else rows[-limit:]


def average_price(request: Request) -> Json:
    """Return the volume-weighted average price of the last AVERAGE_MINUTES."""
    price, last_ms = average(request.venue, request.market(), request.now_ns)
    return {"mins": AVERAGE_MINUTES, "price": rounded(price), "closeTime": last_ms}


def day(request: Request) -> Json | list[Json]:
    """Return the statistics of the last 24 hours, of one symbol or of all."""
    return _one_or_all(request, lambda one, market: day_ticker(one.venue, market, one.now_ns))


def trading_day(request: Request) -> Json | list[Json]:
    """Return the statistics since midnight in the time zone of the request."""
    _check_named(request.parameters)
    zone = _zone(request.parameters.text("timeZone", "0"))
    now = datetime.fromtimestamp(request.now_ns // NS_PER_MS / 1_000, zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    open_ms = round(midnight.timestamp()) * 1_000
    return _one_or_all(
        request,
        lambda one, market: rolling_ticker(
            one.venue, market, now_ns=one.now_ns, open_ms=open_ms, close_ms=open_ms + DAY_MS - 1
        ),
    )


def rolling(request: Request) -> Json | list[Json]:
    """Return the statistics of a window of 1m to 7d, which begins at a full minute."""
    _check_named(request.parameters)
    now_ms = request.now_ns // NS_PER_MS
    open_ms = now_ms - _window_ms(request.parameters.text("windowSize", "1d"))
    open_ms -= open_ms % MINUTE_MS
    return _one_or_all(
        request,
        lambda one, market: rolling_ticker(
            one.venue, market, now_ns=one.now_ns, open_ms=open_ms, close_ms=now_ms
        ),
    )


def price(request: Request) -> Json | list[Json]:
    """Return the last traded price of one symbol or of all."""
    return _one_or_all(
        request,
        lambda one, market: {
            "symbol": market.symbol,
            "price": number(one.venue.history.bars(market, one.now_ns).price),
        },
    )


def book(request: Request) -> Json | list[Json]:
    """Return best bid and ask of one symbol or of all."""
    return _one_or_all(request, _best_row)


def book_weight(parameters: Parameters) -> int:
    """Return the request weight of the price and the book ticker."""
    return 2 if "symbol" in parameters else 4


def day_weight(parameters: Parameters) -> int:
    """Return the request weight of the 24 h ticker."""
    if "symbol" in parameters:
        return 2
    named = len(symbols(parameters))
    return 2 if 0 < named <= 20 else 40 if 0 < named <= 100 else 80


def rolling_weight(parameters: Parameters) -> int:
    """Return the request weight of the other tickers."""
    return min(WEIGHT_MAX, WEIGHT_PER_SYMBOL * max(1, len(symbols(parameters))))


def _best_row(request: Request, market: MarketSpec) -> Json:
    bid, ask = request.venue.best(market.symbol)
    return {
        "symbol": market.symbol,
        "bidPrice": number(bid[0]),
        "bidQty": number(bid[1]),
        "askPrice": number(ask[0]),
        "askQty": number(ask[1]),
    }


def _one_or_all(request: Request, row: Row) -> Json | list[Json]:
    """Return the row of `symbol`, else a list of the rows of `symbols`, else of all symbols.

    `type` MINI shortens the rows.
    """
    given = request.parameters
    kind = given.text("type", "FULL")
    if kind not in ("FULL", "MINI"):
        raise bad_request(-1130, "Data sent for parameter 'type' is not valid.")

    def rows_of(market: MarketSpec) -> Json:
        full = row(request, market)
        return full if kind == "FULL" else {name: full[name] for name in MINI}

    if "symbol" in given and "symbols" in given:
        raise bad_request(-1128, "Combination of optional parameters invalid.")
    if "symbol" in given:
        return rows_of(request.market())
    chosen = symbols(given) or list(request.venue.markets)
    return [rows_of(listed(request.venue, symbol)) for symbol in chosen]


def _check_named(parameters: Parameters) -> None:
    """Raise ApiError unless one to SYMBOLS_MAX symbols are named."""
    if "symbol" not in parameters and "symbols" not in parameters:
        raise missing_either("symbol", "symbols")
    if len(symbols(parameters)) > SYMBOLS_MAX:
        raise bad_request(-1101, "Too many values sent for parameter 'symbols'.")


def _window_ms(text: str) -> int:
    match = _WINDOW.fullmatch(text)
    if match is None or int(match[1]) > _WINDOW_UNITS[match[2]][1]:
        raise bad_request(-1130, "Data sent for parameter 'windowSize' is not valid.")
    return int(match[1]) * _WINDOW_UNITS[match[2]][0]


def _zone(text: str) -> timezone:
    """Return a time zone such as `0`, `+5:45` or `-1:00`. Raises ApiError(-1130)."""
    match = _ZONE.fullmatch(text)
    minutes = 0 if match is None else int(match[2]) * 60 + int(match[3] or 0)
    if match is not None and match[1] == "-":
        minutes = -minutes
    if match is None or not _ZONE_MINUTES[0] <= minutes <= _ZONE_MINUTES[1]:
        raise bad_request(-1130, "Data sent for parameter 'timeZone' is not valid.")
    return timezone(timedelta(minutes=minutes)) if minutes else UTC
