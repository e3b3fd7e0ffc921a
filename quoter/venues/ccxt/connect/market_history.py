"""Market data from before the start: bars and the rate of trades, for initial estimates.

No failure here may prevent a start: without the data, the estimates come from the warm-up.
"""

from collections.abc import Mapping, Sequence

from quoter.domain.market import Bar, MarketHistory, RecentTrade, Side
from quoter.domain.units import NS_PER_MS
from quoter.venues import answers
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.json_values import as_list, decimal

TIMEFRAME, BAR_S = "1m", 60.0
BARS_MAX = 120
TRADES_MAX = 500
SIZE_MAX = 10**15  # larger trade sizes are ignored as invalid
PRICE_MAX = 10**15
SIDES: dict[object, Side] = {"buy": Side.BUY, "sell": Side.SELL}
SPAN_MS_MIN = 1_000  # a shorter span gives no usable rate


async def read_market_history(
    client: GuardedExchange, sender: RequestSender, symbol: str
) -> MarketHistory:
    """Return finished one-minute bars and the rate of the newest trades, where available."""
    bars: tuple[Bar, ...] = ()
    if client.has.get("fetchOHLCV"):
        rows = await sender.read(
            lambda: client.fetch_ohlcv(symbol, TIMEFRAME, None, BARS_MAX),
            answers.number_rows,
            is_public=True,
        )
        if not isinstance(rows, FailedCall):
            bars = tuple(bar for bar in map(_bar, rows[:-1]) if bar is not None)
    trades = await sender.read(
        lambda: client.fetch_trades(symbol, None, TRADES_MAX), answers.rows, is_public=True
    )
    found = () if isinstance(trades, FailedCall) else trades
    return MarketHistory(bars, BAR_S, *rates(found), recent_trades(found))


def rates(rows: Sequence[Mapping[str, object]]) -> tuple[float | None, float | None]:
    """Return takers' orders per second and base volume per second; None where unknown.

    Trades with the same time and side are one order, which filled several resting orders.
    """
    orders = {
        (int(at), row.get("side") or number)
        for number, row in enumerate(rows)
        if (at := decimal(row.get("timestamp"))) is not None
    }
    stamps = [at for at, _ in orders]
    span_ms = max(stamps) - min(stamps) if stamps else 0
    if span_ms < SPAN_MS_MIN:
        return None, None
    sizes = (decimal(row.get("amount")) for row in rows)
    volume = sum(float(size) for size in sizes if size is not None and 0 < size <= SIZE_MAX)
    return (len(orders) - 1) * 1_000 / span_ms, volume * 1_000 / span_ms or None


def recent_trades(rows: Sequence[Mapping[str, object]]) -> tuple[RecentTrade, ...]:
    """Return the trades with a time, side and price, oldest first; none if they span under 1 s."""
    found = [trade for trade in map(_trade, rows) if trade is not None]
    found.sort(key=lambda trade: trade.ts_ns)
    if not found or found[-1].ts_ns - found[0].ts_ns < SPAN_MS_MIN * NS_PER_MS:
        return ()
    return tuple(found)


def _trade(row: Mapping[str, object]) -> RecentTrade | None:
    at, price = decimal(row.get("timestamp")), decimal(row.get("price"))
    side = SIDES.get(row.get("side"))
    if at is None or price is None or side is None or not 0 < price <= PRICE_MAX or at < 0:
        return None
    return RecentTrade(int(at) * NS_PER_MS, side, float(price))


def _bar(row: object) -> Bar | None:
    """Return a bar from [time, open, high, low, close, ...]; None if it is invalid."""
    numbers = [decimal(number) for number in as_list(row)[1:5]]
    if len(numbers) < 4 or any(number is None or number <= 0 for number in numbers):
        return None
    opened, high, low, close = (float(number) for number in numbers if number is not None)
    return Bar(opened, high, low, close) if low <= min(opened, close) <= high else None
