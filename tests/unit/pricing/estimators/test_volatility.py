"""Volatility: units, jumps, gaps, noise and invalid input."""

import itertools
import random
from fractions import Fraction
from math import inf, nan, sqrt

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.volatility import VarianceRate, Volatility


def walk(
    volatility: Volatility | VarianceRate, *, sigma: float, seconds: int, start_s: float = 0.0,
    mid: float = 1000.0, seed: int = 1,
) -> float:  # fmt: skip
    """Feed a random walk, two mids a second; returns the last mid."""
    rng = random.Random(seed)
    for i in range(2 * seconds):
        mid += rng.gauss(0.0, sigma * sqrt(0.5))
        volatility.update(start_s + i / 2, mid)
    return mid


def test_sigma_of_a_random_walk_is_recovered() -> None:
    volatility = Volatility()
    walk(volatility, sigma=0.7, seconds=3600)
    assert volatility.sigma == pytest.approx(0.7, rel=0.15)


def test_f02_sigma_is_absolute_ten_times_the_price_has_ten_times_the_sigma() -> None:
    small, large = Volatility(), Volatility()
    walk(small, sigma=0.7, seconds=300, mid=1000.0)
    walk(large, sigma=7.0, seconds=300, mid=10_000.0)
    assert small.sigma is not None
    assert large.sigma == pytest.approx(10 * small.sigma, rel=1e-9)


def test_f20_high_prices_lose_no_precision() -> None:
    """Against exact fractions, on a price that a 32-bit float would hold to 1/64 only."""
    rate = VarianceRate(half_life_s=1e15)
    rng = random.Random(2)
    mids = [Fraction(100_000_00 + rng.randrange(-300, 300), 100) for _ in range(500)]
    for i, mid in enumerate(mids):
        rate.update(float(i), float(mid))
    squares = sum((b - a) ** 2 for a, b in itertools.pairwise(mids))
    exact = sqrt(float(squares / 499))
    assert rate.sigma is not None
    assert rate.sigma == pytest.approx(exact, rel=1e-9, abs=0.0)


def test_sigma_is_none_before_enough_time_was_observed() -> None:
    volatility = Volatility()
    walk(volatility, sigma=1.0, seconds=20)
    assert volatility.sigma is None
    walk(volatility, sigma=1.0, seconds=10, start_s=20.0)
    assert volatility.sigma is not None


def test_without_any_move_sigma_is_none_and_the_first_move_is_not_cut() -> None:
    volatility = Volatility()
    for t_s in range(100):
        volatility.update(float(t_s), 50.0)
    assert volatility.sigma is None
    volatility.update(100.0, 51.0)
    assert volatility.sigma is not None
    assert volatility.slow.sigma is not None
    assert volatility.slow.sigma > 0.05


def test_prior_is_used_at_once_and_decays() -> None:
    volatility = Volatility(prior_sigma=5.0)
    assert volatility.sigma == pytest.approx(5.0)
    walk(volatility, sigma=1.0, seconds=3600)
    assert volatility.sigma == pytest.approx(1.0, rel=0.25)


def test_prior_is_used_with_short_half_lives() -> None:
    volatility = Volatility(prior_sigma=5.0, slow_half_life_s=10.0, fast_half_life_s=1.0)
    walk(volatility, sigma=1.0, seconds=60)
    assert volatility.sigma is not None


def test_one_jump_counts_less_than_many_moves_of_the_same_variance() -> None:
    """A single jump says little of the moves to come; a minute of large moves says much."""
    jumped, moved = (Volatility(prior_sigma=1.0) for _ in range(2))
    mid = walk(jumped, sigma=1.0, seconds=600)
    walk(moved, sigma=1.0, seconds=600)
    jumped.update(601.0, mid + 100.0)
    for t_s in range(602, 662):
        jumped.update(float(t_s), mid + 100.0)
    step = 100.0 / sqrt(60.0)
    for i in range(61):
        moved.update(601.0 + i, mid + step * (i % 2))
    assert jumped.sigma is not None
    assert moved.sigma is not None
    assert 2.0 < jumped.sigma < 0.7 * moved.sigma
    assert moved.sigma > 0.6 * step


def test_a_market_of_rare_jumps_keeps_its_volatility_between_them() -> None:
    """One jump of 1 in ten minutes is a variance of 1/600 a second, also five minutes after it."""
    volatility = Volatility()
    mid, least, most = 100.0, inf, 0.0
    for second in range(6 * 3600):
        if second % 600 == 599:
            mid += 1.0 if second % 1200 == 599 else -1.0
        volatility.update(float(second), mid)
        if second > 3600:
            sigma = volatility.sigma or 0.0
            least, most = min(least, sigma), max(most, sigma)
    truth = sqrt(1.0 / 600.0)
    assert least > 0.5 * truth
    assert most < 2.5 * truth


