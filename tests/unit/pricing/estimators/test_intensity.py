"""Intensity: recovery of known parameters, confidence and invalid input."""

import random
from collections.abc import Iterator
from math import exp, floor, inf, nan, sqrt
from statistics import median

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.intensity import (
    COLD_MULTIPLIER,
    Confidence,
    Intensity,
    IntensityPrior,
    market_prior,
)

PRIOR = IntensityPrior(kappa=1.5, rate=0.2, d0=0.1, tick=0.01)
MID = 100.0


def takers(
    *, kappa: float, rate: float, seconds: int, seed: int
) -> Iterator[tuple[float, Side, float]]:
    """Takers of each side whose reach from the mid is exponential, at `rate` per second."""
    rng = random.Random(seed)
    t_s = 0.0
    while (t_s := t_s + rng.expovariate(2.0 * rate)) < seconds:
        side = rng.choice((Side.BUY, Side.SELL))
        yield t_s, side, MID + side.sign * rng.expovariate(kappa)


def learn(intensity: Intensity, **market: float) -> None:
    intensity.on_mid(0.0, MID, 1.0)
    seconds = int(market.pop("seconds"))
    for t_s, side, price in takers(seconds=seconds, seed=int(market.pop("seed")), **market):
        intensity.on_trade(t_s, side, price)
    intensity.on_mid(float(seconds), MID, 1.0)


@pytest.mark.parametrize("kappa", [0.8, 1.5, 3.0])
def test_f08_known_kappa_and_fill_rate_are_recovered(kappa: float) -> None:
    """One taker in ten seconds, so that windows rarely hold two; prior kappa up to 2x wrong."""
    intensity = Intensity(PRIOR, half_life_s=1e9)
    learn(intensity, kappa=kappa, rate=0.1, seconds=60_000, seed=3)
    found = intensity.estimate
    assert found.confidence is Confidence.OK
    assert found.kappa == pytest.approx(kappa, rel=0.08)
    assert found.rate == pytest.approx(0.1 * exp(-kappa * 0.1), rel=0.08)
    assert found.intensity == pytest.approx(0.1, rel=0.08)
    assert found.error < 0.02


