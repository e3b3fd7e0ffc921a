"""Side cooldown: start, length and end."""

from math import nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.side_cooldown import (
    COOLDOWN_S,
    ORDERS_MAX,
    RATE_MIN,
    SideCooldown,
    burst_takers,
)

DEMO_RATE = 0.5  # fills per second and side in the demo's market


def after_burst(
    *,
    fills: int = 4,
    gap_s: float = 0.2,
    side: Side = Side.SELL,
    orders: int = 1_000,
) -> SideCooldown:
    """After so many fills, of so many orders in turn."""
    cooldown = SideCooldown()
    for i in range(fills):
        cooldown.on_fill(10.0 + i * gap_s, side, str(i % orders), 0.0)
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
        cooldown.on_fill(10.0 + i / 10, Side.BUY if i % 2 else Side.SELL, str(i), 0.0)
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
        cooldown.on_fill(10.0 + i / 10, Side.BUY, str(i), 0.0)
    assert is_cooling_down(cooldown, 11.2, Side.BUY, 0.0)
    assert not is_cooling_down(cooldown, 11.4, Side.BUY, 0.0)


def test_clock_set_back_ends_a_cooldown() -> None:
    cooldown = after_burst()
    assert not is_cooling_down(cooldown, -1e6, Side.SELL, 0.0)
    cooldown.on_fill(-1e6, Side.SELL, "1", 0.0)
    assert not is_cooling_down(cooldown, -1e6, Side.SELL, 0.0)


def test_f14_invalid_numbers_raise() -> None:
    with pytest.raises(InvalidInput):
        SideCooldown(side_cooldown_s=nan)
    with pytest.raises(InvalidInput):
        SideCooldown().on_fill(nan, Side.BUY, "1", 0.0)
    with pytest.raises(InvalidInput):
        SideCooldown().update(0.0, nan)


# what a burst is


def test_an_order_that_is_filled_in_pieces_is_no_burst() -> None:
    for pieces in (4, 40):
        assert not after_burst(fills=pieces, gap_s=0.9 / pieces, orders=1).sides
        assert not after_burst(fills=3 * pieces, gap_s=0.3 / pieces, orders=3).sides
        assert after_burst(fills=4 * pieces, gap_s=0.24 / pieces, orders=4).sides


@given(
    gaps_s=st.lists(st.floats(0.01, 0.6), min_size=1, max_size=20),
    pieces=st.integers(2, 5),
    rate=st.floats(0.0, 2.0),
)
def test_pieces_change_nothing(gaps_s: list[float], pieces: int, rate: float) -> None:
    whole, split, t_s = SideCooldown(), SideCooldown(), 0.0
    for i, gap_s in enumerate(gaps_s):
        t_s += gap_s
        whole.on_fill(t_s, Side.BUY, str(i), rate)
        for _ in range(pieces):
            split.on_fill(t_s, Side.BUY, str(i), rate)
        assert split.sides == whole.sides


def test_remembered_orders_are_bounded() -> None:
    cooldown = after_burst(fills=3 * ORDERS_MAX, gap_s=1e-4)
    assert len(cooldown._sides[Side.SELL]._filled) == ORDERS_MAX


def test_the_burst_grows_with_the_expected_rate_and_has_a_floor() -> None:
    limits = [burst_takers(rate) for rate in (0.0, 0.01, RATE_MIN, 0.5, 1.6, 5.4)]
    assert limits == [4, 4, 4, 6, 9, 18]


def test_orders_that_a_taker_fills_together_count_once() -> None:
    """A sweep through three levels of a ladder, three times, is no burst; four times is one."""
    for sweeps, is_burst in ((3, False), (4, True)):
        cooldown = SideCooldown()
        for sweep in range(sweeps):
            for level in range(3):
                cooldown.on_fill(0.2 * sweep + 0.001 * level, Side.BUY, f"{sweep} {level}", 0.0)
        assert bool(cooldown.sides) is is_burst


def cooldowns(seconds: float, rate_of: dict[Side, float], expected: float) -> list[float]:
    """Starts of cooldowns, s; fills are Poisson processes, and none come while a side is off."""
    cooldown, rng, starts = SideCooldown(), Random(repr(rate_of)), list[float]()
    total, t_s = sum(rate_of.values()), 0.0
    while (t_s := t_s + rng.expovariate(total)) < seconds:
        side = Side.BUY if rng.random() * total < rate_of[Side.BUY] else Side.SELL
        cooldown.update(t_s, 0.0)
        if side not in cooldown.sides:
            cooldown.on_fill(t_s, side, repr(t_s), expected)
            if side in cooldown.sides:
                starts.append(t_s)
    return starts


@pytest.mark.parametrize(("times", "seconds"), [(1.0, 40_000.0), (3.0, 15_000.0), (10.0, 5_000.0)])
def test_chance_takes_a_side_out_for_less_than_a_hundredth_of_the_time(
    times: float, seconds: float
) -> None:
    rate = times * DEMO_RATE
    starts = cooldowns(seconds, dict.fromkeys(Side, rate), rate)
    assert COOLDOWN_S * len(starts) < 0.01 * seconds


@pytest.mark.parametrize("times", [3.0, 10.0])
def test_activity_that_grows_on_both_sides_is_no_burst_before_the_intensity_follows(
    times: float,
) -> None:
    both = dict.fromkeys(Side, times * DEMO_RATE)
    starts = cooldowns(1_200.0, both, DEMO_RATE)
    assert COOLDOWN_S * len(starts) < 0.05 * 1_200.0


def test_a_wave_of_takers_on_one_side_still_takes_that_side_out() -> None:
    """Ten times the usual fills on one side, 0.7 times on the other: noticed within seconds."""
    found = []
    for n in range(5):
        informed = {Side.BUY: 10.0 * DEMO_RATE + n * 1e-6, Side.SELL: 0.7 * DEMO_RATE}
        found.append(min(cooldowns(15.0, informed, DEMO_RATE)))
    assert sorted(found)[2] < 3.0
    assert max(found) < 6.0


def test_fills_of_a_side_do_not_raise_the_limit_of_that_side() -> None:
    """One-sided takers, three a second, and then four."""
    cooldown = SideCooldown()
    for i in range(40):
        cooldown.on_fill(0.45 * i, Side.BUY, str(i), 0.0)
    assert not cooldown.sides
    for i in range(40, 44):
        cooldown.on_fill(0.45 * 39 + 0.2 * (i - 39), Side.BUY, str(i), 0.0)
    assert cooldown.sides == (Side.BUY,)


@pytest.mark.parametrize(("moved", "is_burst"), [(-3.0, True), (-2.9, False), (3.0, False)])
def test_fills_that_come_with_a_move_against_the_side_are_not_explained_by_a_busy_market(
    moved: float, is_burst: bool
) -> None:
    """A move of the mid in standard deviations of a second; buys lose when it falls."""
    cooldown, sigma = SideCooldown(), 0.5
    for i in range(4):
        mid = 100.0 + moved * sigma * i / 3
        cooldown.on_fill(0.2 * i, Side.BUY, str(i), DEMO_RATE, mid=mid, sigma=sigma)
    assert bool(cooldown.sides) is is_burst
