"""Fills that come faster than expected."""

from math import inf, nan

import pytest

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.repeated_execution import RepeatedExecution

NOW_NS = 1_700_000_000_000_000_000


def test_sixty_fills_a_minute_are_always_allowed() -> None:
    throttle = RepeatedExecution(volume_max=inf)
    results = [throttle.on_fill(NOW_NS + n * NS_PER_S // 2, 1.0) for n in range(61)]
    assert results[:60] == [None] * 60
    assert results[60] == "61 fills within 60 s, limit 60"


def test_up_to_twenty_times_the_expected_fills_are_allowed() -> None:
    throttle = RepeatedExecution(volume_max=inf)
    for second in range(31):
        throttle.expect(NOW_NS + second * NS_PER_S, 0.25)  # 7.5 fills in 30 s
    now_ns = NOW_NS + 30 * NS_PER_S
    results = [throttle.on_fill(now_ns, 1.0) for _ in range(151)]
    assert results[:150] == [None] * 150
    assert results[150] == "151 fills within 60 s, limit 150"


def test_fills_of_more_than_a_minute_ago_do_not_count() -> None:
    throttle = RepeatedExecution(volume_max=inf)
    for minute in range(5):
        begin_ns = NOW_NS + minute * 62 * NS_PER_S
        assert [throttle.on_fill(begin_ns, 1.0) for _ in range(60)] == [None] * 60


def test_the_volume_of_a_minute_may_reach_its_limit() -> None:
    throttle = RepeatedExecution(volume_max=10.0)
    assert throttle.on_fill(NOW_NS, 4.0) is None
    assert throttle.on_fill(NOW_NS, 6.0) is None
    assert throttle.on_fill(NOW_NS, 0.01) == "traded 10.01 within 60 s, limit 10"


@pytest.mark.parametrize("size", [nan, inf])
def test_size_that_is_not_a_number_exceeds_the_limit(size: float) -> None:
    assert RepeatedExecution(volume_max=10.0).on_fill(NOW_NS, size) is not None


def test_rate_that_is_not_a_number_expects_no_fills() -> None:
    throttle = RepeatedExecution(volume_max=inf)
    throttle.expect(NOW_NS, nan)
    throttle.expect(NOW_NS + NS_PER_S, nan)
    assert [throttle.on_fill(NOW_NS + NS_PER_S, 1.0) for _ in range(61)][60] is not None


@pytest.mark.parametrize("volume_max", [0.0, -1.0, nan])
def test_a_volume_limit_is_above_zero(volume_max: float) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        RepeatedExecution(volume_max=volume_max)
