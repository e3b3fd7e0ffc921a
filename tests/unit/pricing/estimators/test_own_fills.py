"""Our fills against the forecast."""

import random
from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.own_fills import FillCorrection


def quoted(*, foretold: float, actual: float, seconds: int, seed: int = 1) -> FillCorrection:
    correction, rng = FillCorrection(), random.Random(seed)
    correction.on_quotes(0.0, foretold)
    t_s = 0.0
    while (t_s := t_s + rng.expovariate(actual)) < seconds:
        correction.on_fill(t_s)
    return correction


@pytest.mark.parametrize("ratio", [0.4, 1.0, 1.6])
def test_the_ratio_of_fills_to_forecast_is_found(ratio: float) -> None:
    correction = quoted(foretold=0.2, actual=0.2 * ratio, seconds=20_000)
    assert correction.factor(20_000.0) == pytest.approx(ratio, rel=0.12)


def test_nothing_is_corrected_before_anything_was_quoted() -> None:
    assert FillCorrection().factor(0.0) == 1.0
    idle = FillCorrection()
    idle.on_quotes(0.0, 0.0)
    assert idle.factor(1e5) == 1.0


def test_the_factor_has_bounds() -> None:
    never = FillCorrection()
    never.on_quotes(0.0, 10.0)
    assert never.factor(1e5) == 0.1
    always = FillCorrection()
    for i in range(100):
        always.on_fill(i * 0.1)
    assert always.factor(10.0) == 2.0


def test_f17_once_quoting_stops_the_correction_fades() -> None:
    correction = quoted(foretold=0.2, actual=0.05, seconds=5000)
    correction.on_quotes(5000.0, 0.0)
    assert correction.factor(5000.0) < 0.4
    assert correction.factor(5000.0 + 12 * 3600.0) > 0.95


def test_the_forecast_is_the_same_however_often_it_is_told() -> None:
    once, often = FillCorrection(), FillCorrection()
    once.on_quotes(0.0, 0.3)
    for i in range(1000):
        often.on_quotes(float(i), 0.3)
    once.factor(1000.0)
    often.factor(1000.0)
    assert often.expected == pytest.approx(once.expected, rel=1e-9)


def test_two_halves_of_an_order_are_one_fill() -> None:
    correction = FillCorrection()
    correction.on_fill(0.0, 0.5)
    correction.on_fill(0.0, 0.5)
    assert correction.fills == 1.0


def test_f14_numbers_that_are_none_are_refused() -> None:
    correction = FillCorrection()
    for t_s, rate in ((nan, 1.0), (0.0, nan), (0.0, -1.0)):
        with pytest.raises(InvalidInput):
            correction.on_quotes(t_s, rate)
    for t_s, lots in ((nan, 1.0), (0.0, 0.0)):
        with pytest.raises(InvalidInput):
            correction.on_fill(t_s, lots)
