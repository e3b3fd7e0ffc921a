"""Every trade of the simulated exchange prints at or inside the book that it has published.

A taker may trade through several levels at one instant: then each better level was traded whole.
"""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from random import Random

import pytest

from quoter.domain.market import Side
from quoter.sim.capture import OWN_TRADE_ID_FIRST
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    BestNews,
    DepthBook,
    DepthNews,
    MarketSpec,
    News,
    PrintNews,
    Refused,
)
from quoter.sim.model_markets import BITCOIN, THIN
from quoter.sim.model_markets import MARKETS as SANDBOX_MARKETS
from quoter.sim.scripts import Burst, Crash, Script
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.messages import Snapshot
from quoter.tapes.playing import feed
from tests.recordings import BINANCE_RAW
from tests.unit.sim.cases import BUY, SELL, SYMBOL, order, venue

STEPS = 200
STEP = Decimal("1E-18")
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
        if not levels.get(one.price, ZERO) >= one.size:
            self.beyond.append(f"{one.taker} of {one.size} at {one.price}, where no such level is")
        else:
            levels[one.price] -= one.size


MARKETS = {
    **{spec.symbol: spec for spec in SANDBOX_MARKETS},
    "18 decimals": replace(BITCOIN, lot=STEP, size_min=STEP, depth_lots=2 * 10**15),
    "coarse tick": replace(BITCOIN, tick=Decimal(5), spread_ticks=1),
    "thin book": replace(BITCOIN, depth_levels=2),
    "one level": replace(BITCOIN, depth_levels=1, spread_ticks=1, partial_share=1.0),
}
SCRIPTS: dict[str, Script] = {
    "burst": Burst(side=BUY, notional=Decimal(4_000), slices=5, every_s=1.0),
    "crash": Crash(time_scale=40.0),  # twelve seconds
}


def place_some(exchange: Exchange, spec: MarketSpec, random: Random, now_ns: int) -> list[News]:
    """Place an order near the mid, on either side of it, or cancel one."""
    account, side = random.choice(("rich", "richer")), random.choice((BUY, SELL))
    behind = random.uniform(-0.3, 2.0) / spec.kappa
    price = exchange.mid(SYMBOL) - side.sign * behind
    size = max(20 / spec.mid // spec.lot * spec.lot, spec.lot)
    resting = exchange.open_orders(account)
    if len(resting) > 3:
        gone = random.choice(resting)
        return exchange.cancel(account, SYMBOL, order_id=gone.order_id, now_ns=now_ns)[1]
    on_grid = str(round(price / float(spec.tick)) * spec.tick)
    with suppress(Refused):
        return exchange.place(account, order(side, on_grid, str(size)), now_ns)[1]
    return []


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", MARKETS)
def test_simulated_market_with_orders_of_accounts(name: str, script: str) -> None:
    """Takers, scripted flow, orders of two accounts that rest or take, and moves of the mid."""
    spec = replace(MARKETS[name], symbol=SYMBOL, base="ABC", quote="USD", intensity=5.0)
    exchange, random = venue(spec, seed=5), Random(5)
    for account in ("rich", "richer"):
        exchange.add_account(account, {"ABC": Decimal(10**9), "USD": Decimal(10**9)})
    flow, reader = exchange._flows[SYMBOL], Reader(exchange)
    # one nanosecond beside the grid: the market moves and the burst trades at different instants
    exchange.script(SYMBOL, SCRIPTS[script], 1)
    for _ in range(STEPS):
        now_ns = flow.next_ns
        exchange.flush_depth(SYMBOL, now_ns - 1)
        reader.load(exchange.depth(SYMBOL, 1_000))
        reader.read(place_some(exchange, spec, random, now_ns - 1))
        exchange.flush_depth(SYMBOL, now_ns - 1)
        reader.load(exchange.depth(SYMBOL, 1_000))
        reader.read(exchange.advance(now_ns))
        assert reader.beyond == []
    assert reader.prints > STEPS // 4


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
