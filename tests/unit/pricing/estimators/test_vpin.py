import random
from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.vpin import Vpin


def test_one_sided_volume_is_one_and_even_volume_zero() -> None:
    one_sided, even = Vpin(10.0), Vpin(10.0)
    for _ in range(1000):
        one_sided.add(0.7, 0.0)
        even.add(0.5, 0.5)
    assert one_sided.value == pytest.approx(1.0)
    assert even.value == pytest.approx(0.0, abs=1e-9)


def test_nothing_is_said_before_a_bucket_is_full() -> None:
    vpin = Vpin(10.0)
    vpin.add(9.0, 0.0)
    assert vpin.value is None


def test_a_trade_of_a_year_costs_no_more_than_a_ring_and_leaves_the_same_rest() -> None:
    at_once, stepwise = Vpin(10.0, buckets=5), Vpin(10.0, buckets=5)
    at_once.add(3.0, 1.0)
    at_once.add(1e7 + 2.0, 0.0)
    stepwise.add(3.0, 1.0)
    stepwise.add(102.0, 0.0)
    assert at_once.imbalances == pytest.approx(stepwise.imbalances)
    at_once.add(0.0, 5.0)
    stepwise.add(0.0, 5.0)
    assert at_once.imbalances == pytest.approx(stepwise.imbalances, rel=1e-6)


def test_it_is_a_share_whatever_comes() -> None:
    vpin, rng = Vpin(3.0, buckets=10), random.Random(1)
    for _ in range(5000):
        vpin.add(rng.expovariate(1.0) if rng.random() < 0.6 else 0.0, rng.expovariate(0.1))
        assert vpin.value is None or 0.0 <= vpin.value <= 1.0 + 1e-12
    assert len(vpin.imbalances) == 10


@pytest.mark.parametrize(("bought", "sold"), [(nan, 0.0), (0.0, -1.0), (1e308, 1e308)])
def test_f14_volume_that_is_none_is_refused(bought: float, sold: float) -> None:
    with pytest.raises(InvalidInput):
        Vpin(1.0).add(bought, sold)
