"""History of the exchange: recent trades, price bars and closed orders, all bounded in size."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS
from quoter.sandbox.protocol.payloads import number
from quoter.sim.messages import BestNews, ExecutionReport, News, PrintNews, SimOrder

PRINTS_MAX = 1_000
BARS_MAX = 3_600
ORDERS_MAX = 20_000  # of one account on one symbol
INTERVALS_MS = {"1s": 1_000, "1m": 60_000}


@dataclass(slots=True)
class Bar:
    """Mid prices and traded volume of one interval."""

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

    def row(self, interval_ms: int) -> list[object]:
        """Return the bar as a kline array."""
        return [
            self.start_ms,
            number(self.open),
            number(self.high),
            number(self.low),
            number(self.close),
            number(self.volume),
            self.start_ms + interval_ms - 1,
            number(self.volume_quote),
            self.trades,
            number(self.bought),
            number(self.bought_quote),
            "0",
        ]


class Bars:
    """Newest bars of one symbol and interval; intervals without a price repeat the last one."""

    def __init__(self, interval_ms: int) -> None:
        self.interval_ms = interval_ms
        self.bars: deque[Bar] = deque(maxlen=BARS_MAX)

    def price(self, ts_ns: int, mid: Decimal) -> None:
        """Update the current bar with a new mid price."""
        bar = self._bar(ts_ns, mid)
        bar.high, bar.low, bar.close = max(bar.high, mid), min(bar.low, mid), mid

    def trade(self, news: PrintNews) -> None:
        """Add the volume of a public trade."""
        bar = self._bar(news.ts_ns, self.bars[-1].close if self.bars else news.price)
        quote = news.price * news.size
        bar.volume += news.size
        bar.volume_quote += quote
        bar.trades += 1
        if news.taker is Side.BUY:
            bar.bought += news.size
            bar.bought_quote += quote

    def _bar(self, ts_ns: int, mid: Decimal) -> Bar:
        ts_ms = ts_ns // NS_PER_MS
        start_ms = ts_ms - ts_ms % self.interval_ms
        if not self.bars:
            self.bars.append(Bar(start_ms, mid, mid, mid, mid))
        missed = (start_ms - self.bars[-1].start_ms) // self.interval_ms
        for step in range(max(0, missed - BARS_MAX) + 1, missed + 1):
            close, first = self.bars[-1].close, start_ms - missed * self.interval_ms
            at = mid if step == missed else close
            self.bars.append(Bar(first + step * self.interval_ms, at, at, at, at))
        return self.bars[-1]


class History:
    """Keeps what the exchange publishes for later queries."""

    def __init__(self) -> None:
        self._prints: dict[str, deque[PrintNews]] = defaultdict(lambda: deque(maxlen=PRINTS_MAX))
        self._bars: dict[tuple[str, str], Bars] = {}
        self._orders: dict[tuple[str, str], dict[int, SimOrder]] = defaultdict(dict)

    def receive(self, news: Sequence[News]) -> None:
        """Store new market data and order reports."""
        for item in news:
            match item:
                case PrintNews():
                    self._prints[item.symbol].append(item)
                    for name in INTERVALS_MS:
                        self.bars(item.symbol, name).trade(item)
                case BestNews():
                    mid = (item.bid[0] + item.ask[0]) / 2
                    for name in INTERVALS_MS:
                        self.bars(item.symbol, name).price(item.ts_ns, mid)
                case ExecutionReport():
                    self._store(item)
                case _:
                    pass

    def prints(self, symbol: str, limit: int) -> list[PrintNews]:
        """Return up to `limit` newest public trades, oldest first."""
        return list(self._prints[symbol])[-limit:]

    def bars(self, symbol: str, interval: str) -> Bars:
        """Return the bars of one of INTERVALS_MS."""
        key = (symbol, interval)
        if key not in self._bars:
            self._bars[key] = Bars(INTERVALS_MS[interval])
        return self._bars[key]

    def orders(self, account: str, symbol: str) -> list[SimOrder]:
        """Return the last reported state of an account's orders, by id, closed ones included."""
        return [order for _, order in sorted(self._orders[account, symbol].items())]

    def _store(self, report: ExecutionReport) -> None:
        orders = self._orders[report.account, report.order.symbol]
        orders[report.order.order_id] = report.order
        if len(orders) > ORDERS_MAX:
            del orders[next(iter(orders))]
