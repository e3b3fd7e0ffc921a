"""Rate limits per clock interval, and bans."""

import pytest

from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import Limits
from quoter.sandbox.exchange.rate_limits import DAY_NS, MINUTE_NS, TEN_SECONDS_NS, Budgets
from quoter.sandbox.protocol.answers import ApiError

LIMITS = Limits(weight_per_minute=10, orders_per_10_s=2, orders_per_day=3, refusals_before_ban=1)
START_NS = 1_000 * DAY_NS


def refused(budgets: Budgets, weight: int, now_ns: int) -> ApiError:
    with pytest.raises(ApiError) as caught:
        budgets.spend(weight, now_ns)
    return caught.value


def test_weight_is_reset_in_the_next_minute() -> None:
    budgets = Budgets(LIMITS)
    budgets.spend(10, START_NS)
    error = refused(budgets, 1, START_NS + 15 * NS_PER_S)
    assert (error.status, error.code, error.retry_after_s) == (429, -1003, 45)
    budgets.spend(1, START_NS + MINUTE_NS)
    assert budgets.headers("", START_NS + MINUTE_NS)["X-MBX-USED-WEIGHT-1M"] == "1"


def test_client_that_ignores_refusals_is_banned_for_a_while() -> None:
    budgets = Budgets(LIMITS)
    budgets.spend(10, START_NS)
    assert refused(budgets, 1, START_NS).status == 429
    assert refused(budgets, 1, START_NS).status == 418
    later_ns = START_NS + MINUTE_NS
    assert refused(budgets, 1, later_ns).status == 418
    budgets.spend(1, START_NS + (LIMITS.ban_s + 1) * NS_PER_S)


def test_orders_are_counted_per_key_per_ten_seconds_and_per_day() -> None:
    budgets = Budgets(LIMITS)
    for _ in range(2):
        budgets.check_orders("one", START_NS)
        budgets.count_order("one", START_NS)
    with pytest.raises(ApiError, match="2 orders per 10 SECOND"):
        budgets.check_orders("one", START_NS)
    budgets.check_orders("two", START_NS)
    next_ns = START_NS + TEN_SECONDS_NS
    budgets.count_order("one", next_ns)
    with pytest.raises(ApiError, match="3 orders per 1 DAY"):
        budgets.check_orders("one", next_ns)
    budgets.check_orders("one", START_NS + DAY_NS)
