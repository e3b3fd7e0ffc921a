"""Trades with our orders in a replayed recording print at or inside the published book.

A taker may trade through several levels at one instant: then each better level was traded whole.
"""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest

from quoter.domain.market import Side
from quoter.sandbox.config import THIN
from quoter.sim.capture import OWN_TRADE_ID_FIRST
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    BestNews,
    DepthBook,
    DepthNews,
    News,
    PrintNews,
    Refused,
)
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.messages import Snapshot
from quoter.tapes.playing import feed
from tests.recordings import BINANCE_RAW
from tests.unit.sim.cases import BUY, SELL, SYMBOL, order, venue

ZERO = Decimal(0)


class Reader:
    """The published book; a taker at one instant uses up what it trades with."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._sides: dict[Side, dict[Decimal, Decimal]] = {}
        self.prints = 0
        self.beyond: list[str] = []
        self.load(exchange.depth(SYMBOL, 1_000))

    def load(self, book: DepthBook) -> None:
        self._sides = {BUY: dict(book.bids), SELL: dict(book.asks)}

    def read(self, news: list[News]) -> None:
        """Take in the news of one instant, in order."""
        for one in news:
            match one:
                case BestNews():
                    self._cut(BUY, *one.bid)
                    self._cut(SELL, *one.ask)
                case DepthNews():
                    for side, rows in ((BUY, one.bids), (SELL, one.asks)):
                        self._sides[side].update(rows)
                case PrintNews():
                    self._print(one)
                case _:
                    pass

    def _cut(self, side: Side, best: Decimal, size: Decimal) -> None:
        """No level is better than the published best price."""
        levels = self._sides[side]
        for price in [price for price in levels if side.sign * (price - best) > 0]:
            del levels[price]
        levels[best] = size

    def _print(self, one: PrintNews) -> None:
        self.prints += 1
        levels, sign = self._sides[one.taker.opposite], one.taker.sign
        better = {p: s for p, s in levels.items() if sign * (p - one.price) < 0 and s > ZERO}
        if better:
            self.beyond.append(f"{one.taker} at {one.price}, but {better} is better")
        if one.price in levels:
            levels[one.price] -= one.size


TAPE = "spot_NEXOUSDT_20240723.gz"


@pytest.mark.skipif(not BINANCE_RAW.is_dir(), reason="recorded tapes are not on this machine")
@pytest.mark.parametrize("distance_ticks", [0, 1])
def test_recorded_market_with_orders_of_ours(distance_ticks: int) -> None:
    """Recorded trades stay as they are; those with our orders print inside the published book."""
    spec = replace(THIN, symbol=SYMBOL, recorded=True)
    exchange = venue(spec)
    exchange.add_account("rich", {"NEXO": Decimal(10**6), "USDT": Decimal(10**6)})
    reader: Reader | None = None
    for now_ns, message in islice(read_lines([BINANCE_RAW / TAPE]), 8_000):
        news = feed(exchange, SYMBOL, message, now_ns)
        if reader is None and isinstance(message, Snapshot):
            reader = Reader(exchange)
        if reader is None:
            continue
        reader.read([one for one in news if not is_recorded(one)])
        assert reader.beyond == []
        reader.read(exchange.flush_depth(SYMBOL, now_ns))
        if quote_both(exchange, distance_ticks, now_ns):
            exchange.flush_depth(SYMBOL, now_ns)
            reader.load(exchange.depth(SYMBOL, 5_000))
    assert reader is not None
    assert reader.prints > 0


def is_recorded(one: News) -> bool:
    return isinstance(one, PrintNews) and one.trade_id < OWN_TRADE_ID_FIRST


def quote_both(exchange: Exchange, distance_ticks: int, now_ns: int) -> bool:
    """Keep one order on each side, at most so many ticks behind the best price.

    Return whether an order was placed.
    """
    have = {one.side for one in exchange.open_orders("rich")}
    if len(have) == len(Side):
        return False
    is_placed = False
    book = exchange.depth(SYMBOL, 1)
    for side, rows in ((BUY, book.bids), (SELL, book.asks)):
        if side not in have and rows:
            price = rows[0][0] - side.sign * distance_ticks * THIN.tick
            with suppress(Refused):
                exchange.place("rich", order(side, str(price), "50"), now_ns)
                is_placed = True
    return is_placed
