"""A difference that stays is an incident; one that is only on its way is not."""

from decimal import Decimal

import pytest

from quoter.domain.trading import Cause
from tests.unit.engine.cases import Desk
from tests.unit.state.cases import BUY


def test_differences_that_change_from_report_to_report_are_fills_on_their_way() -> None:
    desk = Desk().quoting()
    for late in range(1, 8):
        desk.balances(USD=desk.engine.inventory.balances["USD"] - late)
        desk.wait(1.0)
    assert Cause.RECONCILIATION not in desk.causes


def test_what_is_missing_shows_however_much_is_traded_meanwhile() -> None:
    desk = Desk().quoting()
    for _ in range(4):
        desk.fill(desk.wanted(BUY), "0.1")
        desk.balances(USD=desk.engine.inventory.balances["USD"] - 7)
        desk.wait(1.0)
    assert Cause.RECONCILIATION in desk.causes


@pytest.mark.parametrize("held", ["NaN", "Infinity", "sNaN"])
def test_a_balance_that_is_no_number_is_a_difference_that_stays(held: str) -> None:
    desk = Desk().quoting()
    for _ in range(5):
        desk.balances(USD=Decimal(held))
        desk.wait(1.0)
    assert Cause.RECONCILIATION in desk.causes
