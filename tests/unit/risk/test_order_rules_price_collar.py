"""An order that adds must be near each reference price, one that reduces near one."""

from decimal import Decimal

import pytest

from quoter.domain.commands import TimeInForce
from quoter.domain.market import Side
from quoter.risk.order_rules import check_price_collar as check
from tests.unit.risk.cases import LIMITS, NOT_NUMBERS, intent, view

TICK = Decimal("0.1")
BUY, SELL = Side.BUY, Side.SELL


def test_a_price_may_reach_the_collar_to_the_tick() -> None:
    assert check(intent(BUY, price="98"), view(), LIMITS) is None
    assert "outside" in (check(intent(BUY, price=98 - TICK), view(), LIMITS) or "")
    assert check(intent(SELL, "2", price="102"), view(), LIMITS) is None
    assert "outside" in (check(intent(SELL, "2", price=102 + TICK), view(), LIMITS) or "")


@pytest.mark.parametrize("side", list(Side))
def test_an_order_that_adds_must_be_near_every_reference(side: Side) -> None:
    """After a jump the mean of the last minute still differs: nothing is added until both agree."""
    leapt = view(reference_low=Decimal(99), reference_high=Decimal(101))
    least, most = Decimal("98.98"), Decimal("100.98")
    for price in (least, most):
        assert check(intent(side, "2", price=price), leapt, LIMITS) is None
    for price in (least - TICK, most + TICK):
        assert "outside" in (check(intent(side, "2", price=price), leapt, LIMITS) or "")


def test_an_order_that_only_reduces_needs_to_be_near_one_of_them() -> None:
    """Long 2 with 1 on sale: one more may be at the present mid, a second one would flip us."""
    crashed = view(reference_low=Decimal(90), reference_high=Decimal(100))
    assert check(intent(SELL, "1", price="90.1"), crashed, LIMITS) is None
    assert check(intent(SELL, "1.01", price="90.1"), crashed, LIMITS) is not None
    assert check(intent(SELL, "1", price="88.1"), crashed, LIMITS) is not None
    assert check(intent(BUY, "1", price="90.1"), crashed, LIMITS) is not None


@pytest.mark.parametrize("price", [*NOT_NUMBERS, Decimal(0), Decimal(-1)])
def test_a_price_must_be_a_number_above_zero(price: Decimal) -> None:
    assert "not above zero" in (check(intent(price=price), view(), LIMITS) or "")


@pytest.mark.parametrize("name", ["reference_low", "reference_high"])
@pytest.mark.parametrize("number", [*NOT_NUMBERS, Decimal(0), Decimal(-100)])
def test_order_is_denied_without_a_finite_reference(name: str, number: Decimal) -> None:
    """With infinity the comparison alone would allow every price."""
    assert "no reference" in (check(intent(), view(**{name: number}), LIMITS) or "")


def test_taking_order_stays_within_the_collar_too() -> None:
    taking = TimeInForce.IOC
    assert check(intent(SELL, "2", price="98", time_in_force=taking), view(), LIMITS) is None
    below = intent(SELL, "2", price=98 - TICK, time_in_force=taking)
    assert "outside" in (check(below, view(), LIMITS) or "")
    assert check(intent(BUY, price="102", time_in_force=taking), view(), LIMITS) is None
    above = intent(BUY, price=102 + TICK, time_in_force=taking)
    assert "outside" in (check(above, view(), LIMITS) or "")
