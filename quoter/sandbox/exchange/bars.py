"""Bars of a symbol's public trades; every kline and ticker statistic is a sum of them.

Bars of one second and of one minute are kept. Longer intervals are merged from minutes on request.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import takewhile

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS
from quoter.sim.messages import PrintNews

SECOND_MS, MINUTE_MS = 1_000, 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SECONDS_MAX = 3_600
MINUTES_MAX = 7 * 1_440
MONDAY_MS = 4 * DAY_MS  # the first Monday after 1970-01-01, a Thursday

INTERVALS_MS = {
    "1s": SECOND_MS,
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
}
MONTH = "1M"
INTERVALS = (*INTERVALS_MS, MONTH)


@dataclass(slots=True)
class Bar:
    """Prices and volume of the trades of one interval.

    Without a trade all prices are the last price before the interval, and the trade ids are -1.
    """

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    volume_quote: Decimal = Decimal(0)
    trades: int = 0
    bought: Decimal = Decimal(0)  # by takers
    bought_quote: Decimal = Decimal(0)
    first_id: int = -1
    last_id: int = -1

    @classmethod
    def flat(cls, start_ms: int, price: Decimal) -> "Bar":
        """Return a bar without a trade, whose prices are all `price`."""
        return cls(start_ms, price, price, price, price)

    def add(self, news: PrintNews) -> None:
        """Add one trade."""
        quote = news.price * news.size
        is_bought = news.taker is Side.BUY
        self.merge(
            replace(
                Bar.flat(self.start_ms, news.price),
                volume=news.size,
                volume_quote=quote,
                trades=1,
                bought=news.size if is_bought else Decimal(0),
                bought_quote=quote if is_bought else Decimal(0),
                first_id=news.trade_id,
                last_id=news.trade_id,
            )
        )

    def merge(self, later: "Bar") -> None:
        """Add the trades of a later bar."""
        if not later.trades:
            return
        if not self.trades:
            self.open = self.high = self.low = later.open
            self.first_id = later.first_id
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close, self.last_id = later.close, later.last_id
        self.volume += later.volume
        self.volume_quote += later.volume_quote
        self.trades += later.trades
        self.bought += later.bought
        self.bought_quote += later.bought_quote


class Series:
    """The newest bars of one length, without a gap."""

    def __init__(self, length_ms: int, kept: int) -> None:
        self._length_ms = length_ms
        self._bars: deque[Bar] = deque(maxlen=kept)

    def advance(self, now_ms: int, price: Decimal) -> Bar:
        """Return the bar at `now_ms`, after filling the time before it with bars at `price`."""
        start_ms = now_ms - now_ms % self._length_ms
        first_ms = self._bars[-1].start_ms + self._length_ms if self._bars else start_ms
        kept = self._bars.maxlen or 0
        first_ms = max(first_ms, start_ms - (kept - 1) * self._length_ms)
        for each_ms in range(first_ms, start_ms + 1, self._length_ms):
            self._bars.append(Bar.flat(each_ms, price))
        return self._bars[-1]

    def since(self, start_ms: int) -> list[Bar]:
        """Return the kept bars from `start_ms` on, oldest first."""
        newest_first = takewhile(lambda bar: bar.start_ms >= start_ms, reversed(self._bars))
        return list(newest_first)[::-1]


class TradeBars:
    """All bars of one symbol."""

    def __init__(self, price: Decimal, now_ms: int) -> None:
        """`price`: opening price (quote/base), which is the last price until the first trade."""
        self.price = price
        self.last_size = Decimal(0)
        self.last_ms = now_ms
        self._seconds = Series(SECOND_MS, SECONDS_MAX)
        self._minutes = Series(MINUTE_MS, MINUTES_MAX)
        self.advance(now_ms)

    def add(self, news: PrintNews) -> None:
        """Add one trade."""
        time_ms = news.ts_ns // NS_PER_MS
        for series in (self._seconds, self._minutes):
            series.advance(time_ms, self.price).add(news)
        self.price, self.last_size, self.last_ms = news.price, news.size, time_ms

    def advance(self, now_ms: int) -> None:
        """Fill the time up to `now_ms` with bars without a trade."""
        for series in (self._seconds, self._minutes):
            series.advance(now_ms, self.price)

    def klines(self, interval: str, start_ms: int = 0) -> list[Bar]:
        """Return the bars of one of INTERVALS that start at `start_ms` or later, oldest first."""
        series = self._seconds if INTERVALS_MS.get(interval) == SECOND_MS else self._minutes
        merged: list[Bar] = []
        for bar in series.since(interval_start_ms(interval, start_ms)):
            begin_ms = interval_start_ms(interval, bar.start_ms)
            if not merged or merged[-1].start_ms != begin_ms:
                merged.append(replace(bar, start_ms=begin_ms))
            else:
                merged[-1].merge(bar)
        return [bar for bar in merged if bar.start_ms >= start_ms]

    def window(self, start_ms: int) -> Bar:
        """Return all trades since `start_ms`, rounded down to a minute, as one bar."""
        return merged_bar(self._minutes.since(start_ms - start_ms % MINUTE_MS), self.price)


def merged_bar(bars: Iterable[Bar], price: Decimal) -> Bar:
    """Return the sum of consecutive bars; a bar without a trade at `price` if there are none."""
    total: Bar | None = None
    for bar in bars:
        if total is None:
            total = replace(bar)
        else:
            total.merge(bar)
    return total or Bar.flat(0, price)


def interval_start_ms(interval: str, time_ms: int) -> int:
    """Return the start of the interval that holds a time; weeks start on Monday, in UTC."""
    if interval == MONTH:
        day = datetime.fromtimestamp(time_ms / 1_000, UTC)
        return round(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1_000
    length_ms = INTERVALS_MS[interval]
    offset_ms = MONDAY_MS if interval == "1w" else 0
    return time_ms - (time_ms - offset_ms) % length_ms


def interval_end_ms(interval: str, start_ms: int) -> int:
    """Return the last millisecond of the interval that starts at `start_ms`."""
    if interval == MONTH:
        return interval_start_ms(MONTH, start_ms + 31 * DAY_MS) - 1
    return start_ms + INTERVALS_MS[interval] - 1
