"""The position value in the worst case: a soft limit beside the hard one in base units."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import base_headroom, worst_notional
from quoter.risk.order_rules import check_position_notional as check
from tests.unit.risk.cases import LIMITS, LOT, intent, limits, view

BUY, SELL = Side.BUY, Side.SELL
# at an ask of 100.5 and a collar of 2 %: 0.95 of it holds six and a half units
LIMIT = Decimal("6.5") * Decimal("100.5") * Decimal("1.02") / Decimal("0.95")
WORTH = limits(position_notional_max=LIMIT)


def test_the_worst_case_is_the_larger_side_at_the_ask_and_a_collar() -> None:
    figures = {"leaves_buy": Decimal(3), "leaves_sell": Decimal(1), "price": Decimal(100)}
    for inventory, worst in ((2, 5), (-2, 3), (0, 3), (-5, 6)):
        worth = worst_notional(inventory=Decimal(inventory), **figures, limits=LIMITS)
        assert worth == worst * 102


def test_only_inventory_max_applies_without_a_notional_limit() -> None:
    assert check(intent(size="100"), view(), LIMITS) is None
    assert base_headroom(LIMITS, Decimal(0)) == LIMITS.inventory_max


def test_headroom_shrinks_with_the_price_and_never_exceeds_inventory_max() -> None:
    assert base_headroom(WORTH, Decimal("100.5")) == Decimal("6.5")
    assert base_headroom(WORTH, Decimal(201)) == Decimal("3.25")
    assert base_headroom(WORTH, Decimal(1)) == LIMITS.inventory_max


def test_order_may_reach_the_share_of_the_limit_for_orders() -> None:
    """Long 2, with live buys of 3 and sells of 1."""
    assert check(intent(BUY, "1.5"), view(), WORTH) is None
    assert "its value exceeds 95 % of" in (
        check(intent(BUY, Decimal("1.5") + LOT), view(), WORTH) or ""
    )
    assert check(intent(SELL, "7.5"), view(), WORTH) is None
    assert "its value exceeds 95 % of" in (
        check(intent(SELL, Decimal("7.5") + LOT), view(), WORTH) or ""
    )


@pytest.mark.parametrize(("side", "inventory"), [(SELL, 9), (BUY, -9)])
def test_reducing_order_is_never_denied(side: Side, inventory: int) -> None:
    beyond = view(inventory=Decimal(inventory), leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    assert check(intent(side, "5"), beyond, WORTH) is None
    assert check(intent(side.opposite, LOT), beyond, WORTH) is not None