def test_dead_band_is_subtracted_from_each_move() -> None:
    bouncing_mid, moving = (VarianceRate(half_life_s=60.0, dead_band=0.5) for _ in range(2))
    for second in range(60):
        bouncing_mid.update(float(second), 100.0 + 0.5 * (second % 2))
        moving.update(float(second), 100.0 + 2.5 * (second % 2))
    assert bouncing_mid.sigma == 0.0
    assert moving.sigma == pytest.approx(2.0)
    with pytest.raises(InvalidInput, match="dead_band"):
        VarianceRate(half_life_s=60.0, dead_band=nan)


def test_difference_across_a_gap_is_ignored_but_not_across_silence() -> None:
    for restarts, wanted in ((True, 1.0), (False, 2.0)):
        volatility = Volatility(prior_sigma=1.0)
        volatility.update(0.0, 100.0)
        if restarts:
            volatility.restart()
        volatility.update(40.0, 130.0)
        assert volatility.sigma is not None
        assert (volatility.sigma >= wanted) is (not restarts or wanted == 1.0)


def test_small_step_back_is_ignored_and_large_one_restarts() -> None:
    rate = VarianceRate(half_life_s=60.0)
    rate.update(1000.0, 100.0)
    rate.update(999.0, 500.0)
    rate.update(1001.0, 101.0)
    assert rate.squares == pytest.approx(1.0)
    rate.update(10.0, 700.0)
    rate.update(11.0, 701.0)
    assert rate.squares == pytest.approx(2.0, rel=0.02)


def bouncing(volatility: Volatility, *, noise: float, seconds: int, start_s: float = 0.0) -> None:
    """A walk of sigma 1 seen ten times a second through independent noise."""
    rng, mid = random.Random(3), 1000.0
    for i in range(10 * seconds):
        mid += rng.gauss(0.0, sqrt(0.1))
        volatility.update(start_s + i / 10 + 0.001, mid + rng.gauss(0.0, noise))


def test_noise_ratio_of_a_diffusion_is_one() -> None:
    volatility = Volatility()
    bouncing(volatility, noise=0.0, seconds=1200)
    assert volatility.scales.noise_ratio == pytest.approx(1.0, abs=0.3)
    assert volatility.scales.ratio == pytest.approx(1.0, abs=0.1)


def test_bounce_is_taken_out_of_sigma() -> None:
    volatility = Volatility()
    bouncing(volatility, noise=1.0, seconds=1800)
    assert volatility.scales.noise_ratio is not None
    assert volatility.scales.noise_ratio > 1.5
    assert volatility.sigma == pytest.approx(1.2, abs=0.2)  # of moves of a second it is 1.7


def test_trend_within_seconds_is_added_to_sigma() -> None:
    """Each move is spread evenly over five seconds: steps of a second show 0.45 of the truth."""
    volatility, rng = Volatility(), random.Random(5)
    moves = [rng.gauss(0.0, 1.0) for _ in range(3600)]
    mid = 1000.0
    for second in range(4, len(moves)):
        mid += sum(moves[second - 4 : second + 1]) / 5
        volatility.update(float(second), mid)
    assert volatility.sigma == pytest.approx(0.9, abs=0.2)


def test_volatility_above_a_bounce_is_not_scaled_down_with_it() -> None:
    """The bounce stays as it is when volatility grows: it is subtracted, not divided out."""
    volatility, rng, mid = Volatility(), random.Random(6), 10_000.0
    for second in range(3600):
        sigma = 1.0 if second < 3540 else 10.0
        mid += rng.gauss(0.0, sigma)
        volatility.update(float(second), mid + 2.0 * (-1) ** second)
    assert volatility.sigma == pytest.approx(8.5, abs=2.0)


def test_noise_ratio_is_none_without_moves() -> None:
    still = Volatility()
    for t_s in range(1000):
        still.update(float(t_s), 5.0)
    assert still.scales.noise_ratio is None
    assert still.scales.ratio == 1.0


@pytest.mark.slow
def test_rms_error_of_sigma_is_below_four_percent() -> None:
    """Root of the mean squared error over many seconds of many walks, ticks in clusters."""
    squares, count = 0.0, 0
    for seed in range(30):
        rng, volatility = random.Random(seed), Volatility()
        t_s, mid, check_s = 0.0, 10_000.0, 1500.0
        while t_s < 3000.0:
            gap_s = rng.expovariate(20.0) if rng.random() < 0.8 else rng.expovariate(1.0)
            t_s += gap_s
            mid += rng.gauss(0.0, sqrt(gap_s))
            volatility.update(t_s, mid)
            if t_s > check_s:
                check_s += 20.0
                squares += ((volatility.sigma or 0.0) - 1.0) ** 2
                count += 1
    assert sqrt(squares / count) <= 0.04


@pytest.mark.parametrize(("t_s", "mid"), [(1.0, nan), (1.0, inf), (1.0, 0.0), (nan, 1.0)])
def test_f14_invalid_mid_or_time_raises_and_changes_nothing(t_s: float, mid: float) -> None:
    volatility = Volatility(prior_sigma=3.0)
    volatility.update(0.0, 10.0)
    with pytest.raises(InvalidInput):
        volatility.update(t_s, mid)
    assert volatility.sigma == pytest.approx(3.0)
