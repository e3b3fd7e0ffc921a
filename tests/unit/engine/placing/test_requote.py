"""The fewest actions from the resting to the wanted orders."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.quotes import Quote
from quoter.domain.trading import CancelReason
from quoter.domain.units import NEVER_NS, NS_PER_S
from quoter.engine.config import RequotePolicy
from quoter.engine.placing.requote import (
    Action,
    Create,
    Remove,
    Replace,
    plan,
    settled_until_ns,
)
from quoter.state.open_orders import OpenOrder, OpenOrders
from tests.unit.state.cases import ABC, BUY, SELL, START_NS, reserve

POLICY = RequotePolicy()
TOLERANCE = 3  # ticks


def quote(side: Side, ticks: int, size: str = "1") -> Quote:
    return Quote(side, ticks, ABC.price(ticks), Decimal(size))


def resting(side: Side, ticks: int, size: str = "1") -> OpenOrder:
    order = reserve(OpenOrders(), f"q{ticks}", side, size, str(ABC.price(ticks)))
    order.state = OrderState.OPEN
    return order


def planned(
    wanted: list[Quote],
    orders: list[OpenOrder],
    *,
    age_s: float = 0.5,
    has_spare_budget: bool = True,
) -> list[Action]:
    return plan(
        wanted,
        orders,
        policy=POLICY,
        tolerance_ticks=TOLERANCE,
        ts_ns=START_NS + round(age_s * NS_PER_S),
        has_spare_budget=has_spare_budget,
        leftover=CancelReason.REQUOTE,
    )


def further(side: Side, ticks: int) -> int:
    """A quote so many ticks less aggressive than 1000."""
    return 1000 - side.sign * ticks


@pytest.mark.parametrize("side", list(Side))
class TestOneLevel:
    def test_an_order_at_the_wanted_price_is_kept(self, side: Side) -> None:
        assert planned([quote(side, 1000)], [resting(side, 1000)]) == []

    def test_a_wanted_level_without_an_order_is_created(self, side: Side) -> None:
        assert planned([quote(side, 1000)], []) == [Create(quote(side, 1000))]

    def test_an_order_without_a_wanted_level_is_removed(self, side: Side) -> None:
        order = resting(side, 1000)
        assert planned([], [order]) == [Remove(order, CancelReason.REQUOTE)]

    def test_a_too_aggressive_order_is_cancelled_at_once_even_without_a_new_one(
        self, side: Side
    ) -> None:
        order, wanted = resting(side, 1000), quote(side, further(side, TOLERANCE))
        assert planned([wanted], [order], age_s=0.0, has_spare_budget=False) == [
            Replace(order, wanted, is_urgent=True)
        ]

    def test_a_slightly_too_aggressive_order_is_replaced_while_the_budget_is_half_full(
        self, side: Side
    ) -> None:
        order, wanted = resting(side, 1000), quote(side, further(side, 1))
        assert planned([wanted], [order]) == [Replace(order, wanted, is_urgent=False)]
        assert planned([wanted], [order], has_spare_budget=False) == []

    def test_a_too_passive_order_is_replaced_after_the_hold_time(self, side: Side) -> None:
        order, wanted = resting(side, 1000), quote(side, further(side, -TOLERANCE))
        assert planned([wanted], [order], age_s=0.99) == []
        assert planned([wanted], [order], age_s=1.0) == [Replace(order, wanted, is_urgent=False)]

    def test_an_order_too_passive_by_less_than_the_tolerance_is_kept(self, side: Side) -> None:
        order, wanted = resting(side, 1000), quote(side, further(side, 1 - TOLERANCE))
        assert planned([wanted], [order], age_s=20.0) == []

    def test_an_order_as_old_as_its_time_to_live_is_renewed(self, side: Side) -> None:
        order, wanted = resting(side, 1000), quote(side, 1000)
        assert planned([wanted], [order], age_s=29.9) == []
        assert planned([wanted], [order], age_s=30.0) == [Replace(order, wanted, is_urgent=False)]

    @pytest.mark.parametrize(("size", "stays"), [("0.8", True), ("0.79", False), ("1.3", False)])
    def test_a_size_within_a_fifth_of_the_wanted_one_is_kept(
        self, side: Side, size: str, stays: bool
    ) -> None:
        order, wanted = resting(side, 1000, size), quote(side, 1000)
        assert (planned([wanted], [order], age_s=2.0) == []) == stays
        assert planned([wanted], [order], age_s=0.5) == []

    @pytest.mark.parametrize("state", [OrderState.RESERVED, OrderState.PENDING_NEW])
    def test_an_order_in_flight_is_replaced_only_if_it_is_too_aggressive(
        self, side: Side, state: OrderState
    ) -> None:
        order = resting(side, 1000)
        order.state = state
        for ticks in (1, 1 - TOLERANCE, -TOLERANCE):
            assert planned([quote(side, further(side, ticks))], [order], age_s=60.0) == []
        dangerous = quote(side, further(side, TOLERANCE))
        assert planned([dangerous], [order]) == [Replace(order, dangerous, is_urgent=True)]


@pytest.mark.parametrize(("side", "ticks"), [(BUY, (1000, 990, 980)), (SELL, (1000, 1010, 1020))])
class TestLevels:
    def test_levels_are_paired_best_with_best_whatever_their_order(
        self, side: Side, ticks: tuple[int, ...]
    ) -> None:
        orders = [resting(side, at) for at in reversed(ticks)]
        assert planned([quote(side, at) for at in ticks], orders) == []

    def test_of_too_many_orders_the_farthest_is_removed(
        self, side: Side, ticks: tuple[int, ...]
    ) -> None:
        orders = [resting(side, at) for at in ticks]
        actions = planned([quote(side, at) for at in ticks[:2]], orders)
        assert actions == [Remove(orders[2], CancelReason.REQUOTE)]

    def test_of_too_few_orders_the_farthest_level_is_created(
        self, side: Side, ticks: tuple[int, ...]
    ) -> None:
        wanted = [quote(side, at) for at in ticks]
        assert planned(wanted, [resting(side, at) for at in ticks[:2]]) == [Create(wanted[2])]


@pytest.mark.parametrize(
    ("half", "tick", "ticks"), [(10.0, 0.1, 10), (0.5, 0.1, 1), (0.0, 0.1, 1), (2.0, 0.01, 20)]
)
def test_the_tolerance_is_a_share_of_the_half_spread_and_at_least_a_tick(
    half: float, tick: float, ticks: int
) -> None:
    assert POLICY.tolerance_ticks(half, tick) == ticks


def settled_for_s(wanted: list[Quote], orders: list[OpenOrder]) -> float:
    until_ns = settled_until_ns(wanted, orders, policy=POLICY, tolerance_ticks=TOLERANCE)
    return (until_ns - START_NS) / NS_PER_S


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("is_in_flight", [False, True])
@pytest.mark.parametrize("size", ["1", "0.5"])
@pytest.mark.parametrize("behind", range(-TOLERANCE - 1, TOLERANCE + 2))
def test_settled_orders_need_no_action_until_the_end_of_their_life(
    side: Side, *, is_in_flight: bool, size: str, behind: int
) -> None:
    wanted, order = [quote(side, 1000)], resting(side, further(side, behind), size)
    if is_in_flight:
        order.state = OrderState.PENDING_NEW
    life_s = POLICY.ttl_ns / NS_PER_S
    settled_s = settled_for_s(wanted, [order])
    if settled_s > 0.0:
        assert settled_s == life_s
    for age_s in (0.0, 1.5, life_s - 1e-9, life_s):
        for has_spare_budget in (False, True):
            actions = planned(wanted, [order], age_s=age_s, has_spare_budget=has_spare_budget)
            assert not actions or settled_s <= age_s
    assert (settled_s > 0.0) == (0 <= behind < TOLERANCE and size == "1")


def test_a_level_without_an_order_is_not_settled_and_no_level_is() -> None:
    assert settled_for_s([quote(BUY, 1000)], []) < 0.0
    assert settled_for_s([], [resting(BUY, 1000)]) < 0.0
    assert settled_until_ns([], [], policy=POLICY, tolerance_ticks=TOLERANCE) == NEVER_NS
