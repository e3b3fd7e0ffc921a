"""The hard limit: what inventory becomes if everything that could still fill does."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_worst_case_exposure as check
from tests.unit.risk.cases import LIMITS, LOT, intent, view


@pytest.mark.parametrize(
    ("side", "room"),
    [(Side.BUY, Decimal(10 - 2 - 3)), (Side.SELL, Decimal(10 + 2 - 1))],
)
def test_an_order_may_use_the_room_to_the_lot_and_not_one_lot_more(
    side: Side, room: Decimal
) -> None:
    assert check(intent(side, room - LOT), view(), LIMITS) is None
    assert check(intent(side, room), view(), LIMITS) is None
    assert "could reach" in (check(intent(side, room + LOT), view(), LIMITS) or "")


def test_the_other_sides_orders_never_make_room() -> None:
    """They may be cancelled, or simply not fill."""
    crowded = view(inventory=Decimal(9), leaves_buy=Decimal(0), leaves_sell=Decimal(19))
    assert check(intent(Side.BUY, "1"), crowded, LIMITS) is None
    assert check(intent(Side.BUY, "1.01"), crowded, LIMITS) is not None


def test_at_the_limit_only_the_side_that_reduces_is_let_in() -> None:
    full = view(inventory=Decimal(10), leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    assert check(intent(Side.BUY, LOT), full, LIMITS) is not None
    assert check(intent(Side.SELL, "5"), full, LIMITS) is None


def test_the_worked_example_of_an_unknown_order_is_refused() -> None:
    """reliability.md section 4: a position-only bot sends it and can reach +12."""
    unresolved = view(inventory=Decimal(6), leaves_buy=Decimal(4))
    text = check(intent(Side.BUY, "2"), unresolved, LIMITS)
    assert text == "inventory could reach 12, limit 10"
