"""The size of one order."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_order_size as check
from tests.unit.risk.cases import LIMITS, LOT, NOT_NUMBERS, intent, view


def test_a_size_may_reach_its_limit_to_the_lot() -> None:
    assert check(intent(size="5", price="80"), view(), LIMITS) is None
    assert (
        check(intent(size=5 + LOT, price="60"), view(), LIMITS)
        == "size 5.01 is above the order limit 5"
    )


@pytest.mark.parametrize("size", ["0", "-0.01", "-1"])
def test_a_size_must_be_above_zero(size: str) -> None:
    assert "not above zero" in (check(intent(size=size), view(), LIMITS) or "")


@pytest.mark.parametrize("size", NOT_NUMBERS)
@pytest.mark.parametrize("side", list(Side))
def test_a_size_must_be_a_number(size: Decimal, side: Side) -> None:
    assert "not above zero" in (check(intent(side, size), view(), LIMITS) or "")
