from math import exp, inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.costs import effective_intensity, side_cost


def test_side_cost_adds_fee_and_adverse_move() -> None:
    """10 bps of fee and 2.5 bps of markout on a price of 40 000 are 50 quote units."""
    assert side_cost(fair=40_000.0, fee_maker=0.001, adverse_bps=2.5) == pytest.approx(50.0)


def test_rebate_is_a_negative_cost() -> None:
    assert side_cost(fair=40_000.0, fee_maker=-0.0001) == pytest.approx(-4.0)


def test_cost_reduces_the_intensity_as_distance_does() -> None:
    thinned = effective_intensity(intensity=2.0, kappa=1.5, cost=0.4)
    assert thinned == pytest.approx(2.0 * exp(-0.6), rel=1e-15)


@pytest.mark.parametrize(
    ("name", "value"), [("fair", 0.0), ("fee_maker", nan), ("adverse_bps", -1.0)]
)
def test_invalid_cost_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        side_cost(**{"fair": 1.0, "fee_maker": 0.001, "adverse_bps": 0.0} | {name: value})
    assert refused.value.name == name


@pytest.mark.parametrize("cost", [nan, inf, -inf, 1e6, -1e6])
def test_cost_of_hundreds_of_depths_raises(cost: float) -> None:
    with pytest.raises(InvalidInput):
        effective_intensity(intensity=2.0, kappa=1.5, cost=cost)
