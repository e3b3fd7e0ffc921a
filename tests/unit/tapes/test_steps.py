"""Tick and lot from the numbers that a tape shows."""

from decimal import Decimal

import pytest

from quoter.tapes.steps import fits, price_step, smallest_place

D = Decimal


def grid(tick: str, count: int = 2_000, first: int = 61_000) -> set[Decimal]:
    return {D(tick) * number for number in range(first, first + count)}


@pytest.mark.parametrize(
    "tick", ["0.01", "0.5", "0.05", "0.25", "0.00000001", "1", "5", "10", "100"]
)
def test_tick_of_many_prices(tick: str) -> None:
    assert price_step(grid(tick)) == D(tick)


def test_one_price_with_more_places_does_not_make_the_tick_finer() -> None:
    prices = grid("0.01") | {D("612.3456789")}
    assert price_step(prices) == D("0.01")
    assert smallest_place(prices) == D("0.01")
    assert fits(prices, D("0.01"))
    assert not fits(prices, D("0.02"))


def test_few_prices_show_their_smallest_place_only() -> None:
    """Ten prices that are multiples of 5 may be so by chance, or because people like them."""
    assert price_step(grid("0.5", count=10)) == D("0.1")
    assert price_step({D(100), D(200)}) == D(1)
    assert price_step({D("0.9999"), D(1)}) == D("0.0001")
