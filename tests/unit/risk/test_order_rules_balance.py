"""The free balances of a spot account."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_balance as check
from tests.unit.risk.cases import LIMITS, LOT, intent, view


def test_sell_is_denied_above_the_free_base_balance() -> None:
    poor = view(base_held=Decimal(3), leaves_sell=Decimal(1))
    assert check(intent(Side.SELL, "2"), poor, LIMITS) is None
    assert check(intent(Side.SELL, 2 + LOT), poor, LIMITS) == "a sell of 2.01, but only 2 is free"


def test_buy_is_denied_above_the_free_quote_balance() -> None:
    poor = view(quote_held=Decimal(500), notional_buy=Decimal(300))
    assert check(intent(Side.BUY, "2", "100"), poor, LIMITS) is None
    assert check(intent(Side.BUY, "2.01", "100"), poor, LIMITS) is not None


def test_each_side_needs_only_its_own_asset() -> None:
    assert check(intent(Side.BUY), view(base_held=Decimal(0)), LIMITS) is None
    assert check(intent(Side.SELL), view(quote_held=Decimal(0)), LIMITS) is None


def test_balance_is_not_checked_off_spot() -> None:
    derivative = view(is_spot=False, base_held=None, quote_held=None, leaves_sell=Decimal(99))
    assert check(intent(Side.SELL, "5"), derivative, LIMITS) is None
    assert check(intent(Side.BUY, "5"), derivative, LIMITS) is None


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", ["base_held", "quote_held"])
def test_unknown_balance_denies(name: str, side: Side) -> None:
    assert check(intent(side), view(**{name: None}), LIMITS) == "our balances are not known"
