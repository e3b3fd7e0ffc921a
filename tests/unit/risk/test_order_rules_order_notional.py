"""The notional of one order."""

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_order_notional as check
from tests.unit.risk.cases import LIMITS, intent, view


@pytest.mark.parametrize("side", list(Side))
def test_a_notional_may_reach_its_limit_to_the_cent(side: Side) -> None:
    assert check(intent(side, "4", price="100"), view(), LIMITS) is None
    over = intent(side, "4", price="100.01")
    assert "the order is worth 400.04, not within" in (check(over, view(), LIMITS) or "")


@pytest.mark.parametrize("price", ["0", "-1"])
def test_notional_of_zero_is_denied(price: str) -> None:
    assert check(intent(price=price), view(), LIMITS) is not None
