"""History of the exchange: public trades, their bars, and closed orders; all bounded in size."""

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import islice

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.exchange.bars import TradeBars
from quoter.sim.messages import BestNews, ExecutionReport, MarketSpec, News, PrintNews, SimOrder

PRINTS_MAX = 10_000  # of one symbol
ORDERS_MAX = 20_000  # of one account on one symbol


class History:
    """Stores what the exchange publishes, for later queries."""

    def __init__(self) -> None:
        self._prints: dict[str, deque[PrintNews]] = defaultdict(lambda: deque(maxlen=PRINTS_MAX))
        self._bars: dict[str, TradeBars] = {}
        self._orders: dict[tuple[str, str], dict[int, SimOrder]] = defaultdict(dict)

    def receive(self, news: Sequence[News]) -> None:
        """Store new market data and order reports."""
        for item in news:
            match item:
                case PrintNews():
                    self._prints[item.symbol].append(item)
                    if item.symbol not in self._bars:
                        self._bars[item.symbol] = TradeBars(item.price, item.ts_ns // NS_PER_MS)
                    self._bars[item.symbol].add(item)
                case BestNews() if item.symbol not in self._bars:
                    opening = item.bid[0] or item.ask[0]
                    self._bars[item.symbol] = TradeBars(opening, item.ts_ns // NS_PER_MS)
                case ExecutionReport():
                    self._store(item)
                case _:
                    pass

    def open(self, market: MarketSpec, now_ns: int) -> None:
        """Start the bars of a simulated market at its first mid."""
        self._bars[market.symbol] = TradeBars(market.mid, now_ns // NS_PER_MS)

    def is_priced(self, symbol: str) -> bool:
        """Whether a price is known; False before a recorded market has begun."""
        return symbol in self._bars

    def prints(self, symbol: str, limit: int = PRINTS_MAX) -> list[PrintNews]:
        """Return up to `limit` newest public trades, oldest first."""
        return list(islice(reversed(self._prints[symbol]), limit))[::-1]

    def bars(self, market: MarketSpec, now_ns: int) -> TradeBars:
        """Return the bars of a symbol, up to `now_ns`.

        Before the first trade all prices are the market's mid, or the first recorded bid.
        """
        now_ms = now_ns // NS_PER_MS
        if market.symbol not in self._bars:
            return TradeBars(market.mid, now_ms)
        bars = self._bars[market.symbol]
        bars.advance(now_ms)
        return bars

    def orders(self, account: str, symbol: str) -> list[SimOrder]:
        """Return the last reported state of an account's orders, open and closed, by id."""
        return [order for _, order in sorted(self._orders[account, symbol].items())]

    def _store(self, report: ExecutionReport) -> None:
        orders = self._orders[report.account, report.order.symbol]
        orders[report.order.order_id] = report.order
        if len(orders) > ORDERS_MAX:
            del orders[next(iter(orders))]
