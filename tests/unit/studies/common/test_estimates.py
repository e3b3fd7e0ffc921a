"""Estimates: values and standard errors, compared over many samples."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest

from quoter.studies.common.estimates import (
    Estimate,
    Numbers,
    mean_of,
    quantile_of,
    root_mean_of,
    sd_of,
)

SAMPLES = np.random.default_rng(1).exponential(2.0, (2_000, 400))


ESTIMATES: dict[str, Callable[[Numbers], Estimate]] = {
    "mean": mean_of,
    "sd": sd_of,
    "root": lambda sample: root_mean_of(sample**2),
    "quantile": lambda sample: quantile_of(sample, 0.05),
}


@pytest.mark.parametrize("function", ESTIMATES)
def test_standard_error_matches_the_spread_over_samples(function: str) -> None:
    found = [ESTIMATES[function](sample) for sample in SAMPLES]
    spread, error = np.std([one.value for one in found]), np.mean([one.se for one in found])
    assert error == pytest.approx(spread, rel=0.15)


def test_values_match_numpy() -> None:
    sample = np.array([1.0, 2.0, 3.0, 4.0])
    assert mean_of(sample).value == 2.5
    assert mean_of(sample).se == pytest.approx(sqrt(5 / 3) / 2)
    assert sd_of(sample).value == pytest.approx(sqrt(5 / 3))
    assert root_mean_of(sample**2).value == pytest.approx(sqrt(7.5))
    assert quantile_of(sample, 0.5).value == 2.5


def test_constant_sample_has_zero_error() -> None:
    assert sd_of(np.ones(9)).se == 0.0
    assert root_mean_of(np.zeros(9)).se == 0.0
