from math import e, nan, sqrt

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.costs import effective_intensity
from quoter.pricing.models import glft
from quoter.pricing.quote.normalisation import (
    References,
    Saturation,
    gamma_lot,
    inventory_sd_lots,
    raw_gamma_lot,
    saturation,
    slope_bounds,
)

BTC = References(sigma=8.49, kappa=0.1458, intensity=0.305)
MICRO = References(sigma=6e-7, kappa=200_000.0, intensity=0.03)


@pytest.mark.parametrize("cost_depths", [-0.5, 0.0, 1.0, 6.0])
@pytest.mark.parametrize("ghat", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("market", [BTC, MICRO])
def test_normalised_gamma_gives_the_same_skew_on_every_market(
    market: References, ghat: float, cost_depths: float
) -> None:
    """The slope times kappa is 8 sqrt(ghat)/N^2, solved with the market's own costs in force."""
    cost = cost_depths / market.kappa
    references = References(
        sigma=market.sigma, kappa=market.kappa, intensity=market.intensity, cost=cost
    )
    gamma = gamma_lot(ghat=ghat, lots_max=10.0, references=references)
    left = effective_intensity(intensity=market.intensity, kappa=market.kappa, cost=cost)
    slope = glft.slope(gamma=gamma, sigma=market.sigma, kappa=market.kappa, intensity=left, xi=0.0)
    assert market.kappa * slope == pytest.approx(8 * sqrt(ghat) / 100, rel=1e-12)


def test_gamma_of_one_on_the_papers_market_is_close_to_the_papers() -> None:
    references = References(sigma=2.0, kappa=1.5, intensity=140.0)
    gamma = gamma_lot(ghat=1.0, lots_max=10.0, references=references)
    assert gamma == pytest.approx(128 / e * 140 / (10**4 * 1.5 * 4), rel=1e-12)
    assert gamma == pytest.approx(0.11, abs=0.001)


def test_raw_gamma_is_per_base_unit_and_becomes_per_lot() -> None:
    assert raw_gamma_lot(gamma=2.0, order_size=0.01) == pytest.approx(0.02)


def test_inventory_sd_at_gamma_one_is_a_quarter_of_the_limit() -> None:
    assert inventory_sd_lots(ghat=1.0, lots_max=10.0) == 2.5
    assert inventory_sd_lots(ghat=16.0, lots_max=10.0) == 1.25


def test_slope_bounds_keep_the_inventory_between_07_lots_and_half_the_limit() -> None:
    low, high = slope_bounds(kappa=2.0, lots_max=10.0)
    assert sqrt(1 / (2 * 2.0 * low)) == pytest.approx(5.0)
    assert sqrt(1 / (2 * 2.0 * high)) == pytest.approx(0.7071, abs=1e-4)


def test_slope_bounds_of_a_tiny_limit_do_not_cross() -> None:
    low, high = slope_bounds(kappa=2.0, lots_max=1.0)
    assert low <= high


@pytest.mark.parametrize(
    ("ghat", "lots_max", "wanted"),
    [
        (10.0, 5.0, Saturation.CEILING),
        (9.0, 5.0, None),
        (10.0, 6.0, None),
        (1.0, 10.0, None),
        (0.05, 10.0, Saturation.FLOOR),
        (0.07, 10.0, None),
    ],
)
def test_saturation_names_the_exceeded_bound(
    ghat: float, lots_max: float, wanted: Saturation | None
) -> None:
    assert saturation(ghat=ghat, lots_max=lots_max) is wanted


@pytest.mark.parametrize("ghat", [0.0, -1.0, nan])
def test_gamma_not_above_zero_raises(ghat: float) -> None:
    with pytest.raises(InvalidInput, match="ghat"):
        gamma_lot(ghat=ghat, lots_max=10.0, references=BTC)


@pytest.mark.parametrize("lots_max", [2.9, nan])
def test_limit_below_three_orders_raises(lots_max: float) -> None:
    with pytest.raises(InvalidInput, match="lots_max"):
        gamma_lot(ghat=1.0, lots_max=lots_max, references=BTC)


@pytest.mark.parametrize("name", ["sigma", "kappa", "intensity", "cost"])
def test_references_that_are_not_finite_raise_with_their_name(name: str) -> None:
    values = {"sigma": 1.0, "kappa": 1.0, "intensity": 1.0, "cost": 0.0} | {name: nan}
    with pytest.raises(InvalidInput, match=name):
        References(**values)


def test_references_move_by_a_bounded_factor_and_take_the_cost_at_once() -> None:
    now = References(sigma=1.0, kappa=2.0, intensity=8.0, cost=0.1)
    target = References(sigma=10.0, kappa=1.9, intensity=0.1, cost=0.3)
    moved = now.towards(target, ratio=2.0)
    assert moved == References(sigma=2.0, kappa=1.9, intensity=4.0, cost=0.3)
    assert now.towards(target, ratio=1.0) == References(
        sigma=1.0, kappa=2.0, intensity=8.0, cost=0.3
    )
    for _ in range(7):
        moved = moved.towards(target, ratio=2.0)
    assert moved == target
