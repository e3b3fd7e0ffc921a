"""Names of the public streams, and the payloads of those that are sent at fixed times.

Live streams send each change of the exchange; see `market_streams.py`. All others send a state
(klines, tickers, average price, best levels of the book), which is computed when an event is due.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from quoter.sandbox.exchange.bars import INTERVALS
from quoter.sandbox.exchange.faults import BOOK_SIDES, FaultKind, without
from quoter.sandbox.exchange.statistics import (
    WINDOWS_MS,
    average_event,
    kline_events,
    mini_ticker_event,
    ticker_event,
    window_event,
)
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.payloads import Json
from quoter.sim.messages import MarketSpec

LIVE = ("depth", "depth@100ms", "depth@1000ms", "bookTicker", "trade", "aggTrade")
FAST = "@100ms"  # end of a partial book's name: it is sent with each change instead of every second
KLINE_PERIOD_S = 2  # of all intervals except 1s

_PARTIAL = re.compile(r"depth(5|10|20)(@100ms|@1000ms)?")
_STATES = (
    "ticker",
    "miniTicker",
    "avgPrice",
    *(f"ticker_{window}" for window in WINDOWS_MS),
    *(f"kline_{interval}" for interval in INTERVALS),
)
_OF_ALL = ("ticker@arr", "miniTicker@arr", *(f"ticker_{window}@arr" for window in WINDOWS_MS))


@dataclass(frozen=True, slots=True)
class Stream:
    """One public stream; `symbol` is empty if the stream covers all symbols."""

    name: str
    symbol: str
    channel: str

    @property
    def is_live(self) -> bool:
        """Whether the stream sends each change, instead of a state at fixed times."""
        return self.channel in LIVE

    @property
    def is_fast_book(self) -> bool:
        """Whether the stream sends the top of the book, at each change."""
        return self.channel.startswith("depth") and self.channel.endswith(FAST) and not self.is_live

    @property
    def period_s(self) -> int:
        """Seconds between two events of a stream that is not live."""
        is_slow = self.channel.startswith("kline_") and self.channel != "kline_1s"
        return KLINE_PERIOD_S if is_slow else 1


def parse_stream(name: str, symbols: Container[str]) -> Stream | None:
    """Return the stream with a name such as `btcusdt@kline_1m` or `!ticker@arr`; None if unknown.

    `symbols`: the listed symbols.
    """
    if name.startswith("!"):
        return Stream(name, "", name[1:]) if name[1:] in _OF_ALL else None
    symbol, _, channel = name.partition("@")
    if symbol != symbol.lower() or symbol.upper() not in symbols:
        return None
    is_known = channel in LIVE or channel in _STATES or _PARTIAL.fullmatch(channel) is not None
    return Stream(name, symbol.upper(), channel) if is_known else None


def state_events(venue: Venue, stream: Stream, *, since_ns: int, now_ns: int) -> list[object]:
    """Return the events that are due now. `since_ns`: time of the last ones."""
    if not stream.symbol:
        kind = stream.channel.removesuffix("@arr")
        markets = venue.markets.values()
        return [[_ticker(venue, market, kind, now_ns) for market in markets]]
    market = venue.markets[stream.symbol]
    kind, _, detail = stream.channel.partition("_")
    if kind == "kline":
        events = kline_events(venue, market, detail, since_ns=since_ns, now_ns=now_ns)
        return [*events]
    if kind == "avgPrice":
        return [average_event(venue, market, now_ns)]
    if kind.startswith("depth"):
        return [partial_book(venue, stream)]
    return [_ticker(venue, market, stream.channel, now_ns)]


def partial_book(venue: Venue, stream: Stream) -> Json:
    """Return the best levels of the book; the stream's name contains their number.

    Raises ValueError for a stream of another kind.
    """
    match = _PARTIAL.fullmatch(stream.channel)
    if match is None:
        raise ValueError(f"{stream.name} is not the stream of a partial book")
    book = venue.exchange.depth(stream.symbol, int(match[1]))
    if armed := venue.faults.take(
        FaultKind.ONE_SIDED_BOOK, symbol=stream.symbol, events=BOOK_SIDES
    ):
        book = without(book, armed.fault)
    return payloads.depth(book)


def _ticker(venue: Venue, market: MarketSpec, kind: str, now_ns: int) -> Json:
    if kind == "ticker":
        return ticker_event(venue, market, now_ns)
    if kind == "miniTicker":
        return mini_ticker_event(venue, market, now_ns)
    return window_event(venue, market, kind.removeprefix("ticker_"), now_ns)
