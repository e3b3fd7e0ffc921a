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


def test_orders_that_are_used_up_widen_the_tolerance_until_there_are_some_again() -> None:
    rate = MessageRate(per_min=100_000, per_fill=500)
    now_ns = send(rate, 100, seconds=0)
    assert rate.tolerance_factor(now_ns) == 1.0
    send(rate, 50, seconds=0)
    assert rate.tolerance_factor(now_ns) == pytest.approx(5.5)
    send(rate, 50, seconds=0)
    assert rate.tolerance_factor(now_ns) == 10.0
    assert rate.tolerance_factor(now_ns + 40 * NS_PER_S) == pytest.approx(5.5)  # 1.25 a second
    assert rate.tolerance_factor(now_ns + 80 * NS_PER_S) == pytest.approx(1.0)


def test_fills_give_back_orders_sooner() -> None:
    rate = MessageRate(per_min=100_000, per_fill=500)
    now_ns = send(rate, 200, seconds=0)
    assert rate.tolerance_factor(now_ns) == 10.0
    for _ in range(10):
        rate.on_fill(now_ns)
    assert rate.tolerance_factor(now_ns + 16 * NS_PER_S) == pytest.approx(1.0)


def test_without_a_limit_per_fill_the_tolerance_stays() -> None:
    rate = MessageRate(per_min=100_000, per_fill=0)
    assert rate.tolerance_factor(send(rate, 5_000)) == 1.0


@pytest.mark.parametrize("changes_per_s", [2.0, 7.0, 30.0])
def test_a_quote_that_never_fills_keeps_to_the_limit(changes_per_s: float) -> None:
    """Of a price that moves as a random walk, a tolerance f times as wide sees 1/f² the changes."""
    rate = MessageRate(per_min=100_000, per_fill=500)
    wanted = 0.0
    for tenth in range(20 * 60 * 10):
        now_ns = NOW_NS + tenth * NS_PER_S // 10
        wanted += 0.1 * changes_per_s / rate.tolerance_factor(now_ns) ** 2
        if wanted >= 1.0:
            wanted = 0.0
            rate.on_create(now_ns)
        assert rate.breach(now_ns) is None


@pytest.mark.parametrize(("per_min", "per_fill"), [(0, 1), (1, -1)])
def test_caps_are_positive(per_min: int, per_fill: int) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        MessageRate(per_min=per_min, per_fill=per_fill)
