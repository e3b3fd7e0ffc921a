"""The prior of the intensity from trades of before the start."""

from math import exp, log
from random import Random

import pytest

from quoter.domain.market import RecentTrade, Side
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.pricing.estimators.intensity import IntensityPrior
from quoter.pricing.estimators.reach_prior import reach_prior, reach_rate

GUESS = IntensityPrior(kappa=1.0, rate=50.0, d0=1.0, tick=0.1)
HALF_BOOK = 0.05


def at_touch(seconds: int, per_second: int) -> list[RecentTrade]:
    """Orders of takers of both sides that do not move the price."""
    return [
        RecentTrade(second * NS_PER_S + n * NS_PER_S // per_second, side, 100.0 + side.sign * 0.05)
        for second in range(seconds)
        for n, side in enumerate([Side.BUY, Side.SELL] * (per_second // 2))
    ]


def test_trades_at_the_touch_do_not_count_as_reaching_d0() -> None:
    """Counted as such they made a prior of 64 instead of 0.5 a second on a recorded market."""
    found = reach_prior(GUESS, at_touch(30, 20), half_book_spread=HALF_BOOK, sigma=1.0)
    assert found.rate < 0.02
    assert (found.kappa, found.d0, found.tick) == (GUESS.kappa, GUESS.d0, GUESS.tick)


def test_rate_and_kappa_are_those_of_the_takers() -> None:
    random, kappa, rate = Random(1), 0.5, 0.3
    trades = at_touch(600, 2)
    for side in Side:
        t_s = 0.0
        while (t_s := t_s + random.expovariate(rate)) < 600.0:
            deep = 100.0 + side.sign * (1.0 + random.expovariate(kappa))
            first_ns = int(t_s * NS_PER_S)
            trades.append(RecentTrade(first_ns, side, 100.0 + side.sign * HALF_BOOK))
            trades.append(RecentTrade(first_ns + NS_PER_MS, side, round(deep, 1)))
    trades.sort(key=lambda trade: trade.ts_ns)
    found = reach_prior(GUESS, trades, half_book_spread=HALF_BOOK, sigma=5.0)
    assert found.rate == pytest.approx(rate, rel=0.15)
    assert found.kappa == pytest.approx(kappa, rel=0.25)


def test_hidden_takers_are_added() -> None:
    assert reach_rate(100.0, 100.0) == pytest.approx(log(2.0))
    assert 1.0 - exp(-reach_rate(1e9, 10.0)) == pytest.approx(0.95)
    assert reach_rate(0.0, 1_000.0) == pytest.approx(0.00025, rel=0.01)


def test_guess_stays_without_a_span_of_time() -> None:
    for trades in ([], at_touch(1, 2)):
        assert reach_prior(GUESS, trades, half_book_spread=HALF_BOOK, sigma=1.0) == GUESS
