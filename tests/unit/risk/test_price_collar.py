"""Near fair value, and never through the book."""

from decimal import Decimal

import pytest

from quoter.domain.commands import TimeInForce
from quoter.domain.market import Side
from quoter.risk.price_collar import check
from tests.unit.risk.cases import LIMITS, NOT_NUMBERS, intent, view

TICK = Decimal("0.1")


def test_a_price_may_reach_the_collar_to_the_tick() -> None:
    assert check(intent(Side.BUY, price="98"), view(), LIMITS) is None
    assert "outside" in (check(intent(Side.BUY, price=98 - TICK), view(), LIMITS) or "")
    assert check(intent(Side.SELL, price="102"), view(), LIMITS) is None
    assert "outside" in (check(intent(Side.SELL, price=102 + TICK), view(), LIMITS) or "")


def test_an_order_may_improve_the_best_price_and_never_take() -> None:
    assert check(intent(Side.BUY, price=Decimal("100.5") - TICK), view(), LIMITS) is None
    assert "would take" in (check(intent(Side.BUY, price="100.5"), view(), LIMITS) or "")
    assert check(intent(Side.SELL, price=Decimal("99.5") + TICK), view(), LIMITS) is None
    assert "would take" in (check(intent(Side.SELL, price="99.5"), view(), LIMITS) or "")


def test_without_a_trustworthy_book_there_is_nothing_to_be_near_to() -> None:
    assert check(intent(), view(book_ready=False), LIMITS) == "no trustworthy book"


@pytest.mark.parametrize("price", [*NOT_NUMBERS, Decimal(0), Decimal(-1)])
def test_a_price_must_be_a_number_above_zero(price: Decimal) -> None:
    assert "not above zero" in (check(intent(price=price), view(), LIMITS) or "")


@pytest.mark.parametrize("fair", [Decimal("Infinity"), Decimal(0), Decimal(-100)])
def test_no_price_is_near_a_fair_value_that_is_none(fair: Decimal) -> None:
    """Infinity less a price is not more than a share of infinity: the wrong way round."""
    assert check(intent(), view(fair=fair), LIMITS) is not None


def test_an_order_that_is_meant_to_take_may_and_stays_within_the_collar() -> None:
    taking = TimeInForce.IOC
    assert check(intent(Side.SELL, price="98", time_in_force=taking), view(), LIMITS) is None
    below = intent(Side.SELL, price=98 - TICK, time_in_force=taking)
    assert "outside" in (check(below, view(), LIMITS) or "")
    assert check(intent(Side.BUY, price="102", time_in_force=taking), view(), LIMITS) is None
    above = intent(Side.BUY, price=102 + TICK, time_in_force=taking)
    assert "outside" in (check(above, view(), LIMITS) or "")
