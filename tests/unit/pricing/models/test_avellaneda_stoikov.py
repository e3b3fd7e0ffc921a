from math import inf, log1p, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.avellaneda_stoikov import (
    avellaneda_stoikov,
    base_half_spread,
    log1p_ratio,
    slope,
)

BASE = {"fair": 100.0, "sigma": 2.0, "gamma": 0.1, "kappa": 1.5, "tau_s": 1.0, "size": 1.0}


@pytest.mark.parametrize("q", [-3.0, -1.0, 0.5, 2.0])
@pytest.mark.parametrize("tau_s", [0.25, 1.0, 3600.0])
@pytest.mark.parametrize("sigma", [0.01, 2.0, 30.0])
def test_f01_skew_is_q_gamma_sigma_squared_tau(q: float, tau_s: float, sigma: float) -> None:
    skew = q * slope(gamma=0.1, sigma=sigma, tau_s=tau_s)
    assert skew == pytest.approx(q * 0.1 * sigma**2 * tau_s, rel=1e-12)


def test_f01_skew_is_linear_in_the_variance_and_in_tau() -> None:
    once = slope(gamma=0.1, sigma=2.0, tau_s=5.0)
    assert slope(gamma=0.1, sigma=4.0, tau_s=5.0) == pytest.approx(4 * once, rel=1e-12)
    assert slope(gamma=0.1, sigma=2.0, tau_s=15.0) == pytest.approx(3 * once, rel=1e-12)


def test_f03_sigma_of_a_second_and_tau_in_seconds_agree_with_any_other_common_unit() -> None:
    """An hour is 3600 s, and sigma per sqrt(hour) is 60 times sigma per sqrt(second)."""
    per_second = slope(gamma=0.1, sigma=2.0, tau_s=3600.0)
    per_hour = slope(gamma=0.1, sigma=2.0 * 60.0, tau_s=1.0)
    assert per_second == pytest.approx(per_hour, rel=1e-12)


def test_f05_long_inventory_puts_the_reservation_price_below_fair_by_the_exact_skew() -> None:
    reservation, _ = avellaneda_stoikov(**BASE, q=3.0)
    assert reservation == pytest.approx(100.0 - 3.0 * 0.1 * 4.0, rel=1e-15)


def test_f05_short_inventory_puts_the_reservation_price_above_fair_by_the_exact_skew() -> None:
    reservation, _ = avellaneda_stoikov(**BASE, q=-3.0)
    assert reservation == pytest.approx(100.0 + 3.0 * 0.1 * 4.0, rel=1e-15)


def test_inventory_moves_the_reservation_price_and_not_the_spread() -> None:
    flat, long = (avellaneda_stoikov(**BASE, q=q) for q in (0.0, 2.0))
    assert long[0] < flat[0] == BASE["fair"]
    assert long[1] == flat[1]


@pytest.mark.parametrize("exponent", range(-12, 9))
def test_f06_the_logarithm_is_accurate_for_any_ratio(exponent: int) -> None:
    ratio = 10.0**exponent
    wanted = log1p(ratio) / ratio
    assert base_half_spread(gamma=ratio * 1.5, kappa=1.5) == pytest.approx(wanted / 1.5, rel=1e-12)


def test_f06_series_and_logarithm_meet_where_one_takes_over() -> None:
    below, above = log1p_ratio(1e-5 * (1 - 1e-9)), log1p_ratio(1e-5 * (1 + 1e-9))
    assert below == pytest.approx(above, rel=1e-13)


@pytest.mark.parametrize("gamma", [0.0, 1e-300, 1e-15, 1e-9])
def test_f07_without_risk_aversion_the_half_spread_is_one_over_kappa(gamma: float) -> None:
    assert base_half_spread(gamma=gamma, kappa=1.5) == pytest.approx(1 / 1.5, rel=1e-9)


def test_quote_does_not_depend_on_the_unit_of_base() -> None:
    """The same book in satoshi: size and inventory up, gamma down, prices as they were."""
    in_coin = avellaneda_stoikov(**BASE | {"size": 0.01}, q=0.03)
    small = BASE | {"gamma": BASE["gamma"] / 1e8, "size": 0.01 * 1e8}
    in_satoshi = avellaneda_stoikov(**small, q=0.03 * 1e8)
    assert in_satoshi == pytest.approx(in_coin, rel=1e-12)


@pytest.mark.parametrize("name", ["fair", "q", "sigma", "gamma", "kappa", "tau_s", "size"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_number_that_is_not_finite_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        avellaneda_stoikov(**BASE | {"q": 1.0} | {name: value})
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [("fair", 0.0), ("sigma", -1e-9), ("gamma", -1.0), ("kappa", 0.0), ("tau_s", -1.0),
     ("size", 0.0)],
)  # fmt: skip
def test_number_out_of_domain_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        avellaneda_stoikov(**BASE | {"q": 1.0} | {name: value})
    assert refused.value.name == name
