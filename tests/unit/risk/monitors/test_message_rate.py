"""Orders per minute, and orders per fill."""

import pytest

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.message_rate import MessageRate

NOW_NS = 1_700_000_000_000_000_000


def send(rate: MessageRate, count: int, *, seconds: int = 30, begin_ns: int = NOW_NS) -> int:
    """Create so many orders, evenly; the time of the last one."""
    for number in range(count):
        rate.on_create(begin_ns + number * seconds * NS_PER_S // count)
    return begin_ns + seconds * NS_PER_S


def test_limit_per_minute_is_exceeded_by_one_more_order() -> None:
    rate = MessageRate(per_min=100, per_fill=0)
    now_ns = send(rate, 100)
    assert rate.breach(now_ns) is None
    rate.on_create(now_ns)
    assert rate.breach(now_ns) == "101 new orders within 60 s, limit 100 (QUOTER_CREATES_PER_MIN)"


def test_limit_counts_as_kept_again_only_well_below_it() -> None:
    """Orders leave the window one by one: the limit must not flicker."""
    rate = MessageRate(per_min=100, per_fill=0)
    send(rate, 120)
    times = [NOW_NS + second * NS_PER_S for second in range(30, 100)]
    seen = [(rate.breach(now_ns) is None, rate.is_well_within_limits(now_ns)) for now_ns in times]
    kept, roomy = (
        [is_kept for is_kept, _ in seen],
        [has_spare_budget for _, has_spare_budget in seen],
    )
    assert kept == sorted(kept)
    assert roomy == sorted(roomy)
    assert sum(kept) >= sum(roomy) + 3  # seconds below the limit and above the share


def test_orders_without_fills_exceed_the_ratio_only_above_a_thousand() -> None:
    rate = MessageRate(per_min=100_000, per_fill=500)
    now_ns = send(rate, 999, seconds=300)
    assert rate.breach(now_ns) is None
    rate.on_create(now_ns)
    assert "1000 new orders for 0 fills" in (rate.breach(now_ns) or "")


def test_each_fill_allows_more_orders() -> None:
    rate = MessageRate(per_min=100_000, per_fill=500)
    rate.on_fill(NOW_NS)
    rate.on_fill(NOW_NS)
    now_ns = send(rate, 1_000, seconds=300)
    assert rate.breach(now_ns) is None
    rate.on_create(now_ns)
    assert rate.breach(now_ns) is not None
    rate.on_fill(now_ns)
    assert rate.breach(now_ns) is None


def test_ratio_restarts_after_ten_minutes() -> None:
    rate = MessageRate(per_min=100_000, per_fill=500)
    now_ns = send(rate, 1_001)
    assert rate.breach(now_ns) is not None
    assert rate.is_well_within_limits(now_ns + 611 * NS_PER_S)


def test_zero_switches_the_ratio_off() -> None:
    rate = MessageRate(per_min=100_000, per_fill=0)
    assert rate.breach(send(rate, 5_000)) is None


@pytest.mark.parametrize(("per_min", "per_fill"), [(0, 1), (1, -1)])
def test_caps_are_positive(per_min: int, per_fill: int) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        MessageRate(per_min=per_min, per_fill=per_fill)
