"""Exact model: symmetry, monotonicity, limit of the closed form, and number of solutions."""

from itertools import pairwise
from math import exp, inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.models import glft
from quoter.pricing.models.glft_exact import BoundedModel, chain_ratio, log_ratio_at, log_ratios

MARKET = {"gamma": 0.1, "sigma": 2.0, "kappa": 1.5, "intensity": 140.0}


@pytest.mark.parametrize("rho", [0.0, 1e-300, 1e-9, 1e-3, 0.5, 30.0, 1e12])
@pytest.mark.parametrize("lots_max", [1, 2, 7, 100, 500])
def test_table_is_increasing_and_antisymmetric(rho: float, lots_max: int) -> None:
    table = log_ratios(rho=rho, lots_max=lots_max)
    assert len(table) == 2 * lots_max
    assert [-number for number in reversed(table)] == list(table)
    assert all(b >= a - 1e-13 for a, b in pairwise(table))
    assert table[-1] > 0.0


@pytest.mark.parametrize(("rho", "lots_max"), [(0.006, 10), (1.1, 10), (1e-5, 40), (50.0, 3)])
def test_table_solves_the_eigenvalue_equation(rho: float, lots_max: int) -> None:
    """In every row rho n^2 - f_(n-1)/f_n - f_(n+1)/f_n is the same eigenvalue."""
    table = log_ratios(rho=rho, lots_max=lots_max)
    eigenvalues = []
    for n in range(-lots_max, lots_max + 1):
        i = n + lots_max
        before = exp(table[i - 1]) if i > 0 else 0.0
        after = exp(-table[i]) if i < len(table) else 0.0
        eigenvalues.append(rho * n * n - before - after)
    scale = rho * lots_max * lots_max + 2.0
    assert max(eigenvalues) - min(eigenvalues) < 1e-12 * scale


def test_distant_limit_and_small_risk_give_the_closed_form() -> None:
    market = MARKET | {"gamma": 0.001}
    table = log_ratios(rho=chain_ratio(**market), lots_max=60)
    slope = glft.slope(**market)
    for n in (-5, -1, 0, 1, 5):
        wanted = (2 * n + 1) / 2 * slope
        assert log_ratio_at(table, n) / 1.5 == pytest.approx(wanted, rel=0.01)


def test_real_lots_are_interpolated_and_extrapolated() -> None:
    table = log_ratios(rho=0.1, lots_max=5)
    assert log_ratio_at(table, 1.0) == table[6]
    assert log_ratio_at(table, 1.25) == pytest.approx(0.75 * table[6] + 0.25 * table[7])
    step = table[-1] - table[-2]
    assert log_ratio_at(table, 5.5) == pytest.approx(table[-1] + 1.5 * step)
    assert log_ratio_at(table, -6.0) == pytest.approx(table[0] - step)


def test_table_is_solved_again_only_if_the_market_moved() -> None:
    model = BoundedModel(9.5)
    first = model.table(**MARKET)
    assert len(first) == 20
    assert model.table(**MARKET | {"intensity": 140.0 * 1.04}) is first
    moved = model.table(**MARKET | {"sigma": 2.0 * 1.05})
    assert moved is not first
    assert model.solved == 2


def test_many_small_moves_lead_to_a_new_solution() -> None:
    model = BoundedModel(10)
    for i in range(100):
        model.table(**MARKET | {"intensity": 140.0 * 1.01**i})
    assert model.solved > 15


def test_error_of_an_outdated_table_is_small() -> None:
    stale, fresh = (
        log_ratios(rho=chain_ratio(**MARKET) * factor, lots_max=10) for factor in (1.0, 1.05)
    )
    for n in (0, 3, 6):
        assert log_ratio_at(stale, n) == pytest.approx(log_ratio_at(fresh, n), rel=0.026)


@pytest.mark.parametrize("name", ["gamma", "sigma", "kappa", "intensity"])
@pytest.mark.parametrize("value", [nan, inf, -1.0])
def test_f14_invalid_market_raises(name: str, value: float) -> None:
    with pytest.raises(InvalidInput):
        chain_ratio(**MARKET | {name: value})


@pytest.mark.parametrize("lots_max", [0.0, -1.0, nan, inf, 501.0])
def test_invalid_limit_raises(lots_max: float) -> None:
    with pytest.raises(InvalidInput, match="lots_max"):
        BoundedModel(lots_max)
    with pytest.raises(InvalidInput):
        log_ratios(rho=0.1, lots_max=lots_max)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("rho", [nan, -1e-9, 1e13])
def test_invalid_rho_raises(rho: float) -> None:
    with pytest.raises(InvalidInput, match="rho"):
        log_ratios(rho=rho, lots_max=3)