@pytest.mark.parametrize("rate", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("tick", [0.01, 0.5])
def test_f08_hidden_takers_are_counted(rate: float, tick: float) -> None:
    """Of several takers in a window only the farthest is visible: at 3/s two thirds are hidden."""
    prior = IntensityPrior(kappa=3.0, rate=0.2, d0=0.1, tick=tick)
    intensity = Intensity(prior, half_life_s=1e9)
    intensity.on_mid(0.0, MID, 1.0)
    kappas = list[float]()
    for t_s, side, price in takers(kappa=1.5, rate=rate, seconds=20_000, seed=11):
        past_d0 = ((price - MID) * side.sign - 0.1) // tick * tick
        intensity.on_trade(t_s, side, MID + side.sign * (0.1 + past_d0))
        kappas.append(intensity.estimate.kappa)
    intensity.on_mid(20_000.0, MID, 1.0)
    found = intensity.estimate
    assert median(kappas) == pytest.approx(1.5, rel=0.08)
    assert found.rate == pytest.approx(rate * exp(-1.5 * 0.1), rel=0.08)


def test_wrong_prior_rate_is_corrected() -> None:
    """Hidden takers are inferred from the share of windows with a taker, not from the prior."""
    intensity = Intensity(PRIOR._replace(rate=50.0))
    learn(intensity, kappa=1.5, rate=0.1, seconds=3_000, seed=3)
    assert intensity.estimate.rate == pytest.approx(0.1 * exp(-1.5 * 0.1), rel=0.3)
    assert intensity.estimate.kappa == pytest.approx(1.5, rel=0.3)


@pytest.mark.parametrize("count", [100, 300, 1000])
def test_kappa_error_is_below_four_over_root_of_samples(count: int) -> None:
    """In 36 of forty runs, with priors that are too high and too low by a half.

    Now and then the newest reaches look like a change.
    """
    misses = 0
    for seed in range(40):
        prior = PRIOR._replace(kappa=1.5 * (1.5 if seed % 2 else 1 / 1.5))
        intensity = Intensity(prior, half_life_s=1e9)
        intensity.on_mid(0.0, MID, 1.0)
        for t_s, side, price in takers(kappa=1.5, rate=0.1, seconds=10**9, seed=seed):
            intensity.on_trade(t_s, side, price)
            if intensity.estimate.samples >= count:
                break
        misses += abs(intensity.estimate.kappa / 1.5 - 1.0) > 4.0 / sqrt(count)
    assert misses <= 4


def test_fill_rate_matches_at_a_distance_and_is_flat_below_d0() -> None:
    intensity = Intensity(PRIOR, half_life_s=1e9)
    learn(intensity, kappa=1.5, rate=0.1, seconds=60_000, seed=3)
    for distance in (0.1, 0.4, 1.0):
        assert intensity.fill_rate(distance) == pytest.approx(0.1 * exp(-1.5 * distance), rel=0.1)
    assert intensity.fill_rate(-5.0) == intensity.fill_rate(0.0) == intensity.estimate.rate
    with pytest.raises(InvalidInput, match="distance"):
        intensity.fill_rate(nan)


def test_coarse_grid_does_not_bias_kappa() -> None:
    """With a tick of 1/kappa, the reciprocal of the mean excess would be wrong by half."""
    tick = 0.5
    intensity = Intensity(IntensityPrior(kappa=2.0, rate=0.1, d0=tick, tick=tick), half_life_s=1e9)
    intensity.on_mid(0.0, MID, 1.0)
    for t_s, side, price in takers(kappa=2.0, rate=0.1, seconds=40_000, seed=4):
        reached = (price - MID) * side.sign // tick * tick
        intensity.on_trade(t_s, side, MID + side.sign * reached)
    intensity.on_mid(40_000.0, MID, 1.0)
    assert intensity.estimate.kappa == pytest.approx(2.0, rel=0.08)


@pytest.mark.parametrize("tick", [0.001, 0.5])
def test_tick_that_changes_keeps_kappa_and_further_takers_are_counted_in_it(tick: float) -> None:
    intensity = Intensity(PRIOR, half_life_s=1e9)
    learn(intensity, kappa=1.5, rate=0.1, seconds=60_000, seed=3)
    learned = intensity.estimate.kappa
    intensity.set_tick(tick)
    rng = random.Random(5)
    for n in range(6_000):
        start_s = 60_000.0 + 10.0 * n
        intensity.on_mid(start_s, MID, 1.0)
        ticks = floor(rng.expovariate(1.5) / tick)
        intensity.on_trade(start_s + 5.0, Side.BUY, MID + PRIOR.d0 + ticks * tick)
    intensity.on_mid(120_100.0, MID, 1.0)
    assert intensity.estimate.kappa == pytest.approx(learned, rel=0.1)


def test_reach_at_d0_counts_despite_float_rounding() -> None:
    intensity = Intensity(IntensityPrior(kappa=10.0, rate=0.1, d0=0.005, tick=0.01))
    for i in range(40):
        intensity.on_mid(i * 1.0, 100.005, 0.0)
        intensity.on_trade(i + 0.5, Side.BUY, 100.01)
    assert intensity.estimate.confidence is Confidence.WARM


def test_very_large_reaches_are_censored() -> None:
    intensity = Intensity(PRIOR)
    for i in range(400):
        intensity.on_mid(i * 1.0, MID, 0.05)
        intensity.on_trade(i + 0.5, Side.BUY, MID + (50.0 if i % 20 == 0 else 0.4))
    uncut = 1.0 / (0.05 * 49.9 + 0.95 * 0.3)
    assert intensity.estimate.kappa > 3 * uncut


def test_with_few_samples_the_prior_is_used_and_the_quote_is_widened() -> None:
    intensity = Intensity(PRIOR)
    for i in range(9):
        intensity.on_mid(i * 1.0, MID, 1.0)
        intensity.on_trade(i + 0.5, Side.SELL, MID - 3.0)
    cold = intensity.estimate
    assert (cold.kappa, cold.rate, cold.confidence) == (1.5, 0.2, Confidence.COLD)
    assert cold.intensity == pytest.approx(0.2 * exp(0.15))
    assert cold.multiplier == COLD_MULTIPLIER
    for i in range(9, 30):
        intensity.on_mid(i * 1.0, MID, 1.0)
        intensity.on_trade(i + 0.5, Side.SELL, MID - 3.0)
    warm = intensity.estimate
    assert (warm.confidence, warm.multiplier) == (Confidence.WARM, 1.0)
    assert warm.kappa < cold.kappa


def test_long_silence_equals_many_windows_without_trades() -> None:
    """An hour of silence at once equals an hour of windows without a trade."""
    at_once, stepwise = Intensity(PRIOR), Intensity(PRIOR)
    for intensity in (at_once, stepwise):
        learn(intensity, kappa=1.5, rate=0.5, seconds=300, seed=5)
    for t_s in range(301, 3601):
        stepwise.on_mid(float(t_s), MID, 1.0)
    at_once.on_mid(3600.0, MID, 1.0)
    assert at_once.estimate[:-1] == pytest.approx(stepwise.estimate[:-1], rel=1e-9)
    assert at_once.estimate.rate < 0.1


def test_kappa_changes_by_at_most_a_factor_two_in_twenty_seconds() -> None:
    intensity = Intensity(PRIOR, half_life_s=30.0)
    learn(intensity, kappa=1.5, rate=0.5, seconds=600, seed=6)
    kappas = [intensity.estimate.kappa]
    for i in range(50):
        t_s = 600.0 + i
        intensity.on_mid(t_s, MID, 1.0)
        kappas.append(intensity.estimate.kappa)
        intensity.on_trade(t_s + 0.5, Side.BUY, MID + 0.1)
        intensity.on_trade(t_s + 0.5, Side.SELL, MID - 0.1)
    assert kappas[-1] > 4.0 * kappas[0]
    # from half of a step's first value to twice it, and as much again in the next step
    assert all(later <= 8.0 * kappas[n] for n, later in enumerate(kappas[20:]))


def test_reach_is_measured_from_the_mid_at_the_window_start() -> None:
    """The mid rises with the takers; the reference price of the window does not."""
    intensity = Intensity(PRIOR)
    for i in range(60):
        intensity.on_mid(i * 1.0, MID, 1.0)
        intensity.on_mid(i + 0.4, MID + 2.0, 1.0)
        intensity.on_trade(i + 0.5, Side.BUY, MID + 2.0)
        intensity.on_mid(i + 0.9, MID, 1.0)
    assert intensity.estimate.samples > 40


def test_each_window_uses_its_own_mid() -> None:
    """The market rises far; takers reach 0.4 from the start of each window, never farther."""
    steady, climbing = Intensity(PRIOR), Intensity(PRIOR)
    for intensity, climb in ((steady, 0.0), (climbing, 7.0)):
        for i in range(100):
            mid = MID + climb * i
            intensity.on_mid(i + 0.001, mid, 1.0)
            intensity.on_trade(i + 0.5, Side.BUY, mid + 0.4)
            intensity.on_mid(i + 0.9, mid + climb, 1.0)
    assert climbing.estimate.samples > 60
    assert climbing.estimate[:-1] == pytest.approx(steady.estimate[:-1], rel=1e-9)


def test_gap_drops_only_the_open_window() -> None:
    intensity = Intensity(PRIOR)
    learn(intensity, kappa=1.5, rate=0.5, seconds=300, seed=7)
    before = intensity.estimate
    intensity.restart()
    intensity.on_trade(400.0, Side.BUY, 500.0)
    intensity.on_mid(401.0, 300.0, 1.0)
    assert intensity.estimate == before
    intensity.on_mid(402.5, 300.0, 1.0)
    assert intensity.estimate.samples == pytest.approx(before.samples, rel=1e-9)


def test_market_prior_comes_from_the_book() -> None:
    prior = market_prior(
        mid=100.0, half_book_spread=0.05, tick=0.01, trades_per_s=3.0, half_quote=0.4
    )
    assert prior == pytest.approx((20.0, 1.5, 0.1, 0.01))
    tight = market_prior(
        mid=100_000.0, half_book_spread=0.005, tick=0.01, trades_per_s=3.0, half_quote=0.0
    )
    assert tight.kappa == pytest.approx(0.1)
    assert tight.d0 == 0.005  # half a tick, where the touch is


@pytest.mark.parametrize("name", ["mid", "half_book_spread", "tick", "trades_per_s", "half_quote"])
def test_market_prior_with_invalid_number_raises_with_its_name(name: str) -> None:
    values = {
        "mid": 1.0, "half_book_spread": 0.1, "tick": 0.1, "trades_per_s": 1.0, "half_quote": 0.0,
    }  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        market_prior(**values | {name: nan})
    assert refused.value.name == name


@pytest.mark.parametrize("name", ["kappa", "rate", "d0", "tick"])
@pytest.mark.parametrize("value", [0.0, nan, inf])
def test_invalid_prior_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        Intensity(PRIOR._replace(**{name: value}))
    assert refused.value.name == name


def test_d0_too_far_to_estimate_a_raises() -> None:
    with pytest.raises(InvalidInput, match="d0"):
        Intensity(PRIOR._replace(kappa=1000.0))


def test_f14_events_with_invalid_numbers_raise() -> None:
    intensity = Intensity(PRIOR)
    for mid, sigma in ((nan, 1.0), (0.0, 1.0), (MID, nan), (MID, -1.0)):
        with pytest.raises(InvalidInput):
            intensity.on_mid(1.0, mid, sigma)
    with pytest.raises(InvalidInput):
        intensity.on_trade(1.0, Side.BUY, nan)
    with pytest.raises(InvalidInput):
        intensity.on_mid(nan, MID, 1.0)


def test_error_is_one_over_root_of_samples() -> None:
    intensity = Intensity(PRIOR, half_life_s=1e9)
    learn(intensity, kappa=1.5, rate=0.5, seconds=1000, seed=8)
    found = intensity.estimate
    assert found.error == pytest.approx(1 / sqrt(found.samples + 20))


@pytest.mark.parametrize("factor", [1.0 / 3.0, 3.0])
def test_proven_change_of_kappa_is_followed_within_a_minute(factor: float) -> None:
    """The memory of ten minutes alone would be a tenth of the way after one minute."""
    for seed in range(5):
        intensity = Intensity(PRIOR)
        learn(intensity, kappa=1.5, rate=0.5, seconds=900, seed=seed)
        for t_s, side, price in takers(kappa=1.5 * factor, rate=0.5, seconds=90, seed=50 + seed):
            intensity.on_mid(900.0 + t_s, MID, 1.0)
            intensity.on_trade(900.0 + t_s, side, price)
        change = intensity.estimate.kappa / 1.5
        assert (change > 1.5) if factor > 1.0 else (change < 0.67), (seed, change)


def test_kappa_keeps_its_memory_while_nothing_changes() -> None:
    intensity = Intensity(PRIOR, half_life_s=1e9)
    for until_s in range(3_600, 36_001, 3_600):
        learn_more(intensity, until_s - 3_600, seed=until_s)
        assert intensity.estimate.kappa == pytest.approx(1.5, rel=0.15), until_s


def learn_more(intensity: Intensity, start_s: int, *, seed: int) -> None:
    """Show an hour of takers from `start_s` on."""
    for t_s, side, price in takers(kappa=1.5, rate=0.2, seconds=3_600, seed=seed):
        intensity.on_mid(start_s + t_s, MID, 1.0)
        intensity.on_trade(start_s + t_s, side, price)
