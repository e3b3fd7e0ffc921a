"""The token bucket for creating orders."""

from math import nan

import pytest

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.message_budget import MessageBudget

NOW_NS = 1_700_000_000 * NS_PER_S


def spend(budget: MessageBudget, ts_ns: int) -> int:
    """Number of orders that can be created at once."""
    count = 0
    while budget.has_tokens(ts_ns):
        budget.take()
        count += 1
    return count


def test_exactly_one_burst_may_be_sent_at_once() -> None:
    assert spend(MessageBudget(rate_per_s=10, burst=20), NOW_NS) == 20


def test_tokens_refill_at_the_rate_up_to_the_burst() -> None:
    budget = MessageBudget(rate_per_s=10, burst=20)
    spend(budget, NOW_NS)
    assert spend(budget, NOW_NS + NS_PER_S // 20) == 0
    assert spend(budget, NOW_NS + NS_PER_S) == 10
    assert spend(budget, NOW_NS + 3600 * NS_PER_S) == 20


def test_orders_per_minute_stay_within_rate_and_burst() -> None:
    budget = MessageBudget(rate_per_s=10, burst=20)
    sent = sum(spend(budget, NOW_NS + tenth * NS_PER_S // 10) for tenth in range(601))
    assert 20 + 599 <= sent <= 20 + 600


def test_small_corrections_may_use_the_upper_half_only() -> None:
    budget = MessageBudget(rate_per_s=10, burst=20)
    for _ in range(10):
        assert budget.has_tokens(NOW_NS, share=0.5)
        budget.take()
    budget.take()
    assert not budget.has_tokens(NOW_NS, share=0.5)
    assert budget.has_tokens(NOW_NS)


def test_reading_the_tokens_spends_none() -> None:
    budget = MessageBudget(rate_per_s=1, burst=1)
    assert [budget.has_tokens(NOW_NS) for _ in range(5)] == [True] * 5


def test_a_rate_that_changes_counts_from_the_last_reading() -> None:
    budget = MessageBudget(rate_per_s=10, burst=100)
    spend(budget, NOW_NS)
    assert budget.tokens(NOW_NS + NS_PER_S) == pytest.approx(10)
    budget.rate_per_s = 2.0
    assert budget.tokens(NOW_NS + 2 * NS_PER_S) == pytest.approx(12)


def test_tokens_taken_without_asking_leave_a_debt_down_to_the_lowest_value() -> None:
    budget = MessageBudget(rate_per_s=1, burst=2, lowest=-3.0)
    for _ in range(10):
        budget.take()
    assert budget.tokens(NOW_NS) == -3.0
    assert not budget.has_tokens(NOW_NS + 3 * NS_PER_S)
    assert budget.has_tokens(NOW_NS + 4 * NS_PER_S)


@pytest.mark.parametrize(("rate_per_s", "burst"), [(0, 1), (-1, 1), (nan, 1), (1, 0.5), (1, nan)])
def test_budget_of_zero_raises_value_error(rate_per_s: float, burst: float) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        MessageBudget(rate_per_s=rate_per_s, burst=burst)


@pytest.mark.parametrize("lowest", [0.1, nan])
def test_lowest_value_above_zero_raises_value_error(lowest: float) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        MessageBudget(rate_per_s=1, burst=1, lowest=lowest)
