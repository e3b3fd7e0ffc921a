"""Errors by the block bootstrap: against known variances, and paired."""

import numpy as np
import pytest

from quoter.sweep.bootstrap import BlockBootstrap, Interval, block_length, interval


@pytest.mark.parametrize(("samples", "length"), [(1, 1), (8, 2), (9, 3), (1_000, 10), (2_880, 15)])
def test_block_is_the_cube_root_of_the_samples(samples: int, length: int) -> None:
    assert block_length(samples) == length


def test_every_draw_has_as_many_samples_as_the_series() -> None:
    for samples in (1, 2, 7, 8, 100):
        drawn = BlockBootstrap(samples).sums(np.ones(samples))
        assert drawn == pytest.approx(samples)


def test_error_of_independent_samples_is_that_of_their_sum() -> None:
    samples = 4_000
    series = np.random.default_rng(2).normal(size=samples)
    found = interval(0.0, BlockBootstrap(samples).sums(series))
    assert found.se == pytest.approx(samples**0.5, rel=0.1)


def test_error_of_dependent_samples_is_larger() -> None:
    samples, share = 8_000, 0.6
    noise = np.random.default_rng(3).normal(size=samples)
    series = np.empty(samples)
    series[0] = noise[0]
    for n in range(1, samples):
        series[n] = share * series[n - 1] + noise[n]
    truth = samples**0.5 / (1.0 - share)  # long-run sd of a first-order autoregression
    found = interval(0.0, BlockBootstrap(samples).sums(series))
    assert found.se == pytest.approx(truth, rel=0.2)


def test_first_and_last_sample_are_drawn_as_often_as_any() -> None:
    samples = 10
    bootstrap = BlockBootstrap(samples)
    often = [bootstrap.sums(np.eye(samples)[n]).mean() for n in range(samples)]
    assert often == pytest.approx([1.0] * samples, rel=0.15)


def test_difference_of_equal_series_has_no_error() -> None:
    series = np.random.default_rng(4).normal(size=50)
    bootstrap = BlockBootstrap(50)
    found = interval(3.0, bootstrap.sums(series + 0.06) - bootstrap.sums(series))
    assert found.se == pytest.approx(0.0, abs=1e-12)
    assert found.excludes_zero


@pytest.mark.parametrize(
    ("low", "high", "excludes"),
    [(-1.0, 1.0, False), (0.1, 1.0, True), (-1.0, -0.1, True), (0.0, 0.0, False)],
)
def test_interval_around_zero_decides_nothing(low: float, high: float, excludes: bool) -> None:
    assert Interval(0.0, 1.0, low, high).excludes_zero is excludes
