"""Expected rate of the takers who fill a side of ours."""

from math import exp, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.expected_fills import ExpectedTakers


def test_the_average_is_that_of_the_last_time_and_counts_time_without_orders() -> None:
    takers = ExpectedTakers(memory_s=10.0)
    takers.update(0.0, 2.0)
    assert takers.average == 0.0, "no time has passed"
    takers.update(10.0, 0.0)
    seen = 2.0 * (1.0 - exp(-1.0))
    assert takers.average == pytest.approx(seen)
    takers.update(20.0, 0.0)
    assert takers.average == pytest.approx(seen * exp(-1.0))


def test_clock_set_back_keeps_the_average() -> None:
    takers = ExpectedTakers()
    for t_s in (1e6, 1e6 + 10.0, 10.0, 20.0):
        takers.update(t_s, 1.0)
    assert takers.average == pytest.approx(1.0, rel=1e-4)


def test_f14_invalid_numbers_raise() -> None:
    with pytest.raises(InvalidInput):
        ExpectedTakers(memory_s=0.0)
    for t_s, rate in ((nan, 1.0), (0.0, nan), (0.0, -1.0)):
        with pytest.raises(InvalidInput):
            ExpectedTakers().update(t_s, rate)
