"""No order takes from the book or crosses our own orders."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_aggressive_price as check
from tests.unit.risk.cases import LIMITS, intent, view

TICK = Decimal("0.1")
BUY, SELL = Side.BUY, Side.SELL


def test_an_order_may_improve_the_best_price_and_never_take() -> None:
    assert check(intent(BUY, price=Decimal("100.5") - TICK), view(), LIMITS) is None
    assert "would take" in (check(intent(BUY, price="100.5"), view(), LIMITS) or "")
    assert check(intent(SELL, price=Decimal("99.5") + TICK), view(), LIMITS) is None
    assert "would take" in (check(intent(SELL, price="99.5"), view(), LIMITS) or "")


@pytest.mark.parametrize(
    ("side", "own", "near"), [(BUY, "own_ask", Decimal("99.9")), (SELL, "own_bid", Decimal(100))]
)
def test_order_never_crosses_our_own_orders(side: Side, own: str, near: Decimal) -> None:
    ours = view(**{own: Decimal(100)})
    apart = near if side is BUY else near + TICK
    assert check(intent(side, price=apart), ours, LIMITS) is None
    assert "our own" in (check(intent(side, price="100"), ours, LIMITS) or "")
