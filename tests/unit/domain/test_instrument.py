"""Rounding of prices and sizes to the grid: away from the market, never larger."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.state.cases import ABC

FINE = replace(ABC, tick=Decimal("0.01"), lot=Decimal("0.00001"))


@pytest.mark.parametrize(
    ("price", "floor", "ceil"),
    [(100.0, 10000, 10000), (100.004, 10000, 10001), (99.999, 9999, 10000), (0.004, 0, 1)],
)
def test_bids_round_down_and_asks_up(price: float, floor: int, ceil: int) -> None:
    assert (FINE.floor_ticks(price), FINE.ceil_ticks(price)) == (floor, ceil)


def test_price_within_float_error_of_a_tick_is_that_tick() -> None:
    assert 0.29 / 0.01 < 29
    assert FINE.floor_ticks(0.29) == FINE.ceil_ticks(0.29) == 29


@given(st.integers(1, 10**9))
def test_grid_price_survives_conversion_to_float(ticks: int) -> None:
    price = float(FINE.price(ticks))
    assert FINE.floor_ticks(price) == FINE.ceil_ticks(price) == ticks


def test_prices_are_exact() -> None:
    assert FINE.price(10001) == Decimal("100.01")
    assert FINE.ticks(Decimal("100.01")) == 10001
    with pytest.raises(ValueError, match="not a multiple of the tick"):
        FINE.ticks(Decimal("100.011"))


@pytest.mark.parametrize(
    ("size", "exact"),
    [(1.0, "1"), (0.999999, "0.99999"), (0.3, "0.3"), (0.000009, "0"), (-1.0, "0")],
)
def test_sizes_round_down_and_never_below_zero(size: float, exact: str) -> None:
    assert FINE.share_of(Decimal(1), size) == Decimal(exact)


def test_a_share_of_one_keeps_all_digits_of_a_size() -> None:
    wei = replace(FINE, lot=Decimal("1E-18"))
    size = Decimal("123.012345678901234567")  # 21 digits; a float keeps 15 to 17
    assert wei.share_of(size, 1.0) == size
    assert wei.share_of(size, 0.5) == Decimal("61.506172839450617283")


@pytest.mark.parametrize(
    ("size", "exact"), [("1", "1"), ("1.000009", "1"), ("0.000009", "0"), ("-0.5", "0")]
)
def test_exact_sizes_round_down_too(size: str, exact: str) -> None:
    assert FINE.floor_size(Decimal(size)) == Decimal(exact)


@pytest.mark.parametrize(
    ("price", "size", "is_in"),
    [
        ("100", "0.01", True),
        ("100", "0.009", False),
        ("99.9", "0.01", False),
        ("100", "1000", True),
        ("100", "1000.01", False),
    ],
)
def test_order_exactly_at_the_venues_minimum_is_tradable(
    price: str, size: str, is_in: bool
) -> None:
    assert ABC.is_tradable(price=Decimal(price), size=Decimal(size)) == is_in


@pytest.mark.parametrize("name", ["tick", "lot"])
@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
def test_a_grid_must_be_above_zero(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above zero"):
        replace(ABC, **{name: Decimal(value)})  # type: ignore[arg-type]  # by name
