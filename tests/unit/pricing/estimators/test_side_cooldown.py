"""A side that is run over goes, and comes back."""

from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.side_cooldown import SideCooldown


def after_burst(*, fills: int = 4, gap_s: float = 0.2, side: Side = Side.SELL) -> SideCooldown:
    pull = SideCooldown()
    for i in range(fills):
        pull.on_fill(10.0 + i * gap_s, side)
    return pull


def test_four_fills_of_one_side_within_a_second_pull_that_side_for_five() -> None:
    pull = after_burst()
    assert pull.is_cooling_down(10.6, Side.SELL, 0.0)
    assert pull.is_cooling_down(15.5, Side.SELL, 0.0)
    assert not pull.is_cooling_down(15.6, Side.SELL, 0.0)
    assert not pull.is_cooling_down(10.6, Side.BUY, 0.0)


def test_three_fills_or_four_slower_ones_pull_nothing() -> None:
    assert not after_burst(fills=3).is_cooling_down(10.7, Side.SELL, 0.0)
    assert not after_burst(gap_s=0.4).is_cooling_down(11.3, Side.SELL, 0.0)


def test_fills_on_both_sides_are_no_burst() -> None:
    pull = SideCooldown()
    for i in range(6):
        pull.on_fill(10.0 + i / 10, Side.BUY if i % 2 else Side.SELL)
    assert not any(pull.is_cooling_down(10.6, side, 0.0) for side in Side)


@pytest.mark.parametrize(("side", "x"), [(Side.SELL, 2.0), (Side.BUY, -2.0)])
def test_a_side_waits_until_the_flow_against_it_is_calm(side: Side, x: float) -> None:
    pull = after_burst(side=side)
    assert pull.is_cooling_down(20.0, side, x)
    assert not pull.is_cooling_down(20.1, side, x / 5)
    assert not pull.is_cooling_down(20.2, side, x), "a new reason is needed to go again"


def test_flow_that_pushes_the_other_way_holds_nothing_up() -> None:
    assert not after_burst(side=Side.SELL).is_cooling_down(15.7, Side.SELL, -3.0)


def test_f17_a_side_comes_back_after_ten_seconds_even_if_takers_never_stop() -> None:
    pull = after_burst()
    assert pull.is_cooling_down(20.5, Side.SELL, 5.0)
    assert not pull.is_cooling_down(20.7, Side.SELL, 5.0)


def test_the_pull_is_as_long_as_told() -> None:
    pull = SideCooldown(side_cooldown_s=1.0)
    for i in range(4):
        pull.on_fill(10.0 + i / 10, Side.BUY)
    assert pull.is_cooling_down(11.2, Side.BUY, 0.0)
    assert not pull.is_cooling_down(11.4, Side.BUY, 0.0)


def test_a_new_clock_leaves_no_side_off() -> None:
    pull = after_burst()
    assert not pull.is_cooling_down(-1e6, Side.SELL, 0.0)
    pull.on_fill(-1e6, Side.SELL)
    assert not pull.is_cooling_down(-1e6, Side.SELL, 0.0)


def test_f14_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput):
        SideCooldown(side_cooldown_s=nan)
    with pytest.raises(InvalidInput):
        SideCooldown().on_fill(nan, Side.BUY)
    with pytest.raises(InvalidInput):
        SideCooldown().is_cooling_down(0.0, Side.BUY, nan)
