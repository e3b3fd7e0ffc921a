"""The figures and limits of the order rules."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.view import reduces, reducing_headroom
from tests.unit.risk.cases import intent, view


@pytest.mark.parametrize(
    ("side", "headroom"),
    [(Side.SELL, Decimal(2)), (Side.BUY, Decimal(-3))],
)
def test_reducing_headroom_is_the_inventory_less_what_already_reduces(
    side: Side, headroom: Decimal
) -> None:
    held = view(inventory=Decimal(3), leaves_sell=Decimal(1), leaves_buy=Decimal(0))
    assert reducing_headroom(side, held) == headroom


def test_order_reduces_only_up_to_the_headroom() -> None:
    held = view(inventory=Decimal(3), leaves_sell=Decimal(1))
    assert reduces(intent(Side.SELL, "2"), held)
    assert not reduces(intent(Side.SELL, "2.01"), held)
    assert not reduces(intent(Side.BUY, "0.01"), held)
