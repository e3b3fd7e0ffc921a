"""Klines, tickers and average prices of a symbol, as REST answers and as stream events.

Everything is computed from the bars of `History` on request. Rows have the field names of the REST
API; events have the streams' letters for the same fields.
"""

from decimal import Decimal

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.exchange.bars import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Bar,
    interval_end_ms,
    interval_start_ms,
)
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol.filters import AVERAGE_MINUTES
from quoter.sandbox.protocol.payloads import Json, number
from quoter.sim.messages import MarketSpec

WINDOWS_MS = {"1h": HOUR_MS, "4h": 4 * HOUR_MS, "1d": DAY_MS}  # of the rolling window streams

_MINI = ("symbol", "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume")
_PERIOD = ("openTime", "closeTime", "firstId", "lastId", "count")
MINI = (*_MINI, *_PERIOD)
ROLLING = ("symbol", "priceChange", "priceChangePercent", "weightedAvgPrice", *_MINI[1:], *_PERIOD)

_KLINE_LETTERS = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
_MINI_LETTERS = {
    "s": "symbol",
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
}
_ROLLING_LETTERS = {
    "s": "symbol",
    "p": "priceChange",
    "P": "priceChangePercent",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "c": "lastPrice",
    "w": "weightedAvgPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
_TICKER_LETTERS = _ROLLING_LETTERS | {
    "x": "prevClosePrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
}


def kline_row(bar: Bar, interval: str) -> list[object]:
    """Return a bar as a kline array."""
    return [
        bar.start_ms,
        number(bar.open),
        number(bar.high),
        number(bar.low),
        number(bar.close),
        number(bar.volume),
        interval_end_ms(interval, bar.start_ms),
        number(bar.volume_quote),
        bar.trades,
        number(bar.bought),
        number(bar.bought_quote),
        "0",
    ]


def kline_events(
    venue: Venue, market: MarketSpec, interval: str, *, since_ns: int, now_ns: int
) -> list[Json]:
    """Return `kline` events: for each bar that ended since `since_ns`, and for the current bar.

    The field `x` is true for ended bars.
    """
    now_ms = now_ns // NS_PER_MS
    first_ms = interval_start_ms(interval, since_ns // NS_PER_MS)
    bars = venue.history.bars(market, now_ns).klines(interval, first_ms)
    events: list[Json] = []
    for bar in bars:
        kline = dict(zip(_KLINE_LETTERS, kline_row(bar, interval), strict=True)) | {
            "s": market.symbol,
            "i": interval,
            "f": bar.first_id,
            "L": bar.last_id,
            "x": bar is not bars[-1],
        }
        events.append({"e": "kline", "E": now_ms, "s": market.symbol, "k": kline})
    return events


def day_ticker(venue: Venue, market: MarketSpec, now_ns: int) -> Json:
    """Return the row of ticker/24hr, which also has the best prices."""
    now_ms = now_ns // NS_PER_MS
    row = rolling_ticker(venue, market, now_ns=now_ns, open_ms=now_ms - DAY_MS, close_ms=now_ms)
    bars = venue.history.bars(market, now_ns)
    bid, ask = venue.best(market.symbol)
    return row | {
        "prevClosePrice": row["openPrice"],
        "lastQty": number(bars.last_size),
        "bidPrice": number(bid[0]),
        "bidQty": number(bid[1]),
        "askPrice": number(ask[0]),
        "askQty": number(ask[1]),
    }


def rolling_ticker(
    venue: Venue, market: MarketSpec, *, now_ns: int, open_ms: int, close_ms: int
) -> Json:
    """Return price change and volume of the trades since `open_ms`."""
    total = venue.history.bars(market, now_ns).window(open_ms)
    change = total.close - total.open
    weighted = total.volume_quote / total.volume if total.volume else total.close
    return {
        "symbol": market.symbol,
        "priceChange": number(change),
        "priceChangePercent": f"{100 * change / total.open:.3f}",
        "weightedAvgPrice": rounded(weighted),
        "openPrice": number(total.open),
        "highPrice": number(total.high),
        "lowPrice": number(total.low),
        "lastPrice": number(total.close),
        "volume": number(total.volume),
        "quoteVolume": number(total.volume_quote),
        "openTime": open_ms,
        "closeTime": close_ms,
        "firstId": total.first_id,
        "lastId": total.last_id,
        "count": total.trades,
    }


def ticker_event(venue: Venue, market: MarketSpec, now_ns: int) -> Json:
    """Return a `24hrTicker` event."""
    return _event("24hrTicker", day_ticker(venue, market, now_ns), _TICKER_LETTERS, now_ns)


def mini_ticker_event(venue: Venue, market: MarketSpec, now_ns: int) -> Json:
    """Return a `24hrMiniTicker` event."""
    return _event("24hrMiniTicker", day_ticker(venue, market, now_ns), _MINI_LETTERS, now_ns)


def window_event(venue: Venue, market: MarketSpec, window: str, now_ns: int) -> Json:
    """Return an event `1hTicker`, `4hTicker` or `1dTicker`. The window begins at a full minute."""
    now_ms = now_ns // NS_PER_MS
    open_ms = now_ms - WINDOWS_MS[window]
    row = rolling_ticker(
        venue, market, now_ns=now_ns, open_ms=open_ms - open_ms % MINUTE_MS, close_ms=now_ms
    )
    return _event(f"{window}Ticker", row, _ROLLING_LETTERS, now_ns)


def average(venue: Venue, market: MarketSpec, now_ns: int) -> tuple[Decimal, int]:
    """Return the volume-weighted mean price of five minutes, and the time of the last trade (ms).

    Without a trade in that time the price is the last price.
    """
    bars = venue.history.bars(market, now_ns)
    total = bars.window(now_ns // NS_PER_MS - AVERAGE_MINUTES * MINUTE_MS)
    price = total.volume_quote / total.volume if total.volume else bars.price
    return price, bars.last_ms


def average_event(venue: Venue, market: MarketSpec, now_ns: int) -> Json:
    """Return an `avgPrice` event."""
    price, last_ms = average(venue, market, now_ns)
    return {
        "e": "avgPrice",
        "E": now_ns // NS_PER_MS,
        "s": market.symbol,
        "i": f"{AVERAGE_MINUTES}m",
        "w": rounded(price),
        "T": last_ms,
    }


def rounded(price: Decimal) -> str:
    """Format an average, which has eight decimals."""
    return f"{price:.8f}"


def _event(kind: str, row: Json, letters: dict[str, str], now_ns: int) -> Json:
    fields = {letter: row[name] for letter, name in letters.items()}
    return {"e": kind, "E": now_ns // NS_PER_MS} | fields
