"""The hard limit applies to the inventory after every fill that is still possible."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_worst_case_exposure as check
from tests.unit.risk.cases import LIMITS, LOT, intent, view


@pytest.mark.parametrize(
    ("side", "room"),
    [(Side.BUY, Decimal(10 - 2 - 3)), (Side.SELL, Decimal(10 + 2 - 1))],
)
def test_order_may_use_the_headroom_and_not_one_lot_more(side: Side, room: Decimal) -> None:
    assert check(intent(side, room - LOT), view(), LIMITS) is None
    assert check(intent(side, room), view(), LIMITS) is None
    assert "could reach" in (check(intent(side, room + LOT), view(), LIMITS) or "")


def test_orders_of_the_other_side_add_no_headroom() -> None:
    """They may be cancelled, or simply not fill."""
    crowded = view(inventory=Decimal(9), leaves_buy=Decimal(0), leaves_sell=Decimal(19))
    assert check(intent(Side.BUY, "1"), crowded, LIMITS) is None
    assert check(intent(Side.BUY, "1.01"), crowded, LIMITS) is not None


def test_only_the_reducing_side_is_allowed_at_the_limit() -> None:
    full = view(inventory=Decimal(10), leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    assert check(intent(Side.BUY, LOT), full, LIMITS) is not None
    assert check(intent(Side.SELL, "5"), full, LIMITS) is None


def test_order_beside_an_unknown_one_is_denied_above_the_limit() -> None:
    """A rule that looked at the position alone would send it and could reach +12."""
    unresolved = view(inventory=Decimal(6), leaves_buy=Decimal(4))
    text = check(intent(Side.BUY, "2"), unresolved, LIMITS)
    assert text == "inventory could reach 12, limit 10"
