"""Real-like markets: moves, activity, bursts, pieces, and the queue of a level."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from math import log, sqrt
from random import Random
from statistics import fmean, variance

import pytest

from quoter.domain.units import NS_PER_S
from quoter.sim.background import QueuedBackground
from quoter.sim.exchange import Exchange
from quoter.sim.fill_models import FillModel, QueuePosition
from quoter.sim.matching import Hit, cut, pieces, plan
from quoter.sim.messages import DepthNews, MarketSpec, News, PrintNews
from quoter.sim.moves import Moves
from quoter.sim.real_like import ACTIVITY_MAX, Activity, RealLike
from quoter.sim.real_markets import REAL_BITCOIN, REAL_LARGE_TICK, REAL_THIN
from quoter.sim.resting import Resting
from quoter.sim.scripts import CALM
from quoter.sim.takers import Taker, Takers
from tests.unit.sim.cases import BUY, SELL, SYMBOL, apply, market, order, rebuilt, venue
from tests.unit.sim.test_matching import book_of, steps

REAL = RealLike(
    moves_per_s=0.5,
    move_tail=0.5,
    echo=0.0,
    at_best=0.0,
    followers=0.0,
    follow_s=0.01,
    same=1.0,
    activity_fast=0.4,
    activity_slow=0.8,
    trade_lots=20.0,
    trade_tail=1.0,
    order_lots=30.0,
    pieces_tail=0.0,
    split_share=0.0,
    thinness=0.5,
    depth_tail=0.5,
)
SPEC = replace(market(sigma=0.2, intensity=2.0, kappa=2.0, spread_ticks=1), real=REAL)
STEP_S = 0.05


@pytest.mark.parametrize(
    "change",
    [
        {"moves_per_s": 0.0},
        {"echo": 1.0},
        {"followers": 1.0},
        {"at_best": 1.0},
        {"pieces_tail": -0.1},
        {"same": 1.1},
        {"trade_tail": -0.1},
        {"order_lots": 0.0},
        {"activity_slow": float("nan")},
    ],
)
def test_parameter_out_of_its_domain_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        replace(REAL, **change)


@pytest.mark.parametrize("echo", [0.0, 0.4, -0.4])
def test_moves_are_rare_with_heavy_tails_and_the_variance_of_sigma(echo: float) -> None:
    moves = Moves(replace(REAL, echo=echo), 2.0, Random(5))
    path = [
        sum(moves.during(round(step * STEP_S * NS_PER_S), STEP_S, 1e4, 1.0))
        for step in range(1, 200_001)
    ]
    blocks = [sum(path[i : i + 600]) for i in range(0, len(path), 600)]  # 30 s
    assert sqrt(sum(b * b for b in blocks) / len(blocks) / 30.0) == pytest.approx(2.0, rel=0.12)
    seconds = [sum(path[i : i + 20]) for i in range(0, len(path), 20)]
    squares = sum(s**2 for s in seconds) / len(seconds)
    assert sum(s**4 for s in seconds) / len(seconds) / squares**2 > 8.0  # 3: normal
    still = sum(s == 0.0 for s in seconds) / len(seconds)
    assert still == pytest.approx(0.6 if echo == 0.0 else 0.44, abs=0.06)
    lagged = sum(a * b for a, b in pairwise(seconds)) / len(seconds) / squares
    assert lagged == pytest.approx(0.25 * echo, abs=0.07)


def test_activity_changes_by_more_than_ten_within_minutes_and_has_a_mean_of_one() -> None:
    activity, levels = Activity(REAL, Random(3), 0), list[float]()
    for second in range(40_000):
        now = activity.conditions(second * NS_PER_S)
        levels.append(now.buys)
        assert now.volatility == pytest.approx(sqrt(now.buys))
        assert now.sells == now.buys
        assert 1 / ACTIVITY_MAX <= now.buys <= ACTIVITY_MAX
        # takers reach farther while volatility is high, in steps
        assert log(1 / now.kappa) == pytest.approx(0.75 * log(now.volatility), abs=0.18)
    assert sum(levels) / len(levels) == pytest.approx(1.0, abs=0.1)
    windows = [levels[i : i + 600] for i in range(0, len(levels), 600)]
    assert sum(max(w) > 10.0 * min(w) for w in windows) > len(windows) / 2


def arrivals(real: RealLike, count: int) -> tuple[list[float], list[Taker]]:
    """Return the times, in seconds, of so many takers, and the takers."""
    takers = Takers(replace(SPEC, real=real), Random(2))
    takers.draw_arrival(0, CALM)
    times, found = list[float](), list[Taker]()
    for _ in range(count):
        times.append(takers.next_ns / NS_PER_S)
        found.append(takers.take(CALM))
    return times, found


def test_followers_come_in_bursts_and_do_not_add_to_the_intensity() -> None:
    times, found = arrivals(replace(REAL, followers=0.6, follow_s=0.1), 40_000)
    assert len(times) / times[-1] == pytest.approx(2 * SPEC.intensity, rel=0.05)
    alike = sum((a.side, a.reach) == (b.side, b.reach) for a, b in pairwise(found))
    assert alike / len(found) == pytest.approx(0.55, abs=0.06)
    # Hawkes (1971): the variance of long counts is 1 / (1 - followers)^2 times their mean
    counts = Counter(int(at / 5.0) for at in times)
    windows = [counts[number] for number in range(int(times[-1] / 5.0))]
    assert variance(windows) / fmean(windows) == pytest.approx(6.25, rel=0.15)
    short = Counter(int(at / 0.01) for at in times).values()
    fano = sum(one * one for one in short) / len(times) - len(times) / (times[-1] / 0.01)
    assert 1.2 < fano < 4.0  # bursts last longer than 10 ms


def test_takers_at_the_best_price_and_with_many_pieces_are_drawn_as_often_as_said() -> None:
    real = replace(REAL, at_best=0.7, pieces_tail=1.5)
    _, found = arrivals(real, 10_000)
    half_spread = (SPEC.spread_ticks + 1) / 2 * float(SPEC.tick)
    at_best = [one for one in found if one.reach == half_spread]
    assert len(at_best) / len(found) == pytest.approx(0.7, abs=0.02)
    assert {one.pieces for one in at_best} == {1.0}
    logs = [log(one.pieces) for one in found if one.reach != half_spread]
    assert sqrt(fmean([one * one for one in logs])) == pytest.approx(1.5, rel=0.05)


def test_takers_follow_a_move_of_the_mid_to_its_side() -> None:
    takers = Takers(replace(SPEC, intensity=0.0, real=replace(REAL, followers=0.9)), Random(1))
    for _ in range(50):
        takers.on_move(BUY, 0)
    assert 0 < takers.next_ns <= 0.01 * NS_PER_S
    assert {takers.take(CALM).side for _ in range(40)} == {BUY}


def test_last_price_yields_the_size_of_the_taker_at_most() -> None:
    hits = [Hit(ticks=t, lots=n, resting=None) for t, n in ((10, 5), (11, 4), (11, 6), (11, 9))]
    assert [(hit.ticks, hit.lots) for hit in cut(hits, 7)] == [(10, 5), (11, 4), (11, 3)]
    assert cut([], 7) == []


def test_levels_trade_in_pieces_and_account_orders_in_one_unless_split() -> None:
    (resting,) = book_of(("b", SELL, 12, 500)).at(SELL, 12)
    hits = [Hit(ticks=11, lots=3_000, resting=None), Hit(ticks=12, lots=500, resting=resting)]
    divided = pieces(hits, order_lots=30.0, order_tail=0.5, split_share=0.0, rng=Random(1))
    assert sum(hit.lots for hit in divided[:-1]) == 3_000
    assert 70 < len(divided) < 140
    assert divided[-1] == hits[1]
    split = pieces(hits[1:], order_lots=30.0, order_tail=0.5, split_share=1.0, rng=Random(1))
    assert 1 < len(split) < 12
    assert sum(hit.lots for hit in split) == 500
    large = [Hit(ticks=11, lots=10**12, resting=None)]
    assert len(pieces(large, order_lots=1.0, order_tail=0.5, split_share=0.0, rng=Random(1))) < 400


def queued(ahead: float, *, model: FillModel = FillModel.PROBABLE) -> Resting:
    (resting,) = book_of(("b", SELL, 101, 5)).at(SELL, 101)
    resting.queue = QueuePosition(model, ahead, 20.0)
    return resting


@pytest.mark.parametrize(
    ("ahead", "model", "expected"),
    [
        (7.9, FillModel.PROBABLE, [(0, 101, 7), (1, 101, 5), (0, 101, 3), (0, 102, 1)]),
        (99.0, FillModel.PROBABLE, [(0, 101, 10), (1, 101, 5), (0, 102, 1)]),
        (0.0, FillModel.PROBABLE, [(1, 101, 5), (0, 101, 10), (0, 102, 1)]),
        (7.0, FillModel.FRONT, [(1, 101, 5), (0, 101, 10), (0, 102, 1)]),
    ],
)
def test_order_trades_after_the_background_that_is_ahead_of_it(
    ahead: float, model: FillModel, expected: Sequence[tuple[int, int, int]]
) -> None:
    resting = queued(ahead, model=model)
    book = book_of()
    book.add(resting)
    planned = plan(book=book, background=((101, 10), (102, 1)), side=BUY, lots=99)
    assert steps(planned) == expected


def still_market(**changes: float) -> MarketSpec:
    """The mid and the takers stand still; only levels change."""
    real = replace(REAL, moves_per_s=1e-9, activity_fast=0.0, activity_slow=0.0, **changes)
    return replace(SPEC, sigma=0.0, intensity=0.0, depth_lots=1_000, real=real)


def test_cancels_ahead_bring_an_order_forward_and_new_orders_stand_behind() -> None:
    exchange = venue(still_market())
    best = exchange.depth(SYMBOL, 1).bids[0]
    exchange.place("a", order(BUY, str(best[0]), "1"), 0)
    (resting,) = exchange._markets[SYMBOL].book.queue(BUY)
    assert resting.queue is not None
    ahead = [resting.queue.ahead]
    assert ahead[0] == pytest.approx(float(best[1] * 100))
    for second in range(1, 60):
        exchange.advance(second * NS_PER_S)
        ahead.append(resting.queue.ahead)
        assert ahead[-1] <= resting.queue.shown
    assert all(after <= before for before, after in pairwise(ahead))
    assert 0.0 < ahead[-1] < ahead[0] / 2


def test_levels_that_were_traded_come_back_with_the_next_move_of_the_background() -> None:
    background = QueuedBackground(SPEC, REAL, Random(1))
    background.move(990, 991, kappa=1.0)
    ticks, lots = background.levels(SELL)[0]
    background.traded(SELL, ticks, lots - 1)
    assert background.levels(SELL)[0] == (ticks, 1)
    background.traded(SELL, ticks, 1)
    second = background.best(SELL)
    assert second is not None
    assert second > ticks
    for level, size in background.levels(SELL):
        background.traded(SELL, level, size)
    assert background.best(SELL) is None
    assert background.best_level(SELL) is None
    assert (SELL, ticks) in background.move(990, 991, kappa=1.0)
    assert background.best(SELL) is not None


def run(spec: MarketSpec, seed: int, seconds: int) -> list[News]:
    exchange, news = Exchange((spec,), seed=seed, now_ns=0), list[News]()
    for second in range(1, seconds + 1):
        news += exchange.flush_depth(spec.symbol, second * NS_PER_S)
    return news


def test_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    assert run(SPEC, 1, 30) == run(SPEC, 1, 30)
    assert run(SPEC, 1, 30) != run(SPEC, 2, 30)


@pytest.mark.parametrize("spec", [REAL_BITCOIN, REAL_THIN, REAL_LARGE_TICK])
def test_published_depth_is_that_of_the_snapshot(spec: MarketSpec) -> None:
    exchange = Exchange((spec,), seed=3, now_ns=0)
    book = rebuilt(exchange.depth(spec.symbol, 1_000))
    prints = 0
    for tenth in range(1, 301):
        for one in exchange.flush_depth(spec.symbol, tenth * NS_PER_S // 10):
            prints += isinstance(one, PrintNews)
            if isinstance(one, DepthNews):
                apply(book, one)
    shown = exchange.depth(spec.symbol, 1_000)
    assert book == rebuilt(shown)
    assert prints > 0 or spec is REAL_THIN
    assert shown.bids[0][0] < shown.asks[0][0]


def test_account_that_takes_everything_is_filled() -> None:
    exchange = venue(still_market())
    size = sum((lots for _, lots in exchange.depth(SYMBOL, 5).asks), Decimal(0))
    price = exchange.depth(SYMBOL, 5).asks[-1][0]
    placed, _ = exchange.place("a", order(BUY, str(price), str(size)), 0)
    assert placed.filled == size
