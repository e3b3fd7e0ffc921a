from math import e, inf, nan, sqrt

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.avellaneda_stoikov import slope as session_slope
from quoter.pricing.models.glft import slope, tau_equivalent_s

PAPER = {"gamma": 0.1, "sigma": 2.0, "kappa": 1.5, "intensity": 140.0}


def test_f09_slope_does_not_depend_on_the_unit_of_time() -> None:
    """In minutes, sigma is sqrt(60) times and A 60 times larger; the slope is the same."""
    in_minutes = PAPER | {"sigma": 2.0 * sqrt(60.0), "intensity": 140.0 * 60.0}
    assert slope(**in_minutes) == pytest.approx(slope(**PAPER), rel=1e-12)
    assert slope(**PAPER | {"intensity": 140.0 * 60.0}) < slope(**PAPER) / 7


def test_with_xi_zero_the_power_is_e() -> None:
    wanted = sqrt(0.1 * 4.0 / (2 * 1.5 * 140.0) * e)
    assert slope(**PAPER, xi=0.0) == pytest.approx(wanted, rel=1e-12)
    assert slope(**PAPER, xi=1e-12) == pytest.approx(wanted, rel=1e-9)


def test_zero_gamma_or_zero_sigma_means_zero_slope() -> None:
    assert slope(**PAPER | {"gamma": 0.0}) == 0.0
    assert slope(**PAPER | {"sigma": 0.0}) == 0.0


def test_slope_is_linear_in_sigma() -> None:
    assert slope(**PAPER | {"sigma": 6.0}) == pytest.approx(3 * slope(**PAPER), rel=1e-12)


def test_equivalent_horizon_gives_the_same_slope() -> None:
    per_lot = slope(**PAPER)
    tau_s = tau_equivalent_s(gamma=0.1, sigma=2.0, slope_per_lot=per_lot)
    assert session_slope(gamma=0.1, sigma=2.0, tau_s=tau_s) == pytest.approx(per_lot, rel=1e-12)


@pytest.mark.parametrize("name", ["gamma", "sigma", "kappa", "intensity", "xi"])
@pytest.mark.parametrize("value", [nan, inf, -1.0])
def test_invalid_number_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        slope(**PAPER | {name: value})
    assert refused.value.name == name


def test_extreme_gamma_raises_and_does_not_overflow() -> None:
    with pytest.raises(InvalidInput):
        slope(**PAPER | {"gamma": 1e300})
