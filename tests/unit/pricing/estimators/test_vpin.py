import random
from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.vpin import Vpin


def test_one_sided_volume_gives_one_and_balanced_volume_zero() -> None:
    one_sided, even = Vpin(10.0), Vpin(10.0)
    for _ in range(1000):
        one_sided.add(0.7, 0.0)
        even.add(0.5, 0.5)
    assert one_sided.value == pytest.approx(1.0)
    assert even.value == pytest.approx(0.0, abs=1e-9)


def test_value_is_none_before_a_bucket_is_full() -> None:
    vpin = Vpin(10.0)
    vpin.add(9.0, 0.0)
    assert vpin.value is None


def test_huge_trade_fills_at_most_one_ring_and_leaves_the_same_remainder() -> None:
    at_once, stepwise = Vpin(10.0, buckets=5), Vpin(10.0, buckets=5)
    at_once.add(3.0, 1.0)
    at_once.add(1e7 + 2.0, 0.0)
    stepwise.add(3.0, 1.0)
    stepwise.add(102.0, 0.0)
    assert at_once.imbalances == pytest.approx(stepwise.imbalances)
    at_once.add(0.0, 5.0)
    stepwise.add(0.0, 5.0)
    assert at_once.imbalances == pytest.approx(stepwise.imbalances, rel=1e-6)


def test_value_is_between_zero_and_one() -> None:
    vpin, rng = Vpin(3.0, buckets=10), random.Random(1)
    for _ in range(5000):
        vpin.add(rng.expovariate(1.0) if rng.random() < 0.6 else 0.0, rng.expovariate(0.1))
        assert vpin.value is None or 0.0 <= vpin.value <= 1.0 + 1e-12
    assert len(vpin.imbalances) == 10


@pytest.mark.parametrize(("bought", "sold"), [(nan, 0.0), (0.0, -1.0), (1e308, 1e308)])
def test_f14_invalid_volume_raises(bought: float, sold: float) -> None:
    with pytest.raises(InvalidInput):
        Vpin(1.0).add(bought, sold)
