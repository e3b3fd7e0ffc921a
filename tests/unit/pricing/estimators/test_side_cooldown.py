"""Side cooldown: start, length and end."""

from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.side_cooldown import SideCooldown


def after_burst(*, fills: int = 4, gap_s: float = 0.2, side: Side = Side.SELL) -> SideCooldown:
    cooldown = SideCooldown()
    for i in range(fills):
        cooldown.on_fill(10.0 + i * gap_s, side)
    return cooldown


def is_cooling_down(cooldown: SideCooldown, t_s: float, side: Side, x: float) -> bool:
    """Whether the side is in cooldown after an update at `t_s` with the flow signal `x`."""
    cooldown.update(t_s, x)
    return side in cooldown.sides


def test_four_fills_within_a_second_start_a_cooldown_of_five_seconds() -> None:
    cooldown = after_burst()
    assert is_cooling_down(cooldown, 10.6, Side.SELL, 0.0)
    assert is_cooling_down(cooldown, 15.5, Side.SELL, 0.0)
    assert not is_cooling_down(cooldown, 15.6, Side.SELL, 0.0)
    assert not is_cooling_down(cooldown, 10.6, Side.BUY, 0.0)


def test_three_fills_or_four_slower_ones_start_no_cooldown() -> None:
    assert not is_cooling_down(after_burst(fills=3), 10.7, Side.SELL, 0.0)
    assert not is_cooling_down(after_burst(gap_s=0.4), 11.3, Side.SELL, 0.0)


def test_fills_on_different_sides_are_no_burst() -> None:
    cooldown = SideCooldown()
    for i in range(6):
        cooldown.on_fill(10.0 + i / 10, Side.BUY if i % 2 else Side.SELL)
    assert not any(is_cooling_down(cooldown, 10.6, side, 0.0) for side in Side)


@pytest.mark.parametrize(("side", "x"), [(Side.SELL, 2.0), (Side.BUY, -2.0)])
def test_cooldown_continues_until_flow_against_the_side_is_calm(side: Side, x: float) -> None:
    cooldown = after_burst(side=side)
    assert is_cooling_down(cooldown, 20.0, side, x)
    assert not is_cooling_down(cooldown, 20.1, side, x / 5)
    assert not is_cooling_down(cooldown, 20.2, side, x), (
        "a new burst is needed to start another cooldown"
    )


def test_flow_in_the_other_direction_does_not_extend_a_cooldown() -> None:
    assert not is_cooling_down(after_burst(side=Side.SELL), 15.7, Side.SELL, -3.0)


def test_f17_cooldown_ends_after_ten_seconds_in_any_flow() -> None:
    cooldown = after_burst()
    assert is_cooling_down(cooldown, 20.5, Side.SELL, 5.0)
    assert not is_cooling_down(cooldown, 20.7, Side.SELL, 5.0)


def test_cooldown_has_the_configured_length() -> None:
    cooldown = SideCooldown(side_cooldown_s=1.0)
    for i in range(4):
        cooldown.on_fill(10.0 + i / 10, Side.BUY)
    assert is_cooling_down(cooldown, 11.2, Side.BUY, 0.0)
    assert not is_cooling_down(cooldown, 11.4, Side.BUY, 0.0)


def test_clock_set_back_ends_a_cooldown() -> None:
    cooldown = after_burst()
    assert not is_cooling_down(cooldown, -1e6, Side.SELL, 0.0)
    cooldown.on_fill(-1e6, Side.SELL)
    assert not is_cooling_down(cooldown, -1e6, Side.SELL, 0.0)


def test_f14_invalid_numbers_raise() -> None:
    with pytest.raises(InvalidInput):
        SideCooldown(side_cooldown_s=nan)
    with pytest.raises(InvalidInput):
        SideCooldown().on_fill(nan, Side.BUY)
    with pytest.raises(InvalidInput):
        SideCooldown().update(0.0, nan)
