"""What happened on the market before we came: bars and the rate of trades, for first guesses.

Nothing here may fail a start: a venue that does not tell leaves the guesses to the warm-up.
"""

from collections.abc import Mapping, Sequence

from quoter.domain.market import Bar, MarketHistory
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.json_values import as_list, decimal

TIMEFRAME, BAR_S = "1m", 60.0
BARS_MAX = 120
TRADES_MAX = 500
SIZE_MAX = 10**15  # nobody trades more at once
SPAN_MS_MIN = 1_000  # trades within less than this say nothing of their rate


async def market_past(client: GuardedExchange, caller: Caller, symbol: str) -> MarketHistory:
    """Finished one-minute bars and the rate of the newest public trades, as far as told."""
    bars: tuple[Bar, ...] = ()
    if client.has.get("fetchOHLCV"):
        rows = await caller.read(lambda: client.fetch_ohlcv(symbol, TIMEFRAME, None, BARS_MAX))
        if not isinstance(rows, Failed):
            bars = tuple(bar for bar in map(_bar, rows[:-1]) if bar is not None)
    trades = await caller.read(lambda: client.fetch_trades(symbol, None, TRADES_MAX))
    return MarketHistory(bars, BAR_S, *rates(() if isinstance(trades, Failed) else trades))


def rates(rows: Sequence[Mapping[str, object]]) -> tuple[float | None, float | None]:
    """Trades per second and base per second of public trades; None where they don't tell."""
    stamps = [int(at) for at in (decimal(row.get("timestamp")) for row in rows) if at is not None]
    span_ms = max(stamps) - min(stamps) if stamps else 0
    if span_ms < SPAN_MS_MIN:
        return None, None
    sizes = (decimal(row.get("amount")) for row in rows)
    volume = sum(float(size) for size in sizes if size is not None and 0 < size <= SIZE_MAX)
    return (len(stamps) - 1) * 1_000 / span_ms, volume * 1_000 / span_ms or None


def _bar(row: object) -> Bar | None:
    """[time, open, high, low, close, ...]; None for what can't be a bar."""
    numbers = [decimal(number) for number in as_list(row)[1:5]]
    if len(numbers) < 4 or any(number is None or number <= 0 for number in numbers):
        return None
    opened, high, low, close = (float(number) for number in numbers if number is not None)
    return Bar(opened, high, low, close) if low <= min(opened, close) <= high else None
