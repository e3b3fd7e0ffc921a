"""Fill correction: own fills against expected fills."""

import random
from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.own_fills import FillCorrection


def quoted(*, expected: float, actual: float, seconds: int, seed: int = 1) -> FillCorrection:
    correction, rng = FillCorrection(), random.Random(seed)
    correction.on_quotes(0.0, expected)
    t_s = 0.0
    while (t_s := t_s + rng.expovariate(actual)) < seconds:
        correction.on_fill(t_s)
    return correction


@pytest.mark.parametrize("ratio", [0.4, 1.0, 1.6])
def test_factor_converges_to_the_ratio_of_fills_to_expected_fills(ratio: float) -> None:
    correction = quoted(expected=0.2, actual=0.2 * ratio, seconds=20_000)
    assert correction.factor(20_000.0) == pytest.approx(ratio, rel=0.12)


def test_factor_is_one_before_any_quote() -> None:
    assert FillCorrection().factor(0.0) == 1.0
    idle = FillCorrection()
    idle.on_quotes(0.0, 0.0)
    assert idle.factor(1e5) == 1.0


def test_factor_is_bounded() -> None:
    never = FillCorrection()
    never.on_quotes(0.0, 10.0)
    assert never.factor(1e5) == 0.1
    always = FillCorrection()
    for i in range(100):
        always.on_fill(i * 0.1)
    assert always.factor(10.0) == 2.0


def test_f17_factor_returns_to_one_after_quoting_stops() -> None:
    correction = quoted(expected=0.2, actual=0.05, seconds=5000)
    correction.on_quotes(5000.0, 0.0)
    assert correction.factor(5000.0) < 0.4
    assert correction.factor(5000.0 + 12 * 3600.0) > 0.95


def test_expected_fills_do_not_depend_on_the_number_of_updates() -> None:
    once, often = FillCorrection(), FillCorrection()
    once.on_quotes(0.0, 0.3)
    for i in range(1000):
        often.on_quotes(float(i), 0.3)
    once.factor(1000.0)
    often.factor(1000.0)
    assert often.expected == pytest.approx(once.expected, rel=1e-9)


def test_two_halves_of_an_order_count_as_one_fill() -> None:
    correction = FillCorrection()
    correction.on_fill(0.0, 0.5)
    correction.on_fill(0.0, 0.5)
    assert correction.fills == 1.0


def test_f14_invalid_numbers_raise() -> None:
    correction = FillCorrection()
    for t_s, rate in ((nan, 1.0), (0.0, nan), (0.0, -1.0)):
        with pytest.raises(InvalidInput):
            correction.on_quotes(t_s, rate)
    for t_s, lots in ((nan, 1.0), (0.0, 0.0)):
        with pytest.raises(InvalidInput):
            correction.on_fill(t_s, lots)
