"""Fills that come faster than expected."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.repeated_execution import RepeatedExecution

NOW_NS = 1_700_000_000_000_000_000


def throttle(
    *, order_size: float = 1.0, inventory_max: float = 1.0, turnover_max: float = inf
) -> RepeatedExecution:
    return RepeatedExecution(
        order_size=order_size, inventory_max=inventory_max, turnover_max=turnover_max
    )


def expecting(limits: RepeatedExecution, fills_per_s: float, seconds: int = 30) -> int:
    """Let it expect fills at this rate; return the time after it, ns."""
    for second in range(seconds + 1):
        limits.expect(NOW_NS + second * NS_PER_S, fills_per_s)
    return NOW_NS + seconds * NS_PER_S


def test_ten_times_three_orders_a_minute_and_chance_are_always_allowed() -> None:
    limits = throttle()
    results = [limits.on_fill(NOW_NS + n * NS_PER_S // 2, 1.0) for n in range(65)]
    assert results[:64] == [None] * 64
    assert results[64] == "filled 65.0 order sizes within 60 s, expected 0.0, limit 65"


def test_an_order_that_is_filled_in_many_pieces_counts_once() -> None:
    limits = throttle(order_size=0.005)
    assert [limits.on_fill(NOW_NS, 1 / 40) for _ in range(40 * 64)] == [None] * (40 * 64)


def test_up_to_ten_times_the_expected_fills_and_chance_are_allowed() -> None:
    limits = throttle()
    now_ns = expecting(limits, 0.25)  # 7.5 fills in 30 s
    results = [limits.on_fill(now_ns, 1.0) for _ in range(129)]
    assert results[:128] == [None] * 128
    assert results[128] == "filled 129.0 order sizes within 60 s, expected 7.5, limit 129"


@given(rate=st.floats(0.0, 20.0))
def test_a_market_ten_times_as_busy_as_expected_never_reaches_the_limit(rate: float) -> None:
    """Five standard deviations above it, with a limit of four orders."""
    limits = throttle(inventory_max=4.0)
    now_ns = expecting(limits, rate, seconds=61)
    busy = 10.0 * rate * 60.0
    assert limits.on_fill(now_ns, busy + 5.0 * busy**0.5) is None


def test_an_exchange_that_repeats_executions_is_noticed_within_two_minutes() -> None:
    """In the demo's market, with what is expected there; each execution arrives 20 times."""
    limits, now_ns = throttle(inventory_max=10.0), expecting(throttle(), 1.0)
    for second in range(600):
        now_ns += NS_PER_S
        limits.expect(now_ns, 1.0)
        for _ in range(1 if second < 300 else 20):
            if limits.on_fill(now_ns, 1.0) is not None:
                assert 300 <= second < 420
                return
    raise AssertionError("not noticed")


def test_fills_of_more_than_a_minute_ago_do_not_count() -> None:
    limits = throttle()
    for minute in range(5):
        begin_ns = NOW_NS + minute * 62 * NS_PER_S
        assert [limits.on_fill(begin_ns, 1.0) for _ in range(64)] == [None] * 64


def test_the_volume_of_a_minute_may_reach_its_limit() -> None:
    limits = throttle(order_size=0.5, inventory_max=1.0, turnover_max=10.0)
    assert limits.on_fill(NOW_NS, 8.0) is None
    assert limits.on_fill(NOW_NS, 12.0) is None
    assert (
        limits.on_fill(NOW_NS, 0.02) == "traded 10.01 within 60 s, limit 10 (QUOTER_TURNOVER_MAX)"
    )


def test_a_limit_of_four_orders_allows_ten_times_the_expected_volume() -> None:
    limits = throttle(inventory_max=4.0, turnover_max=10.0)
    now_ns = expecting(limits, 1.0)  # 30 fills in 30 s
    assert [limits.on_fill(now_ns, 1.0) for _ in range(300)] == [None] * 300
    assert limits.on_fill(now_ns, 1.0) == "traded 301 within 60 s, limit 300 (QUOTER_TURNOVER_MAX)"


@pytest.mark.parametrize("size", [nan, inf])
def test_size_that_is_not_a_number_exceeds_the_limit(size: float) -> None:
    assert throttle(turnover_max=10.0).on_fill(NOW_NS, size) is not None


def test_rate_that_is_not_a_number_expects_no_fills() -> None:
    limits = throttle()
    expecting(limits, nan, seconds=1)
    assert [limits.on_fill(NOW_NS + NS_PER_S, 1.0) for _ in range(65)][64] is not None


@pytest.mark.parametrize("number", [0.0, -1.0, nan])
@pytest.mark.parametrize("name", ["order_size", "inventory_max", "turnover_max"])
def test_sizes_and_limits_are_above_zero(name: str, number: float) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        throttle(**{name: number})
