"""Random market: fill rates, variance and determinism."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from math import exp, sqrt

import pytest

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sim.background import DEPTH_REACH
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    BestNews,
    DepthNews,
    MarketSpec,
    News,
    OrderKind,
    PrintNews,
    ReportType,
)
from quoter.sim.scripts import Crash
from tests.unit.sim.cases import BUY, SELL, SYMBOL, market, order, reports, venue

DISTANCES = ("0.5", "1.5", "3.0")  # 1/kappa is 2


def quote(exchange: Exchange, side: Side, distance: str, now_ns: int) -> float:
    """Place a small order at this distance from the mid; return its exact distance."""
    mid = Decimal(exchange.mid(SYMBOL)).quantize(Decimal("0.1"))
    price = mid - side.sign * Decimal(distance)
    name = f"{side}{distance}".replace(".", "")
    exchange.place("a", order(side, str(price), "0.05", client_id=name), now_ns)
    return side.sign * (exchange.mid(SYMBOL) - float(price))


@pytest.mark.slow
def test_quote_is_reached_at_the_rate_of_the_model_while_the_mid_moves() -> None:
    """A * exp(-kappa * distance) per second and side, within four standard errors."""
    spec = market(sigma=0.2, intensity=5.0, kappa=0.5)
    exchange = venue(spec, seed=11)
    flow = exchange._flows[SYMBOL]
    wanted = [(side, distance) for side in (BUY, SELL) for distance in DISTANCES]
    fills: Counter[str] = Counter()
    expected: dict[str, float] = {}
    now_ns = 0
    while now_ns < 200 * NS_PER_S:
        names = {}
        for side, distance in wanted:
            names[side, distance] = quote(exchange, side, distance, now_ns)
        before_ns, now_ns = now_ns, flow.next_ns
        for (side, distance), exact in names.items():
            rate = spec.intensity * exp(-spec.kappa * exact)
            name, passed_s = f"{side}{distance}", (now_ns - before_ns) / NS_PER_S
            expected[name] = expected.get(name, 0.0) + rate * passed_s
        news = exchange.advance(now_ns)
        for report in reports(news):
            if report.kind is ReportType.TRADE:
                fills[report.order.client_id] += 1
        for resting in exchange.open_orders("a"):
            exchange.cancel("a", SYMBOL, order_id=resting.order_id, now_ns=now_ns)
    for name, mean in expected.items():
        assert abs(fills[name.replace(".", "")] - mean) <= 4 * sqrt(mean), (name, mean, fills)


@pytest.mark.slow
def test_levels_are_reached_at_the_rate_of_the_model() -> None:
    """Trades at a level's price or beyond: A * exp(-kappa * distance) takers per second and side.

    A taker that does not reach the best level finds nothing to trade with.
    """
    spec = market(intensity=50.0, kappa=0.5)
    exchange = venue(spec)
    book = exchange.depth(SYMBOL, 5)
    farthest: dict[int, tuple[Side, Decimal]] = {}  # by taker: its last trade
    for one in exchange.advance(200 * NS_PER_S):
        if isinstance(one, PrintNews):
            farthest[one.ts_ns] = one.taker, one.price
    for side, levels in ((BUY, book.asks), (SELL, book.bids)):
        for price, _ in levels:
            distance = side.sign * (float(price) - exchange.mid(SYMBOL))
            expected = spec.intensity * 200 * exp(-spec.kappa * distance)
            takers = [at for taker, at in farthest.values() if taker is side]
            found = sum(side.sign * (at - price) >= 0 for at in takers)
            assert abs(found - expected) <= 4 * sqrt(expected), (side, price)


def test_takers_trade_through_levels_whose_sizes_have_18_decimals() -> None:
    lot = Decimal("1E-18")
    spec = replace(market(intensity=5.0), lot=lot, size_min=lot, depth_lots=2 * 10**18)
    news = venue(spec).advance(10 * NS_PER_S)
    assert len({one.price for one in news if isinstance(one, PrintNews)}) > 10


def test_book_reaches_as_far_as_the_takers_in_each_phase_of_a_crash() -> None:
    spec = market()
    exchange = venue(spec)
    exchange.script(SYMBOL, Crash(), 1)
    for second, kappa in ((0, 1.0), (1, 0.5), (60, 0.15), (150, 0.05)):
        exchange.advance(second * NS_PER_S)
        asks = exchange.depth(SYMBOL, 1_000).asks
        reach = float(asks[-1][0] - asks[0][0])
        assert reach == pytest.approx(DEPTH_REACH / (spec.kappa * kappa), rel=0.1)


def test_levels_that_a_taker_traded_with_are_in_the_next_depth_update() -> None:
    exchange = venue(market(intensity=5.0))
    flow, traded = exchange._flows[SYMBOL], set[Decimal]()
    while len(traded) < 3:
        exchange.flush_depth(SYMBOL, flow.next_ns - 1)
        news = exchange.advance(flow.next_ns)
        traded = {one.price for one in news if isinstance(one, PrintNews)}
    changed = exchange.flush_depth(SYMBOL, flow.next_ns - 1)
    rows = [row for one in changed if isinstance(one, DepthNews) for row in (*one.bids, *one.asks)]
    assert traded <= {price for price, size in rows if size}


@pytest.mark.slow
def test_variance_of_the_mid_matches_sigma() -> None:
    spec = market(sigma=0.3)
    ends = []
    for seed in range(200):
        exchange = venue(spec, seed=seed)
        exchange.advance(4 * NS_PER_S)
        ends.append(exchange.mid(SYMBOL) - 100.0)
    spread = sqrt(sum(end**2 for end in ends) / len(ends))
    assert spread == pytest.approx(0.6, rel=4 / sqrt(2 * len(ends)))


def test_taker_fills_all_orders_within_reach_by_price_then_time() -> None:
    exchange = venue(market(intensity=5.0))
    for account, price in (("b", "100.3"), ("a", "100.2"), ("b", "100.2")):
        exchange.place(account, order(SELL, price, "1"), 1)
    news: list[News] = []
    while exchange.open_orders("a") or exchange.open_orders("b"):
        news += exchange.advance(exchange._flows[SYMBOL].next_ns)
    done = [(one.account, one.order.price) for one in reports(news)]
    assert done == [("a", Decimal("100.2")), ("b", Decimal("100.2")), ("b", Decimal("100.3"))]


def test_some_takers_fill_their_last_order_partially() -> None:
    exchange = venue(market(intensity=5.0, partial_share=1.0))
    exchange.place("a", order(SELL, "100.2", "1", client_id="near"), 1)
    exchange.place("a", order(SELL, "100.4", "1", client_id="far"), 1)
    trades = [one for one in reports(exchange.advance(NS_PER_S)) if one.trade is not None]
    partial = [one for one in trades if one.order.state == "PARTIALLY_FILLED"]
    assert partial
    assert all(Decimal(0) < one.order.filled < 1 for one in partial)


def test_market_that_moves_across_orders_shows_each_as_the_best_price_before_its_trade() -> None:
    exchange = venue(market(sigma=30.0))
    for side, price in ((SELL, "103"), (SELL, "104"), (BUY, "97"), (BUY, "96")):
        exchange.place("a", order(side, price, "1"), 1)
    best: dict[Side, Decimal] = {}
    trades = 0
    for step in range(1, 200):
        for one in exchange.advance(step * NS_PER_S // 20):
            match one:
                case BestNews():
                    best = {BUY: one.bid[0], SELL: one.ask[0]}
                case PrintNews():
                    trades += 1
                    assert one.price == best[one.taker.opposite]
                case _:
                    pass
    assert trades >= 2


def test_order_crossed_by_the_background_is_filled_at_its_own_price() -> None:
    exchange = venue(market(sigma=3.0))
    exchange.place("a", order(BUY, "98.9", "1"), 1)
    news = exchange.advance(60 * NS_PER_S)
    trade = reports(news)[0].trade
    assert trade is not None
    assert (trade.price, trade.is_maker) == (Decimal("98.9"), True)


def run(spec: MarketSpec, seed: int, *, with_orders: bool) -> list[News]:
    exchange = venue(spec, seed=seed)
    news: list[News] = []
    for second in range(1, 30):
        now_ns = second * NS_PER_S
        news += exchange.advance(now_ns)
        if with_orders:
            best = exchange.depth(SYMBOL, 1).bids[0][0]
            news += exchange.place("a", order(BUY, str(best), "0.5"), now_ns)[1]
        news += exchange.flush_depth(SYMBOL, now_ns)
    return news


def test_same_seed_gives_the_same_news() -> None:
    spec = market(sigma=0.5, intensity=3.0, partial_share=0.3)
    assert run(spec, 3, with_orders=True) == run(spec, 3, with_orders=True)
    assert run(spec, 3, with_orders=False) != run(spec, 4, with_orders=False)


def test_orders_change_neither_the_price_path_nor_the_takers() -> None:
    spec = market(sigma=0.5, intensity=3.0)
    calm, busy = (run(spec, 3, with_orders=flag) for flag in (False, True))

    def levels(news: list[News]) -> list[tuple[int, Side, Decimal]]:
        """Trades of takers with levels of the background, of which they reach some."""
        return [
            (one.ts_ns, one.taker, one.price)
            for one in news
            if isinstance(one, PrintNews) and one.ts_ns % (NS_PER_S // 20)
        ]

    assert set(levels(calm)) <= set(levels(busy))


def test_small_time_steps_and_one_large_step_give_the_same_news() -> None:
    small, leap = (venue(market(sigma=0.5, intensity=3.0)) for _ in range(2))
    news: list[News] = []
    for step in range(1, 101):
        news += small.advance(step * NS_PER_S // 10)
    assert news == leap.advance(10 * NS_PER_S)


def test_time_never_runs_backwards() -> None:
    exchange = venue(market(sigma=0.5, intensity=3.0))
    exchange.advance(10 * NS_PER_S)
    assert exchange.advance(5 * NS_PER_S) == []
    placed, _ = exchange.place("a", order(BUY, "90", "1", kind=OrderKind.LIMIT_MAKER), 0)
    assert placed.created_ns == 10 * NS_PER_S


def test_news_of_two_symbols_is_in_order_of_time() -> None:
    first = market(sigma=0.5, intensity=3.0)
    second = market(symbol="XYZUSD", base="XYZ", sigma=0.5, intensity=3.0)
    news = venue(first, second).advance(10 * NS_PER_S)
    stamps = [one.ts_ns for one in news]
    assert stamps == sorted(stamps)
    paths = {
        symbol: [one.bid[0] for one in news if isinstance(one, BestNews) and one.symbol == symbol]
        for symbol in (SYMBOL, "XYZUSD")
    }
    assert paths[SYMBOL] != paths["XYZUSD"]
    alone = venue(first).advance(10 * NS_PER_S)
    assert [one for one in news if getattr(one, "symbol", "") == SYMBOL] == alone
