"""A market as its participants see it: best prices and trades, of a tape or a simulation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S, S_PER_NS
from quoter.sim.exchange import Exchange
from quoter.sim.messages import BestNews, MarketSpec, News, PrintNews
from quoter.studies.common.estimates import Numbers
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.messages import Best, Line, Print
from quoter.tapes.row_checks import REAL_PRINTS

ORDER_GAP_S = 0.001  # prints of one side with smaller gaps belong to one taker order

type Rows = list[tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Columns of best prices and of trades; times in seconds since the first best price.

    Sizes in base units. order: number of the taker order of each print.
    """

    top_s: Numbers
    bid: Numbers
    ask: Numbers
    bid_size: Numbers
    ask_size: Numbers
    trade_s: Numbers
    price: Numbers
    size: Numbers
    sign: Numbers  # +1: the taker bought

    @property
    def seconds(self) -> float:
        """The length of the observation."""
        return float(self.top_s[-1])

    @property
    def mid(self) -> Numbers:
        return np.asarray((self.bid + self.ask) / 2.0)

    @property
    def order(self) -> npt.NDArray[np.int64]:
        """Taker order number of each print, ascending."""
        starts = (np.diff(self.trade_s) > ORDER_GAP_S) | (np.diff(self.sign) != 0.0)
        return np.concatenate(([0], np.cumsum(starts)))

    def until(self, seconds: float) -> "Observed":
        """Return the first `seconds` of the observation."""
        tops, trades = self.top_s <= seconds, self.trade_s <= seconds
        return Observed(
            top_s=self.top_s[tops],
            bid=self.bid[tops],
            ask=self.ask[tops],
            bid_size=self.bid_size[tops],
            ask_size=self.ask_size[tops],
            trade_s=self.trade_s[trades],
            price=self.price[trades],
            size=self.size[trades],
            sign=self.sign[trades],
        )


def of_tape(files: Sequence[Path], symbol: str) -> Observed:
    """Return the observation of a capture. Raises TapeError for a file that can't be read."""
    return _columns(*_of_lines(read_lines(files, symbol)))


def of_market(spec: MarketSpec, *, seed: int, seconds: float) -> Observed:
    """Return the observation of a simulated market on which no account trades."""
    exchange = Exchange((spec,), seed=seed, now_ns=0)
    tops: Rows = []
    trades: Rows = []
    for second in range(1, round(seconds) + 1):
        _add_news(exchange.advance(second * NS_PER_S), tops, trades)
    return _columns(tops, trades)


def _add_news(news: Iterable[News], tops: Rows, trades: Rows) -> None:
    for one in news:
        at_s = one.ts_ns * S_PER_NS
        match one:
            case BestNews():
                tops.append((at_s, *map(float, (*one.bid, *one.ask))))
            case PrintNews():
                sign = float(one.taker.sign)
                trades.append((at_s, float(one.price), float(one.size), sign))
            case _:
                pass


def _of_lines(lines: Iterable[Line]) -> tuple[Rows, Rows]:
    tops: Rows = []
    trades: Rows = []
    newest_ns = 0
    for stamp_ns, row in lines:
        newest_ns = max(newest_ns, stamp_ns)
        at_s = newest_ns * S_PER_NS
        match row:
            case Best():
                sizes = (row.bid, row.bid_size, row.ask, row.ask_size)
                tops.append((at_s, *map(float, sizes)))
            case Print() if row.kind in REAL_PRINTS and row.price > 0 and tops:
                side = Side.SELL if row.is_buyer_maker else Side.BUY
                trades.append((at_s, float(row.price), float(row.size), float(side.sign)))
            case _:
                pass
    return tops, trades


def _columns(tops: Rows, trades: Rows) -> Observed:
    top, trade = np.array(tops).T, np.array(trades).T
    start = top[0][0]
    return Observed(
        top_s=top[0] - start,
        bid=top[1],
        bid_size=top[2],
        ask=top[3],
        ask_size=top[4],
        trade_s=trade[0] - start,
        price=trade[1],
        size=trade[2],
        sign=trade[3],
    )
